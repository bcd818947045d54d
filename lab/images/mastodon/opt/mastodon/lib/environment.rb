# frozen_string_literal: true

# The variables that Mastodon 4.7 reads at start, held to the form that it needs: a missing or malformed one ends the
# process, where the real program would fail at the first job that uses it.
module Environment
  ANY = /\A.+\z/m
  PORT = /\A\d{2,5}\z/
  HOST = /\A[a-z0-9-]+(\.[a-z0-9-]+)+\z/
  RULES = {
    "LOCAL_DOMAIN" => /\A[a-z0-9.-]+\.[a-z0-9-]+\z/,
    "SECRET_KEY_BASE" => /\A\h{128}\z/,
    "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY" => /\A[A-Za-z0-9]{32}\z/,
    "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY" => /\A[A-Za-z0-9]{32}\z/,
    "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT" => /\A[A-Za-z0-9]{32}\z/,
    "VAPID_PRIVATE_KEY" => /\A[A-Za-z0-9_-]{43}=\z/,
    "VAPID_PUBLIC_KEY" => /\A[A-Za-z0-9_-]{87}=\z/,
    "DB_HOST" => ANY, "DB_PORT" => PORT, "DB_NAME" => ANY, "DB_USER" => ANY, "DB_PASS" => ANY,
    "REDIS_HOST" => ANY, "REDIS_PORT" => PORT, "REDIS_PASSWORD" => ANY,
    "CACHE_REDIS_HOST" => ANY, "CACHE_REDIS_PORT" => PORT, "CACHE_REDIS_PASSWORD" => ANY,
    "S3_ENABLED" => /\Atrue\z/, "S3_BUCKET" => /\A[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z/, "S3_REGION" => /\A[a-z]{2}(-[a-z]+)+-\d\z/,
    # Without a protocol: Mastodon puts its own in front.
    "S3_HOSTNAME" => HOST, "S3_ALIAS_HOST" => HOST,
    "AWS_ACCESS_KEY_ID" => /\A\S{16,128}\z/, "AWS_SECRET_ACCESS_KEY" => /\A\S+\z/,
    # Anything but empty makes uploads to an owner-enforced bucket fail unnoticed.
    "S3_PERMISSION" => /\A\z/,
    # pgbouncer pools by transaction.
    "PREPARED_STATEMENTS" => /\Afalse\z/,
    "SMTP_FROM_ADDRESS" => /@/,
  }.freeze
  # Where mail goes to a relay.
  SMTP = {
    "SMTP_SERVER" => HOST, "SMTP_PORT" => PORT,
    "SMTP_AUTH_METHOD" => /\A(none|plain|login|cram_md5)\z/,
    "SMTP_ENABLE_STARTTLS" => /\A(always|never|auto)\z/,
    "SMTP_TLS" => /\A(true|false)\z/,
  }.freeze
  LOGIN = { "SMTP_LOGIN" => ANY, "SMTP_PASSWORD" => ANY }.freeze
  # Each process sizes its pool by its threads; a namespace makes Mastodon 4 abort.
  FORBIDDEN = %w[DB_POOL REDIS_NAMESPACE].freeze

  # What the other variables ask for.
  def self.rules
    return RULES if ENV["SMTP_DELIVERY_METHOD"] == "file"

    { **RULES, **SMTP, **(ENV["SMTP_AUTH_METHOD"] == "none" ? {} : LOGIN) }
  end

  def self.check!
    wrong = rules.reject { |name, form| ENV.key?(name) && form.match?(ENV[name]) }.keys
    forbidden = FORBIDDEN.select { |name| ENV.key?(name) }
    return if wrong.empty? && forbidden.empty?

    abort "environment: missing or malformed: #{wrong.join(", ")}; not to be set: #{forbidden.join(", ")}"
  end
end

Environment.check!
