/** Every secret of a stack: flat keys, each read as a secret. */
import { hasWorkerAccount } from "./fleet";
import type { Settings } from "./schema";

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
