# frozen_string_literal: true

require_relative "databases"
require_relative "keys"
require_relative "ledger"
require_relative "release"

# Of Mastodon's tables those, and of their columns those, that something here asks for, under Mastodon's names.
module Schema
  TABLES = [
    "CREATE TABLE IF NOT EXISTS user_roles (id bigserial PRIMARY KEY, name varchar NOT NULL DEFAULT '', position int NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS accounts (id bigserial PRIMARY KEY, username varchar NOT NULL, domain varchar, actor_type varchar, private_key varchar, public_key varchar NOT NULL DEFAULT '', " \
    "moved_to_account_id bigint REFERENCES accounts ON DELETE SET NULL, silenced_at timestamp, suspended_at timestamp)",
    "CREATE UNIQUE INDEX IF NOT EXISTS index_accounts_on_username_and_domain_lower ON accounts (lower(username), coalesce(lower(domain), ''))",
    "CREATE TABLE IF NOT EXISTS users (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, email varchar NOT NULL UNIQUE, " \
    "role_id bigint REFERENCES user_roles, confirmed_at timestamp, current_sign_in_at timestamp, approved boolean NOT NULL DEFAULT true)",
    "CREATE TABLE IF NOT EXISTS oauth_applications (id bigserial PRIMARY KEY, name varchar NOT NULL, superapp boolean NOT NULL DEFAULT false)",
    "CREATE TABLE IF NOT EXISTS oauth_access_tokens (id bigserial PRIMARY KEY, token varchar NOT NULL UNIQUE, scopes varchar, " \
    "created_at timestamp NOT NULL, revoked_at timestamp, application_id bigint REFERENCES oauth_applications, resource_owner_id bigint REFERENCES users)",
    "CREATE TABLE IF NOT EXISTS statuses (id bigserial PRIMARY KEY, account_id bigint REFERENCES accounts, text text NOT NULL, visibility int NOT NULL DEFAULT 0, " \
    "local boolean, created_at timestamp NOT NULL DEFAULT now())",
    "CREATE TABLE IF NOT EXISTS media_attachments (id bigserial PRIMARY KEY, file_file_name varchar, file_content_type varchar, processing int, " \
    "remote_url varchar NOT NULL DEFAULT '', file_file_size int, created_at timestamp NOT NULL DEFAULT now())",
    *%w[follows follow_requests blocks mutes].map do |name|
      "CREATE TABLE IF NOT EXISTS #{name} (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, " \
      "target_account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE)"
    end,
    "CREATE TABLE IF NOT EXISTS domain_blocks (id bigserial PRIMARY KEY, domain varchar NOT NULL DEFAULT '')",
    "CREATE TABLE IF NOT EXISTS custom_filters (id bigserial PRIMARY KEY, account_id bigint NOT NULL, expires_at timestamp)",
    "CREATE TABLE IF NOT EXISTS custom_filter_keywords (id bigserial PRIMARY KEY, custom_filter_id bigint NOT NULL, keyword text NOT NULL, whole_word boolean NOT NULL)",
    Ledger::SCHEMA,
  ].flatten.freeze

  # Of db/migrate and db/post_migrate, as Rails has them: a class in a file, whose name begins with the version.
  class Migration
    attr_accessor :version

    def self.of(path)
      load path
      version, name = File.basename(path, ".rb").split("_", 2)
      const_get(name.split("_").map(&:capitalize).join).new.tap { |migration| migration.version = version }
    end

    def name = self.class.name

    def execute(statement) = Databases.query(statement)
  end

  # config/initializers/0_post_deployment_migrations.rb: with the variable those are as if they did not exist.
  def self.migrations
    folders = ENV["SKIP_POST_DEPLOYMENT_MIGRATIONS"] ? %w[migrate] : %w[migrate post_migrate]
    folders.flat_map { |folder| Dir.glob(File.join(__dir__, "../db", folder, "*.rb")) }.map { |path| Migration.of(path) }
  end

  def self.pending
    done = Databases.query("SELECT version FROM schema_migrations").map { |row| row["version"] }
    migrations.reject { |migration| done.include?(migration.version) }.sort_by(&:version)
  end

  def self.migrate
    pending.each do |migration|
      puts "== #{migration.version} #{migration.name}: migrating"
      raise "StandardError: An error has occurred, all later migrations canceled" if ENV["STAND_IN_MIGRATION"] == "fails"

      migration.up
      Databases.query("INSERT INTO schema_migrations VALUES ($1)", [migration.version])
    end
  end

  # As ActiveRecord says it.
  def self.abort_if_pending
    waiting = pending
    return if waiting.empty?

    puts "You have #{waiting.size} pending #{waiting.size > 1 ? "migrations" : "migration"}:"
    waiting.each { |migration| puts format("  %4d %s", migration.version, migration.name) }
    abort "Run `bin/rails db:migrate` to update your database then try again."
  end

  # `db:prepare`: a database without this table gets the schema and then the seeds; every other one its migrations, and no seeds.
  def self.prepare
    fresh = Databases.query("SELECT to_regclass('schema_migrations') IS NULL AS fresh").first["fresh"] == "t"
    Databases.query("CREATE TABLE IF NOT EXISTS schema_migrations (version varchar PRIMARY KEY)")
    Databases.query("CREATE TABLE IF NOT EXISTS ar_internal_metadata (key varchar PRIMARY KEY, value varchar)")
    # Where it was done from, for whoever asks whether a pooler stood between.
    Databases.query("INSERT INTO ar_internal_metadata VALUES ('prepared_on', $1) ON CONFLICT (key) DO UPDATE SET value = $1",
                    ["#{ENV["DB_HOST"]}:#{ENV["DB_PORT"]}"])
    migrate
    seed if fresh
  end

  # db/seeds: the web application, the instance actor, the base role and the three of config/roles.yml. Once or twice is the same.
  def self.seed
    Databases.query("INSERT INTO oauth_applications (name, superapp) SELECT 'Web', true WHERE NOT EXISTS (SELECT 1 FROM oauth_applications WHERE superapp)")
    Databases.query("INSERT INTO accounts (id, username, actor_type) VALUES (-99, 'mastodon.internal', 'Application') ON CONFLICT (id) DO NOTHING")
    keep(*Keys.pair) if Databases.query("SELECT 1 FROM accounts WHERE id = -99 AND public_key = ''").any?
    Databases.query("INSERT INTO user_roles (id) VALUES (-99) ON CONFLICT (id) DO NOTHING")
    { "Moderator" => 10, "Admin" => 100, "Owner" => 1000 }.each do |name, position|
      Databases.query("INSERT INTO user_roles (name, position) SELECT $1::varchar, $2::int WHERE NOT EXISTS (SELECT 1 FROM user_roles WHERE name = $1)", [name, position])
    end
  end

  # The instance actor's keys, together.
  def self.keep(private_key, public_key)
    if Release::HAS_KEYPAIRS
      Databases.query("INSERT INTO keypairs VALUES (-99, $1) ON CONFLICT (account_id) DO UPDATE SET private_key = EXCLUDED.private_key", [private_key])
    else
      Databases.query("UPDATE accounts SET private_key = $1 WHERE id = -99", [private_key])
    end
    Databases.query("UPDATE accounts SET public_key = $1 WHERE id = -99", [public_key])
  end
end
