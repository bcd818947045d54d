/** Variables of Mastodon that the program sets, and what to do instead of setting them. */

const MANAGED_VARIABLES: readonly [RegExp, string][] = [
  [/^LOCAL_DOMAIN$/, "set `domain`"],
  [/^WEB_DOMAIN$/, "set `webDomain`"],
  [/^SMTP_/, "set `smtp`"],
  [/^S3_|^AWS_/, "set `media` and `aws`"],
  [/^WEB_CONCURRENCY$|^MAX_THREADS$/, "set `main.web`"],
  [/^DB_POOL$/, "leave it out: each process sizes its own pool by its threads"],
  [/^DB_|^DATABASE_URL$|^PREPARED_STATEMENTS$/, "leave it out: the program wires the database"],
  [
    /^REDIS_|^CACHE_REDIS_|^SIDEKIQ_REDIS_/,
    "leave it out: the program wires Redis (and Mastodon refuses REDIS_NAMESPACE)",
  ],
  [
    /^SECRET_KEY_BASE$|^OTP_SECRET$|^ACTIVE_RECORD_ENCRYPTION_|^VAPID_/,
    "set the secret of that name with pulumi config set --secret",
  ],
  [
    /^BIND$|^PORT$|^SOCKET$|^MALLOC_CONF$|^LD_PRELOAD$|^RAILS_ENV$|^NODE_ENV$|^TRUSTED_PROXY_IP$/,
    "leave it out: the program or the image sets it",
  ],
  [/^FFMPEG_BINARY$/, "leave it out: the program gives ffmpeg to the kernel first where memory runs out"],
  [/^MASTODON_PROMETHEUS_EXPORTER_/, "leave it out: the program gives each process its own port"],
];

/** What to do instead of setting the variable; undefined where it is free. */
export function managedVariable(name: string): string | undefined {
  return MANAGED_VARIABLES.find(([pattern]) => pattern.test(name))?.[1];
}
