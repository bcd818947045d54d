/** Mastodon's containers as a compose file, from plain data. */
import { stringify } from "yaml";
import { leadingQueue, type SidekiqProcess, sidekiqArguments } from "../catalogue/queues";
import { CONTAINER_SWAP_MIB } from "../fleet/sizing/memory";
import type { Names } from "../settings/names";
import type { Settings } from "../settings/schema";
import type { MastodonSecrets } from "./inputs";

/** A text, whatever it contains, or a variable that compose fills in on the machine. */
export type EnvironmentValue = string | { variable: string };

export type Environment = Readonly<Record<string, EnvironmentValue>>;

export interface Service {
  image: "mastodon" | "mastodon-streaming";
  command: readonly string[];
  memoryMiB: number;
  /** In addition to the shared variables. */
  environment?: Environment;
  /** The shared variables that the program reads; all of them where absent. A secret that is not read is not given. */
  reads?: RegExp;
  /** Run in the container: exit 0 is healthy. */
  healthcheck: readonly string[];
  /** How long an answer to it may take, 30 s where absent: an unhealthy container is restarted, and a busy one is not to be. */
  healthTimeoutSeconds?: number;
  /** Not started with the others: for `mastodon-compose run`. */
  profile?: string;
  /** How long a stop may take before it is a kill. */
  stopGraceSeconds: number;
}

export interface ComposeProject {
  /** What the services share. */
  environment: Environment;
  services: Readonly<Record<string, Service>>;
}

/** Where the databases are, seen from a host's containers. */
export interface Wiring {
  databaseHost: EnvironmentValue;
  databasePort: number;
  redisHost: EnvironmentValue;
  redisPort: number;
  cacheRedisHost: EnvironmentValue;
  cacheRedisPort: number;
}

/** Of the database and of its owner. */
export const DATABASE_NAME = "mastodon";
export const DATABASE_USER = "mastodon";

/** pgbouncer, persistent Redis, cache Redis: what workers reach over the tailnet. */
export const PORTS = { pgbouncer: 6432, redis: 6379, cacheRedis: 6380 } as const;

/** UID and GID of both official images' user (sysusers-*.conf keep the UID free for it). */
const MASTODON_USER = "991:991";

/** What containers of Mastodon's get of the machine: a folder, not a file, whose next version would stay unseen. */
export const CONTAINER_FILES = "/usr/local/lib/mastodon-host/container";

/** Mastodon starts this in place of ffmpeg (mastodon/mastodon:config/initializers/ffmpeg.rb). */
const TRANSCODER = {
  environment: { FFMPEG_BINARY: `${CONTAINER_FILES}/ffmpeg` },
  volumes: [
    {
      type: "bind",
      source: CONTAINER_FILES,
      target: CONTAINER_FILES,
      read_only: true,
      bind: { create_host_path: false },
    },
  ],
};

/** First of the loopback ports that Sidekiq processes show their metrics on; one port each. */
const METRICS_PORT = 9400;

/** In the image's tmp folder from the end of Sidekiq's boot to its end (mastodon/mastodon:config/initializers/sidekiq.rb). */
const SIDEKIQ_READY_FILENAME = "sidekiq_process_has_started_and_will_begin_processing_jobs";

/** compose's own escape: it interpolates `$NAME` and `${NAME}` in every value, and reads `$$` as `$`. */
export const escapeDollars = (text: string): string => text.replaceAll("$", "$$$$");

const render = (value: EnvironmentValue): string =>
  typeof value === "string" ? escapeDollars(value) : `\${${value.variable}:-}`;

const renderAll = (environment: Environment) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, render(value)]));

/**
 * The text of compose.yaml; mode 0600, since it holds the secrets. They are no env_file because compose 2.26 strips
 * quotes there, interpolates and takes ` #` for a comment; as YAML strings with doubled `$` every value arrives as it is.
 */
