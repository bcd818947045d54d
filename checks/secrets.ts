/** What is wrong with the secrets that the user sets. */
import { createECDH } from "node:crypto";
import { hasWorkerAccount } from "../settings/fleet";
import { refusedVariable } from "../settings/managedVariables";
import type { Problem } from "../settings/problem";
import type { Settings } from "../settings/schema";
import { shown, shownName } from "../settings/schema/shown";
import { secretKind } from "../settings/secretKinds";
import { missingSecrets, SECRET_NAMES, SECRETS, type SecretName, setCommand } from "../settings/secrets";

/**
 * What is wrong with the secrets that were set or should have been. The messages do not contain the values.
 *
 * @param isEncrypted whether the stack file holds that secret encrypted
 */
export function secretProblems(
  settings: Partial<Settings>,
  given: Readonly<Record<string, string>>,
  isEncrypted: (name: SecretName) => boolean,
): Problem[] {
  const problems: Problem[] = missingSecrets(settings, given).map((name) => ({
    key: name,
    message: `is missing (${SECRETS[name].description}); run: ${setCommand(name)}`,
  }));
  for (const name of SECRET_NAMES) {
    const { format } = SECRETS[name];
    const value = given[name];
    if (value && format && !format.pattern.test(value))
      problems.push({ key: name, message: `must be ${format.words}; run: ${setCommand(name)}` });
  }
  for (const name of SECRET_NAMES) {
    if (given[name] && !isEncrypted(name)) {
      problems.push({
        key: name,
        message: `is in plain text in the stack file; revoke it if the file was shared, and run: ${setCommand(name)}`,
      });
    }
  }
  const { digitaloceanToken, digitaloceanWorkerToken, vapidPrivateKey, vapidPublicKey, extraSecretEnv } =
    given;
  if (hasWorkerAccount(settings) && digitaloceanToken && digitaloceanToken === digitaloceanWorkerToken) {
    problems.push({
      key: "digitaloceanWorkerToken",
      message: "is the same as digitaloceanToken; set the second account's token, or set workerAccount: same",
    });
  }
  if (settings.workerAccount === "same" && digitaloceanWorkerToken) {
    problems.push({
      key: "digitaloceanWorkerToken",
      message: "is set, but workerAccount is same; remove it, or set workerAccount: separate",
    });
  }
  if (settings.smtp && !settings.smtp.login && given.smtpPassword && settings.mail === "smtp")
    problems.push({
      key: "smtpPassword",
      message:
        "is set, but smtp.login is empty, so it is never used; write the login, or run: pulumi config rm smtpPassword",
    });
  return [
    ...problems,
    ...mistakenProblems(settings, given),
    ...vapidProblems(vapidPrivateKey, vapidPublicKey),
    ...extraProblems(settings, extraSecretEnv),
  ];
}

const TOKENS: readonly SecretName[] = [
  "digitaloceanToken",
  "digitaloceanWorkerToken",
  "tailscaleOauthClientSecret",
];

/** Swapped tokens, and the secret of another client: their formats reveal both. */
function mistakenProblems(
  { tailnet }: Partial<Settings>,
  given: Readonly<Record<string, string>>,
): Problem[] {
  const problems = TOKENS.flatMap((name): Problem[] => {
    const kind = secretKind(given[name] ?? "", name);
    const isTailscale = name === "tailscaleOauthClientSecret";
    const isRight = isTailscale ? kind?.secret === name : kind?.secret === "digitaloceanToken";
    return !kind || isRight || !/^(tskey-|do[opr]_v1_)/.test(given[name] ?? "")
      ? []
      : [
          {
            key: name,
            message: `is ${kind.what}; it takes ${SECRETS[name].description}. Run: ${setCommand(name)}`,
          },
        ];
  });
  const [, id] = /^tskey-client-([A-Za-z\d]+CNTRL)-/.exec(given.tailscaleOauthClientSecret ?? "") ?? [];
  if (id && tailnet && tailnet.oauthClientId !== id)
    problems.push({
      key: "tailscaleOauthClientSecret",
      message: `belongs to a different OAuth client; tailnet.oauthClientId is ${shown(tailnet.oauthClientId)}; take both from one client`,
    });
  return problems;
}

/** Reports nothing if one of the two has a wrong format: that is a separate problem. */
function vapidProblems(privateKey: string | undefined, publicKey: string | undefined): Problem[] {
  if (Boolean(privateKey) !== Boolean(publicKey)) {
    return [
      {
        key: privateKey ? "vapidPublicKey" : "vapidPrivateKey",
        message: "is missing; set both VAPID keys, or neither",
      },
    ];
  }
  if (!privateKey || !publicKey) return [];
  const formatted = hasFormat("vapidPrivateKey", privateKey) && hasFormat("vapidPublicKey", publicKey);
  if (!formatted || vapidMatches(privateKey, publicKey)) return [];
  return [
    {
      key: "vapidPublicKey",
      message: "does not match vapidPrivateKey; take both from the same .env.production",
    },
  ];
}

const hasFormat = (name: SecretName, value: string) => SECRETS[name].format?.pattern.test(value) ?? true;

function vapidMatches(privateKey: string, publicKey: string): boolean {
  try {
    const curve = createECDH("prime256v1");
    curve.setPrivateKey(Buffer.from(privateKey, "base64url"));
    return curve.getPublicKey("base64url") === publicKey.replace(/=+$/, "");
  } catch {
    // Not a key on the curve at all: the message is the same.
    return false;
  }
}

function extraProblems({ extraEnv = {} }: Partial<Settings>, json: string | undefined): Problem[] {
  if (!json || !hasFormat("extraSecretEnv", json)) return [];
  const variables = stringMap(json);
  if (!variables) {
    return [
      {
        key: "extraSecretEnv",
        message: 'must be a JSON object that maps variable names to strings, such as {"DEEPL_API_KEY": "…"}',
      },
    ];
  }
  return Object.keys(variables).flatMap((name) => {
    const key = `extraSecretEnv.${shownName(name)}`;
    const message = refusedVariable(name);
    if (message) return [{ key, message }];
    return Object.hasOwn(extraEnv, name) ? [{ key, message: "is also in extraEnv; remove one of them" }] : [];
  });
}

/** undefined if the text is not a JSON object that maps variable names to strings. */
function stringMap(json: string): Record<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const isMap =
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      Object.entries(value).every(([k, v]) => /^[A-Z][A-Z0-9_]*$/.test(k) && typeof v === "string");
    return isMap ? (value as Record<string, string>) : undefined;
  } catch {
    return undefined;
  }
}
