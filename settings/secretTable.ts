/** The one list of a stack's secrets: flat keys, each read as a secret. What is generated, held and refused follows from it. */
import { hasWorkerAccount } from "./fleet";
import type { Settings } from "./schema";
import { staysInTailnet } from "./schema/remoteWrite";

export interface SecretSetting {
  description: string;
  /** Whether a stack with these settings cannot be deployed without it; if absent, the program generates the secret when it is not set. */
  requiredWhen?: (settings: Partial<Settings>) => boolean;
  /** The exact format of a secret that is set, with its description. */
  format?: { pattern: RegExp; words: string };
  /** A value of the right format that stands for one that cannot be read (`npm run plan` reads no secrets). */
  placeholder?: string;
  /** Machines whose files contain it; absent if only the program uses it. */
  on?: "every machine" | "main";
  /** What is generated once if it is not set: letters and digits, or bytes in hexadecimal; under that name in the state. */
  made?: { resource: string; letters: number } | { resource: string; bytes: number };
  /** A stack may work without it. */
  optional?: true;
  /** Who gives out another one at any time: the escrow file leaves it out. */
  reissuedBy?: string;
  /** What would be lost if it changed on a living stack: such a change is refused. */
  fixed?: string;
}

const hex128 = { pattern: /^[0-9a-f]{128}$/, words: "128 hexadecimal digits (rails secret)" };
const alphanumeric32 = {
  pattern: /^[A-Za-z0-9]{32,}$/,
  words: "at least 32 letters and digits (rails db:encryption:init)",
};
const token = { pattern: /^[\x21-\x7e]+$/, words: "the token alone, without spaces or line breaks" };
/**
 * Mastodon puts it into a URL and lets Addressable normalize that (lib/mastodon/redis_configuration.rb): `%41` would become `A`, while
 * Redis and streaming keep `%41`.
 */
const inRedisUrl = {
  pattern: /^(?!.*%[\da-fA-F]{2})[\x21-\x7e]{16,}$/,
  words:
    "at least 16 printable characters without spaces, and without % before two hexadecimal digits (Mastodon would decode that)",
};
const printable = { pattern: /^[\x21-\x7e]{16,}$/, words: "at least 16 printable characters without spaces" };
/** Alertmanager reads it from a file, and cuts off spaces at both ends. */
const trimmedLine = {
  pattern: /^[^\p{Cc}\s]([^\p{Cc}]*[^\p{Cc}\s])?$/u,
  words: "one line without control characters, and without spaces at its ends",
};
/** Prometheus reads it from a file, and cuts off spaces at both ends; a header takes no other characters. */
const credential = {
  pattern: /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/,
  words: "one line of ASCII characters, without spaces at its ends",
};
const webAddress = {
  pattern: /^https?:\/\/[\x21-\x7e]+$/,
  words: "an address that begins with https:// or http://",
};

