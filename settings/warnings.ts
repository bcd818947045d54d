/** Warnings about a stack's settings. */

import { variableWarning } from "./managedVariables";
import { leavesOf } from "./plainValues";
import type { Settings } from "./schema";
import { nameAt } from "./schema/issues";

/** DigitalOcean blocks 25 for new accounts; users report the other two. */
const BLOCKED_MAIL_PORTS = [25, 465, 587];

export function settingWarnings(settings: Settings): string[] {
  const warnings: string[] = [];
  if (settings.mail === "smtp" && BLOCKED_MAIL_PORTS.includes(settings.smtp.port)) {
    warnings.push(
      `smtp.port: DigitalOcean blocks 25 for new accounts, and 465 and 587 are reported blocked too; most relays also listen on 2525.`,
    );
  }
  if (settings.mail === "smtp" && settings.smtp.tls === "none") {
    warnings.push(
      `smtp.tls: none: mail${settings.smtp.login ? " and the relay's password cross" : " crosses"} the network without encryption. Write starttls or implicit if the relay can.`,
    );
  }
  warnings.push(...alertWarnings(settings));
  if (settings.readiness === "none") {
    warnings.push(
      "readiness: none: nothing waits for the machines, main gets no watch, and changes do not reach the running main droplet. Set it to wait once you are on the tailnet.",
    );
  }
  if (!settings.protect)
    warnings.push("protect: false: pulumi destroy would delete the database, the secrets and the media.");
  if (settings.administratorKeys.length === 0) {
    warnings.push(
      "administratorKeys: empty: only the stack's own key and the console password give access to the machines.",
    );
  }
  if (settings.protect && settings.escrow.recipients.length === 0) {
    warnings.push(
      "escrow.recipients: empty: only the state holds the secrets without which no backup can be read and no account can sign. Write an age public key (docs/operations.md, “Keep what only the state holds”).",
    );
  }
  for (const [name, value] of Object.entries(settings.extraEnv)) {
    const warning = variableWarning(name, String(value));
    if (warning) warnings.push(`extraEnv.${name}: ${warning}.`);
  }
  return warnings;
}

function alertWarnings({ alerts, remoteWrite, main }: Settings): string[] {
  const heard = alerts.email.length > 0 || alerts.webhook;
  if (!main.watch) {
    const idle = [
      ...(heard || alerts.heartbeat ? ["alerts"] : []),
      ...(remoteWrite.url ? ["remoteWrite"] : []),
    ].join(" and ");
    const effect = idle ? `, so ${idle} ${idle.includes(" and ") ? "have" : "has"} no effect` : "";
    return [`main.watch: false: nothing is measured and no alarm is raised${effect}.`];
  }
  if (!heard) return ["alerts: nobody hears of alarms. Write alerts.email, or alerts.webhook: true."];
  if (alerts.email.length > 0 && !alerts.smtp.server && !alerts.webhook)
    return [
      "alerts.smtp: alarms go through the relay that Mastodon uses, so nobody hears when it refuses mail. Write another relay, or alerts.webhook: true.",
    ];
  return [];
}

/** What the examples and this program's messages contain in place of a user's own value. */
const EXAMPLES: readonly RegExp[] = [
  // Names that nobody can own (RFC 2606), alone, in an address or in a URL.
  /(^|[./@\s])(example|test|invalid|localhost)([:/>]|$)|(^|[./@\s])example\.(com|org|net)([:/>]|$)/i,
  // AWS' documentation uses these account numbers.
  /^(123456789012|111122223333|444455556666)$/,
  /^kExample|^kAbCdEfCNTRL$/,
  /^\S+ \S*ExampleExample/,
  /^age1(example)+/,
  /^(social-example-org|shop-example|small-example)-(media|backups)$/,
];
export const isExampleValue = (value: string) => EXAMPLES.some((pattern) => pattern.test(value));

/** Values of the examples that a real instance replaces, wherever they are. */
export function exampleValues(settings: Settings): { key: string; value: string }[] {
  return Object.entries(settings).flatMap(([name, value]) =>
    leavesOf(value).flatMap(({ path, value: leaf }) =>
      typeof leaf === "string" && isExampleValue(leaf) ? [{ key: nameAt(name, path), value: leaf }] : [],
    ),
  );
}
