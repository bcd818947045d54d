/** Every secret of a stack: flat keys, each read as a secret. */
import { createECDH } from "node:crypto";
import type { Problem } from "../fleet/problem";
import { hasWorkerAccount } from "./fleet";
import { refusedVariable } from "./managedVariables";
import type { Settings } from "./schema";
import { shown, shownName } from "./schema/shown";
import { secretKind } from "./secretKinds";

export interface SecretSetting {
  description: string;
  /** Whether a stack with these settings cannot be deployed without it; absent: the program makes one where none is given. */
  requiredWhen?: (settings: Partial<Settings>) => boolean;
  /** The exact format of a given value, with the words for it. */
  format?: { pattern: RegExp; words: string };
  /** A value of the right format that stands for one that cannot be read (`npm run plan` reads no secret). */
  placeholder?: string;
}

const hex128 = { pattern: /^[0-9a-f]{128}$/, words: "128 hexadecimal digits (rails secret)" };
const alphanumeric32 = {
  pattern: /^[A-Za-z0-9]{32,}$/,
  words: "at least 32 letters and digits (rails db:encryption:init)",
};
const token = { pattern: /^[\x21-\x7e]+$/, words: "the token alone, without spaces or line breaks" };
/**
 * Mastodon puts it into a URL and lets Addressable normalize that (lib/mastodon/redis_configuration.rb): `%41` would be `A`, while
 * Redis and streaming keep `%41`.
 */
const inRedisUrl = {
  pattern: /^(?!.*%[\da-fA-F]{2})[\x21-\x7e]{16,}$/,
  words:
    "at least 16 printable characters without spaces, and without % before two hexadecimal digits (Mastodon would decode that)",
};
const printable = { pattern: /^[\x21-\x7e]{16,}$/, words: "at least 16 printable characters without spaces" };

const table = {
  digitaloceanToken: {
    description: "API token of the main DigitalOcean account",
    requiredWhen: () => true,
    format: token,
  },
  digitaloceanWorkerToken: {
    description: "API token of the worker DigitalOcean account",
    requiredWhen: (settings) => hasWorkerAccount(settings),
    format: token,
  },
  tailscaleOauthClientSecret: {
    description: "Secret of the OAuth client `tailnet.oauthClientId`",
    requiredWhen: () => true,
    format: token,
  },
  smtpPassword: {
    description: "Password at the SMTP relay",
    requiredWhen: ({ mail, smtp }) => mail === "smtp" && smtp !== undefined && smtp.login !== "",
    format: { pattern: /^\P{Cc}+$/u, words: "one line without control characters" },
  },
  secretKeyBase: {
    description: "SECRET_KEY_BASE of an adopted instance",
    format: hex128,
    placeholder: "0".repeat(128),
  },
  otpSecret: {
    description: "OTP_SECRET of an adopted instance older than 4.4; needed by one migration",
    format: printable,
  },
  activeRecordEncryptionPrimaryKey: {
    description: "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY of an adopted instance",
    format: alphanumeric32,
    placeholder: "P".repeat(32),
  },
  activeRecordEncryptionDeterministicKey: {
    description: "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY of an adopted instance",
    format: alphanumeric32,
    placeholder: "D".repeat(32),
  },
  activeRecordEncryptionKeyDerivationSalt: {
    description: "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT of an adopted instance",
    format: alphanumeric32,
    placeholder: "S".repeat(32),
  },
  vapidPrivateKey: {
    description: "VAPID_PRIVATE_KEY of an adopted instance; together with `vapidPublicKey`",
    format: { pattern: /^[A-Za-z0-9_-]{43}=$/, words: "44 characters of URL-safe base64" },
    // The number 1 and, below, the curve's generator: a pair that matches and that nobody would use.
    placeholder: `${"A".repeat(42)}E=`,
  },
  vapidPublicKey: {
    description: "VAPID_PUBLIC_KEY of an adopted instance; together with `vapidPrivateKey`",
    format: { pattern: /^B[A-Za-z0-9_-]{86}=$/, words: "88 characters of URL-safe base64" },
    placeholder: "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU=",
  },
  postgresPassword: { description: "Password of Mastodon's database role", format: printable },
  redisPassword: { description: "Password of the persistent Redis", format: inRedisUrl },
  cacheRedisPassword: { description: "Password of the cache Redis", format: inRedisUrl },
  backupKey: {
    description: "Passphrase that encrypts the nightly dumps. Keep a copy outside the stack",
    format: printable,
  },
  consolePassword: {
    description: "root's password on the droplets' consoles; ssh never accepts it",
    format: printable,
  },
  extraSecretEnv: {
    description: "Additional secret environment variables for Mastodon, as a JSON object",
    format: { pattern: /^\{[\s\S]*\}$/, words: 'a JSON object such as {"DEEPL_API_KEY": "…"}' },
    placeholder: "{}",
  },
} satisfies Record<string, SecretSetting>;

export type SecretName = keyof typeof table;
export const SECRETS: Readonly<Record<SecretName, SecretSetting>> = table;
export const SECRET_NAMES = Object.keys(table) as SecretName[];

/** Stands for a secret that is not given, or cannot be read, where nothing is deployed. */
export const placeholder = (name: SecretName) => SECRETS[name].placeholder ?? `[placeholder-for-${name}]`;

/** The command that sets a secret, for messages. */
export const setCommand = (name: SecretName) => `pulumi config set --secret ${name}`;

/** Secrets that this stack needs and does not have, in the table's order. */
export function missingSecrets(
  settings: Partial<Settings>,
  given: Readonly<Record<string, string>>,
): SecretName[] {
  return SECRET_NAMES.filter((name) => SECRETS[name].requiredWhen?.(settings) && !given[name]);
}

/**
 * What is wrong with the secrets that were given or should have been. The values stay out of the messages.
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

/** Tokens in each other's place, and the secret of another client: all of it shows in their own formats. */
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

/** Silent while one of the two has a wrong format, which is a problem of its own. */
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
    // Not a key of the curve at all: the message is the same.
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

/** undefined where the text is not a JSON object from names of variables to texts. */
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
