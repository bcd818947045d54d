/** Variables of Mastodon's processes. */
import type { Environment, EnvironmentValue } from "./compose";
import type { HostInputs, MastodonSecrets } from "./inputs";
import { PGBOUNCER_PORT } from "./pgbouncer";
import { DATABASE_NAME, DATABASE_USER } from "./postgres";
import { CACHE_REDIS_PORT, REDIS_PORT } from "./redis";

type Settings = HostInputs["settings"];

/**
 * The same in every process of a machine.
 *
 * @param databases where the databases are, seen from the machine's containers
 */
export function mastodonEnvironment(
  { settings, names, secrets }: Pick<HostInputs, "settings" | "names" | "secrets">,
  databases: EnvironmentValue,
): Environment {
  const { domain, webDomain, aws, extraEnv } = settings;
  return {
    ...Object.fromEntries(Object.entries(extraEnv).map(([name, value]) => [name, String(value)])),
    ...secrets.extraSecretEnv,
    LOCAL_DOMAIN: domain,
    ...(webDomain ? { WEB_DOMAIN: webDomain } : {}),
    SECRET_KEY_BASE: secrets.secretKeyBase,
    ...(secrets.otpSecret ? { OTP_SECRET: secrets.otpSecret } : {}),
    ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY: secrets.activeRecordEncryptionPrimaryKey,
    ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY: secrets.activeRecordEncryptionDeterministicKey,
    ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT: secrets.activeRecordEncryptionKeyDerivationSalt,
    VAPID_PRIVATE_KEY: secrets.vapidPrivateKey,
    VAPID_PUBLIC_KEY: secrets.vapidPublicKey,
    ...databaseEnvironment(secrets, databases),
    ...mailEnvironment(settings, secrets),
    S3_ENABLED: "true",
    S3_BUCKET: names.mediaBucket,
    S3_REGION: aws.region,
    S3_HOSTNAME: `s3.${aws.region}.amazonaws.com`,
    S3_ALIAS_HOST: names.media,
    // With any value, uploads to an owner-enforced bucket fail silently.
    S3_PERMISSION: "",
    AWS_ACCESS_KEY_ID: secrets.mediaAccessKeyId,
    AWS_SECRET_ACCESS_KEY: secrets.mediaSecretAccessKey,
  };
}

/**
 * No DB_POOL: each process sizes its pool by its threads. No DB_SSLMODE: streaming reads any other value as verified TLS. Redis by host,
 * port and password, not by URL: Mastodon then encodes the password itself (mastodon/mastodon:lib/mastodon/redis_configuration.rb).
 */
function databaseEnvironment(secrets: MastodonSecrets, databases: EnvironmentValue): Environment {
  return {
    DB_HOST: databases,
    DB_PORT: String(PGBOUNCER_PORT),
    DB_NAME: DATABASE_NAME,
    DB_USER: DATABASE_USER,
    DB_PASS: secrets.postgresPassword,
    // pgbouncer pools by transaction.
    PREPARED_STATEMENTS: "false",
    REDIS_HOST: databases,
    REDIS_PORT: String(REDIS_PORT),
    REDIS_PASSWORD: secrets.redisPassword,
    CACHE_REDIS_HOST: databases,
    CACHE_REDIS_PORT: String(CACHE_REDIS_PORT),
    CACHE_REDIS_PASSWORD: secrets.cacheRedisPassword,
  };
}

/** mastodon/mastodon:config/email.yml and lib/mastodon/email_configuration_helper.rb. */
function mailEnvironment({ mail, smtp, domain }: Settings, secrets: MastodonSecrets): Environment {
  const from = { SMTP_FROM_ADDRESS: smtp.from || `notifications@${domain}` };
  // Writes mail into files in the container, which disappear with it. `test` would keep every mail in memory, and without a server each
  // would be retried.
  if (mail === "none") return { ...from, SMTP_DELIVERY_METHOD: "file" };
  return {
    ...from,
    SMTP_SERVER: smtp.server,
    SMTP_PORT: String(smtp.port),
    ...(smtp.login ? { SMTP_LOGIN: smtp.login } : {}),
    ...(smtp.login && secrets.smtpPassword ? { SMTP_PASSWORD: secrets.smtpPassword } : {}),
    SMTP_AUTH_METHOD: smtp.login ? smtp.authMethod : "none",
    // `always`: an attacker in the middle who hides STARTTLS gets no password.
    SMTP_ENABLE_STARTTLS: smtp.tls === "starttls" ? "always" : "never",
    SMTP_TLS: String(smtp.tls === "implicit"),
  };
}