export const table = {
  digitaloceanToken: {
    description: "API token of the main DigitalOcean account",
    requiredWhen: () => true,
    format: token,
    reissuedBy: "DigitalOcean",
  },
  digitaloceanWorkerToken: {
    description: "API token of the worker DigitalOcean account",
    requiredWhen: (settings) => hasWorkerAccount(settings),
    format: token,
    reissuedBy: "DigitalOcean",
  },
  tailscaleOauthClientSecret: {
    description: "Secret of the OAuth client `tailnet.oauthClientId`",
    requiredWhen: () => true,
    format: token,
    reissuedBy: "Tailscale",
  },
  smtpPassword: {
    description: "Password at the SMTP relay",
    requiredWhen: ({ mail, smtp }) => mail === "smtp" && smtp !== undefined && smtp.login !== "",
    format: { pattern: /^\P{Cc}+$/u, words: "one line without control characters" },
    on: "every machine",
    optional: true,
  },
  alertsSmtpPassword: {
    description: "Password at the relay for alarms, `alerts.smtp`",
    requiredWhen: ({ alerts }) =>
      alerts !== undefined && alerts.smtp.server !== "" && alerts.smtp.login !== "",
    format: trimmedLine,
    on: "main",
    optional: true,
  },
  alertsWebhookUrl: {
    description: "Address that alarms are sent to, in Alertmanager's JSON (`alerts.webhook`)",
    requiredWhen: ({ alerts }) => alerts?.webhook === true,
    format: webAddress,
    placeholder: "https://alarms.example.org/hook",
    on: "main",
    optional: true,
  },
  alertsHeartbeatUrl: {
    description: "Address of a dead man's switch, asked every minute (`alerts.heartbeat`)",
    requiredWhen: ({ alerts }) => alerts?.heartbeat === true,
    format: webAddress,
    placeholder: "https://heartbeat.example.org/ping",
    on: "main",
    optional: true,
  },
  remoteWritePassword: {
    description: "Password of `remoteWrite.username`, or a bearer token if that is empty",
    requiredWhen: ({ remoteWrite }) =>
      remoteWrite !== undefined &&
      remoteWrite.url !== "" &&
      (remoteWrite.username !== "" || !staysInTailnet(remoteWrite.url)),
    format: credential,
    on: "main",
    optional: true,
    reissuedBy: "the Prometheus that takes it",
  },
  secretKeyBase: {
    description: "SECRET_KEY_BASE of an adopted instance",
    format: hex128,
    placeholder: "0".repeat(128),
    on: "every machine",
    made: { resource: "secret-key-base", bytes: 64 },
    fixed: "sessions and sign-in tokens would be lost",
  },
  otpSecret: {
    description: "OTP_SECRET of an adopted instance older than 4.4; needed by one migration",
    format: printable,
    on: "every machine",
    optional: true,
  },
  activeRecordEncryptionPrimaryKey: {
    description: "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY of an adopted instance",
    format: alphanumeric32,
    placeholder: "P".repeat(32),
    on: "every machine",
    made: { resource: "encryption-primary", letters: 32 },
    fixed: "encrypted columns would be unreadable",
  },
  activeRecordEncryptionDeterministicKey: {
    description: "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY of an adopted instance",
    format: alphanumeric32,
    placeholder: "D".repeat(32),
    on: "every machine",
    made: { resource: "encryption-deterministic", letters: 32 },
    fixed: "encrypted columns would be unreadable",
  },
  activeRecordEncryptionKeyDerivationSalt: {
    description: "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT of an adopted instance",
    format: alphanumeric32,
    placeholder: "S".repeat(32),
    on: "every machine",
    made: { resource: "encryption-salt", letters: 32 },
    fixed: "encrypted columns would be unreadable",
  },
  vapidPrivateKey: {
    description: "VAPID_PRIVATE_KEY of an adopted instance; together with `vapidPublicKey`",
    // Ruby's generator drops the number's leading zero bytes: one key in 256 has 31 bytes, and with `==` still 44 characters.
    format: { pattern: /^[A-Za-z0-9_-]{42}[A-Za-z0-9_=-]=$/, words: "44 characters of URL-safe base64" },
    // The number 1 and, below, the curve's generator: a matching pair that nobody would use.
    placeholder: `${"A".repeat(42)}E=`,
    on: "every machine",
    fixed: "nobody would get web push any more",
  },
  vapidPublicKey: {
    description: "VAPID_PUBLIC_KEY of an adopted instance; together with `vapidPrivateKey`",
    format: { pattern: /^B[A-Za-z0-9_-]{86}=$/, words: "88 characters of URL-safe base64" },
    placeholder: "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU=",
    on: "every machine",
    fixed: "nobody would get web push any more",
  },
  postgresPassword: {
    description: "Password of Mastodon's database role",
    format: printable,
    on: "every machine",
    made: { resource: "postgres", letters: 32 },
  },
  redisPassword: {
    description: "Password of the persistent Redis",
    format: inRedisUrl,
    on: "every machine",
    made: { resource: "redis", letters: 32 },
  },
  cacheRedisPassword: {
    description: "Password of the cache Redis",
    format: inRedisUrl,
    on: "every machine",
    made: { resource: "cache-redis", letters: 32 },
  },
  backupKey: {
    description: "Passphrase that encrypts the dumps and the copies of Redis. Keep a copy outside the stack",
    format: printable,
    on: "main",
    made: { resource: "backup", letters: 48 },
  },
  repositoryKey: {
    description: "Passphrase that encrypts the pgBackRest repository. Keep a copy outside the stack",
    format: printable,
    on: "main",
    made: { resource: "repository", letters: 48 },
    fixed: "existing backups would be unreadable",
  },
  consolePassword: {
    description: "root's password on the droplets' consoles; ssh never accepts it",
    format: printable,
    // People type this one at a console.
    on: "main",
    made: { resource: "console", letters: 24 },
  },
  extraSecretEnv: {
    description: "Additional secret environment variables for Mastodon",
    format: { pattern: /^\{[\s\S]*\}$/, words: 'a JSON object such as {"DEEPL_API_KEY": "…"}' },
    placeholder: "{}",
  },
} satisfies Record<string, SecretSetting>;