export function composeYaml({ environment, services }: ComposeProject): string {
  const shared = renderAll(environment);
  const environmentOf = ({ environment: own = {}, image, reads }: Service) => ({
    ...(reads
      ? Object.fromEntries(Object.entries(shared).filter(([name]) => reads.test(name)))
      : { "<<": shared }),
    ...renderAll(own),
    ...(image === "mastodon" ? TRANSCODER.environment : {}),
  });
  const base = {
    network_mode: "host",
    // The images' own user. Said here too: root of a container on the host's network may ask the metadata service.
    user: MASTODON_USER,
    // containers.py restarts them. Docker itself would leave a container that ended with code 0, as streaming does on database
    // trouble (`on-failure`), or start all of them at boot, before anybody has looked whether they may run (`always`).
    restart: "no",
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    // The root file system stays writable: transcoding needs gigabytes in /tmp, and a tmpfs counts against mem_limit.
  };
  const project = {
    name: "mastodon",
    "x-environment": shared,
    "x-base": base,
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [
        name,
        {
          "<<": base,
          container_name: name,
          image: `ghcr.io/mastodon/${service.image}:\${MASTODON_VERSION:?}`,
          command: service.command.map(escapeDollars),
          environment: environmentOf(service),
          ...(service.image === "mastodon" ? { volumes: TRANSCODER.volumes } : {}),
          ...(service.profile ? { profiles: [service.profile] } : {}),
          mem_limit: `${service.memoryMiB}m`,
          // Both together. Without it Docker lets a container swap as much as its limit.
          memswap_limit: `${service.memoryMiB + CONTAINER_SWAP_MIB}m`,
          stop_grace_period: `${service.stopGraceSeconds}s`,
          healthcheck: {
            test: ["CMD", ...service.healthcheck.map(escapeDollars)],
            interval: "30s",
            timeout: `${service.healthTimeoutSeconds ?? 30}s`,
            retries: 4,
            start_period: "120s",
            start_interval: "5s",
          },
        },
      ]),
    ),
  };
  const text = stringify(project, {
    anchorPrefix: "shared",
    defaultKeyType: "PLAIN",
    defaultStringType: "QUOTE_DOUBLE",
    lineWidth: 0,
    version: "1.1",
  });
  // compose's parser refuses a control character, and folds YAML 1.1's further line breaks to a space even inside quotes
  // (seen with compose 2.26); written as escapes they arrive.
  return text.replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * One service for each Sidekiq process on a host, replicas apart: `sidekiq-LEADING_QUEUE-NUMBER`.
 *
 * @param memory limit of one replica of each process, in the processes' order
 */
export function sidekiqServices(
  processes: readonly SidekiqProcess[],
  memory: readonly { memoryMiB: number }[],
): Record<string, Service> {
  const replicas = processes.flatMap((process, i) => {
    const limit = memory[i];
    if (!limit) throw new Error(`Sidekiq process ${i} of ${processes.length} has no memory limit`);
    return Array.from({ length: process.replicas }, () => ({ process, memoryMiB: limit.memoryMiB }));
  });
  const numbers = new Map<string, number>();
  return Object.fromEntries(
    replicas.map(({ process, memoryMiB }, index) => {
      const queue = leadingQueue(process);
      const number = (numbers.get(queue) ?? 0) + 1;
      numbers.set(queue, number);
      return [`sidekiq-${queue}-${number}`, sidekiqService(process, memoryMiB, METRICS_PORT + index)];
    }),
  );
}

