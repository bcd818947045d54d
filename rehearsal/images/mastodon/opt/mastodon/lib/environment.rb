# frozen_string_literal: true

# The variables that Mastodon 4.7 reads at start, held to the form that it needs: a missing or malformed one ends the
# process, where the real program would fail at the first job that uses it.
module Environment
  ANY = /\A.+\z/m
  PORT = /\A\d{2,5}\z/
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
    "S3_ENABLED" => /\Atrue\z/, "S3_BUCKET" => ANY, "S3_REGION" => ANY, "S3_HOSTNAME" => ANY, "S3_ALIAS_HOST" => ANY,
    "AWS_ACCESS_KEY_ID" => ANY, "AWS_SECRET_ACCESS_KEY" => ANY,
    # Anything but empty makes uploads to an owner-enforced bucket fail unnoticed.
    "S3_PERMISSION" => /\A\z/,
    # pgbouncer pools by transaction.
    "PREPARED_STATEMENTS" => /\Afalse\z/,
    "SMTP_FROM_ADDRESS" => /@/,
  }.freeze
  # Each process sizes its pool by its threads; a namespace makes Mastodon 4 abort.
  FORBIDDEN = %w[DB_POOL REDIS_NAMESPACE].freeze

  def self.check!
    wrong = RULES.reject { |name, form| form.match?(ENV.fetch(name, "absent")) && ENV.key?(name) }.keys
    wrong << "SMTP_SERVER" unless ENV["SMTP_SERVER"] || ENV["SMTP_DELIVERY_METHOD"] == "file"
    forbidden = FORBIDDEN.select { |name| ENV.key?(name) }
    return if wrong.empty? && forbidden.empty?

    abort "environment: missing or malformed: #{wrong.join(", ")}; not to be set: #{forbidden.join(", ")}"
  end
end

Environment.check!
