/** Things to know about a stack that stop nobody. */
import type { Settings } from "../config";
import { variableWarning } from "./managedVariables";

/** DigitalOcean blocks 25 for new accounts; the other two are reported so. */
const BLOCKED_MAIL_PORTS = [25, 465, 587];

export function settingWarnings(settings: Settings): string[] {
  const warnings: string[] = [];
  if (settings.mail === "smtp" && BLOCKED_MAIL_PORTS.includes(settings.smtp.port)) {
    warnings.push(
      `smtp.port: DigitalOcean blocks 25 for new accounts, and 465 and 587 are reported blocked too; most relays also listen on 2525.`,
    );
  }
  if (settings.readiness === "none") {
    warnings.push(
      "readiness: none: nothing waits for the machines, and changes do not reach the living main droplet. Set it to wait once you are on the tailnet.",
    );
  }
  if (!settings.protect)
    warnings.push("protect: false: pulumi destroy would delete the database, the secrets and the media.");
  if (settings.administratorKeys.length === 0) {
    warnings.push(
      "administratorKeys: empty: only the stack's own key and the console password open the machines.",
    );
  }
  for (const [name, value] of Object.entries(settings.extraEnv)) {
    const warning = variableWarning(name, String(value));
    if (warning) warnings.push(`extraEnv.${name}: ${warning}.`);
  }
  return warnings;
}

/** Names that no one can own (RFC 2606). */
const DOCUMENTATION_NAME = /(^|[.@])(example|test|invalid|localhost)$|(^|[.@])example\.(com|org|net)$/;

/** Values of the worked examples that a real instance replaces. */
export function exampleValues(settings: Settings): { key: string; value: string }[] {
  const values: [string, string, boolean][] = [
    ["domain", settings.domain, DOCUMENTATION_NAME.test(settings.domain)],
    ["owner.email", settings.owner.email, DOCUMENTATION_NAME.test(settings.owner.email)],
    ["smtp.server", settings.smtp.server, DOCUMENTATION_NAME.test(settings.smtp.server)],
    ["aws.accountId", settings.aws.accountId, settings.aws.accountId === "123456789012"],
    [
      "tailnet.oauthClientId",
      settings.tailnet.oauthClientId,
      /^kExample/.test(settings.tailnet.oauthClientId),
    ],
    ...settings.administratorKeys.map((key, i): [string, string, boolean] => [
      `administratorKeys[${i}]`,
      key,
      key.includes("ExampleExample"),
    ]),
  ];
  return values.filter(([, , isExample]) => isExample).map(([key, value]) => ({ key, value }));
}