const sidekiqService = (process: SidekiqProcess, memoryMiB: number, metricsPort: number): Service => ({
  image: "mastodon",
  // A crash leaves the file, and a container that starts again keeps it: it would count as booted at once.
  command: [
    ...["sh", "-c", 'rm -f "tmp/$MASTODON_SIDEKIQ_READY_FILENAME" && exec "$@"', "sh"],
    ...["bundle", "exec", "sidekiq", ...sidekiqArguments(process)],
  ],
  memoryMiB,
  environment: {
    MASTODON_SIDEKIQ_READY_FILENAME: SIDEKIQ_READY_FILENAME,
    MASTODON_PROMETHEUS_EXPORTER_ENABLED: "true",
    // In the process itself, instead of in a separate collector.
    MASTODON_PROMETHEUS_EXPORTER_LOCAL: "true",
    MASTODON_PROMETHEUS_EXPORTER_HOST: "127.0.0.1",
    MASTODON_PROMETHEUS_EXPORTER_PORT: String(metricsPort),
    MASTODON_PROMETHEUS_EXPORTER_SIDEKIQ_DETAILED_METRICS: "true",
  },
  // Booted, and its own web server of metrics answers, whatever it answers: a process that hangs does not.
  healthcheck: [
    ...["sh", "-c"],
    `test -e "tmp/$MASTODON_SIDEKIQ_READY_FILENAME" && curl -sS --noproxy 127.0.0.1 -o /dev/null http://127.0.0.1:${metricsPort}/`,
  ],
  // 25 threads that all compute hand Ruby's lock around, and each of the few steps of an answer waits for 2.5 s of theirs.
  healthTimeoutSeconds: 60,
  // Sidekiq lets jobs finish for 25 s after TERM and then pushes them back; Docker's default is to kill after 10 s.
  stopGraceSeconds: 40,
});

/** Mastodon's variables that are the same in every process of a host. */
export function mastodonEnvironment(
  settings: Settings,
  names: Names,
  secrets: MastodonSecrets,
  wiring: Wiring,
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
    ...databaseEnvironment(secrets, wiring),
    ...mailEnvironment(settings, secrets),
    S3_ENABLED: "true",
    S3_BUCKET: names.mediaBucket,
    S3_REGION: aws.region,
    S3_HOSTNAME: `s3.${aws.region}.amazonaws.com`,
    S3_ALIAS_HOST: names.media,
    // Any value makes uploads to an owner-enforced bucket fail silently.
    S3_PERMISSION: "",
    AWS_ACCESS_KEY_ID: secrets.mediaAccessKeyId,
    AWS_SECRET_ACCESS_KEY: secrets.mediaSecretAccessKey,
  };
}

/**
 * No DB_POOL: each process sizes its pool by its threads. No DB_SSLMODE: streaming takes any other value for verified TLS.
 * Redis by host, port and password and not by URL: Mastodon encodes the password itself then
 * (mastodon/mastodon:lib/mastodon/redis_configuration.rb).
 */
function databaseEnvironment(secrets: MastodonSecrets, wiring: Wiring): Environment {
  return {
    DB_HOST: wiring.databaseHost,
    DB_PORT: String(wiring.databasePort),
    DB_NAME: DATABASE_NAME,
    DB_USER: DATABASE_USER,
    DB_PASS: secrets.postgresPassword,
    // pgbouncer pools by transaction.
    PREPARED_STATEMENTS: "false",
    REDIS_HOST: wiring.redisHost,
    REDIS_PORT: String(wiring.redisPort),
    REDIS_PASSWORD: secrets.redisPassword,
    CACHE_REDIS_HOST: wiring.cacheRedisHost,
    CACHE_REDIS_PORT: String(wiring.cacheRedisPort),
    CACHE_REDIS_PASSWORD: secrets.cacheRedisPassword,
  };
}

/** mastodon/mastodon:config/email.yml and lib/mastodon/email_configuration_helper.rb. */
function mailEnvironment({ mail, smtp, domain }: Settings, secrets: MastodonSecrets): Environment {
  const from = { SMTP_FROM_ADDRESS: smtp.from || `notifications@${domain}` };
  // Into files of the container, gone with it: `test` keeps every mail in memory, and without a server each is retried.
  if (mail === "none") return { ...from, SMTP_DELIVERY_METHOD: "file" };
  return {
    ...from,
    SMTP_SERVER: smtp.server,
    SMTP_PORT: String(smtp.port),
    ...(smtp.login ? { SMTP_LOGIN: smtp.login } : {}),
    ...(smtp.login && secrets.smtpPassword ? { SMTP_PASSWORD: secrets.smtpPassword } : {}),
    SMTP_AUTH_METHOD: smtp.login ? smtp.authMethod : "none",
    // `always`: a server in the middle that hides STARTTLS gets no password.
    SMTP_ENABLE_STARTTLS: smtp.tls === "starttls" ? "always" : "never",
    SMTP_TLS: String(smtp.tls === "implicit"),
  };
}
