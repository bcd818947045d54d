/**
 * Variables of Mastodon that `extraEnv` may not set, or is warned of: those that compose.yaml sets, those that would break what it
 * connects, and those that few want. All others are passed on. What Mastodon reads: mastodon/mastodon:config (puma.rb, email.yml,
 * initializers/paperclip.rb, initializers/1_hosts.rb, initializers/trusted_proxies.rb), lib/mastodon/redis_configuration.rb, streaming.
 */

const SECRET = "set the secret of that name with pulumi config set --secret";
const DATABASE = "leave it out: the program sets up the database";
const REDIS = "leave it out: the program sets up Redis (and Mastodon refuses REDIS_NAMESPACE)";
const METRICS = "leave it out: the program gives each process its own port";
const PROGRAM = "leave it out: the program sets it for each process";

/** By name: what compose.yaml sets for some process, and what to do instead. A test compares it with what is rendered. */
const SET: Readonly<Record<string, string>> = {
  LOCAL_DOMAIN: "set `domain`",
  WEB_DOMAIN: "set `webDomain`",
  ...only("set `smtp`", "SMTP_SERVER SMTP_PORT SMTP_LOGIN SMTP_PASSWORD SMTP_FROM_ADDRESS"),
  ...only("set `smtp`", "SMTP_AUTH_METHOD SMTP_ENABLE_STARTTLS SMTP_TLS SMTP_DELIVERY_METHOD"),
  ...only("set `media` and `aws`", "S3_ENABLED S3_BUCKET S3_REGION S3_HOSTNAME S3_ALIAS_HOST S3_PERMISSION"),
  ...only("set `media` and `aws`", "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
  ...only("set `main.web`", "WEB_CONCURRENCY MAX_THREADS"),
  ...only(DATABASE, "DB_HOST DB_PORT DB_NAME DB_USER DB_PASS PREPARED_STATEMENTS"),
  ...only(REDIS, "REDIS_HOST REDIS_PORT REDIS_PASSWORD"),
  ...only(REDIS, "CACHE_REDIS_HOST CACHE_REDIS_PORT CACHE_REDIS_PASSWORD"),
  ...only(SECRET, "SECRET_KEY_BASE OTP_SECRET VAPID_PRIVATE_KEY VAPID_PUBLIC_KEY"),
  ...only(SECRET, "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY"),
  ...only(SECRET, "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT"),
  ...only(METRICS, "MASTODON_PROMETHEUS_EXPORTER_ENABLED MASTODON_PROMETHEUS_EXPORTER_LOCAL"),
  ...only(METRICS, "MASTODON_PROMETHEUS_EXPORTER_HOST MASTODON_PROMETHEUS_EXPORTER_PORT"),
  ...only(METRICS, "MASTODON_PROMETHEUS_EXPORTER_SIDEKIQ_DETAILED_METRICS"),
  FFMPEG_BINARY: "leave it out: the program uses it so that the kernel kills ffmpeg first if memory runs out",
  ...only(PROGRAM, "BIND PORT MASTODON_SIDEKIQ_READY_FILENAME"),
};

function only(instead: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(" ").map((name) => [name, instead]));
}

/** What cannot work here, and why. */
const BREAKS: readonly [RegExp, string][] = [
  [/^DB_POOL$/, "each process sizes its own pool by its threads"],
  [/^DATABASE_URL$/, "it would replace the database that the program sets up"],
  [/^DB_SSLMODE$/, "Postgres and pgbouncer have no TLS; workers reach them inside the tailnet"],
  [
    /^(CACHE_|SIDEKIQ_)?REDIS_(URL|HOST|PORT|DB|USER|USERNAME|PASSWORD|NAMESPACE|SENTINEL\w*)$/,
    "it would replace the Redis that the program sets up (and Mastodon refuses REDIS_NAMESPACE)",
  ],
  [
    /^S3_(ENDPOINT|PROTOCOL|CLOUDFRONT_HOST|OVERRIDE_PATH_STYLE|KEY_PREFIX|SIGNATURE_VERSION)$/,
    "the media bucket, its policy and main's cache work only with the addresses that the program sets",
  ],
  [
    /^AWS_(SESSION_TOKEN|PROFILE|REGION|DEFAULT_REGION|ENDPOINT_URL\w*|SHARED_CREDENTIALS_FILE|CONFIG_FILE)$/,
    "the machines use the key and the region that the program sets",
  ],
  [/^SMTP_(SSL|ENABLE_STARTTLS_AUTO)$/, "it would contradict `smtp.tls` and `smtp.port`"],
  [/^SOCKET$|^PROXY_PROTO_V1$/, "nginx reaches web and streaming over HTTP on their ports"],
  [/^RAILS_SERVE_STATIC_FILES$/, "nginx serves no static files here; Rails does, as the image sets it up"],
  [
    /^(PATH|HOME|LD_\w+|MALLOC_\w+|RAILS_ENV|RACK_ENV|NODE_ENV|NODE_PATH|NODE_OPTIONS|RUBYOPT|RUBYLIB|GEM_\w+|BUNDLE_\w+)$/,
    "the image sets it for its own programs",
  ],
];

/** Variables with an effect that few want, and that effect; undefined if the value is harmless. */
const WARNS: Readonly<Record<string, (value: string) => string | undefined>> = {
  SELF_DESTRUCT: () =>
    "Mastodon tells every server to delete all accounts of this instance, which cannot be undone",
  ALTERNATE_DOMAINS: () =>
    "nginx and the certificate cover only the web and the media domain; each of these domains needs a separate web server that redirects /.well-known/webfinger here",
  PERSISTENT_TIMEOUT: () => "it has no effect: nginx opens a connection to web for each request",
  TRUSTED_PROXY_IP: (value) =>
    /(^|[\s,])127\.0\.0\.(1|0\/\d+)([\s,]|$)/.test(value)
      ? undefined
      : "without 127.0.0.1 Mastodon treats nginx as the client, so rate limits and bans hit everybody at once",
  SKIP_POST_DEPLOYMENT_MIGRATIONS: () =>
    "the second half of each release's migrations is skipped, and a later release needs it",
  STREAMING_API_BASE_URL: () => "streaming is served under the web domain only",
};

/** Why a variable may not be set; undefined if it may. */
export function refusedVariable(name: string): string | undefined {
  if (Object.hasOwn(SET, name)) return `is set by the program; ${SET[name]}`;
  const breaks = BREAKS.find(([pattern]) => pattern.test(name))?.[1];
  return breaks && `cannot be set: ${breaks}; remove it`;
}

/** A warning about a variable that may be set; undefined if there is none. */
export function variableWarning(name: string, value: string): string | undefined {
  return Object.hasOwn(WARNS, name) ? WARNS[name]?.(value) : undefined;
}

/** Names that compose.yaml always sets. */
export const SET_VARIABLES: readonly string[] = Object.keys(SET);
