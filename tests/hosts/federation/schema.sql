-- Besides what the stand-in for Mastodon makes: of Mastodon's own tables some that the export has and some that it leaves out, with their columns,
-- indexes and references as in db/schema.rb, as far as the tests ask for them.
ALTER TABLE accounts
  ADD uri varchar NOT NULL DEFAULT '', ADD inbox_url varchar NOT NULL DEFAULT '', ADD display_name varchar NOT NULL DEFAULT '', ADD fields jsonb,
  ADD also_known_as varchar[], ADD name_length int GENERATED ALWAYS AS (length(username)) STORED,
  ALTER id SET DEFAULT timestamp_id('accounts');
ALTER TABLE statuses ALTER id SET DEFAULT timestamp_id('statuses');
ALTER TABLE follows ADD uri varchar, ADD languages varchar[];
CREATE UNIQUE INDEX index_follows_on_account_id_and_target_account_id ON follows (account_id, target_account_id);

CREATE TABLE invites (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE, code varchar NOT NULL UNIQUE);
ALTER TABLE users
  ADD encrypted_password varchar NOT NULL DEFAULT '', ADD otp_secret varchar, ADD otp_backup_codes varchar[],
  ADD invite_id bigint REFERENCES invites ON DELETE SET NULL, ADD created_by_application_id bigint REFERENCES oauth_applications ON DELETE SET NULL;
CREATE TABLE webauthn_credentials (
  id bigserial PRIMARY KEY, user_id bigint REFERENCES users ON DELETE CASCADE, external_id varchar NOT NULL UNIQUE, public_key varchar NOT NULL);

CREATE TABLE lists (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, title varchar NOT NULL);
CREATE TABLE list_accounts (
  id bigserial PRIMARY KEY, list_id bigint NOT NULL REFERENCES lists ON DELETE CASCADE, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  follow_id bigint REFERENCES follows ON DELETE CASCADE);
CREATE TABLE account_notes (
  id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  target_account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, comment text NOT NULL);
CREATE TABLE account_aliases (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, uri varchar NOT NULL);
CREATE TABLE account_migrations (
  id bigserial PRIMARY KEY, account_id bigint REFERENCES accounts ON DELETE CASCADE, target_account_id bigint REFERENCES accounts ON DELETE SET NULL);
CREATE TABLE canonical_email_blocks (
  id bigserial PRIMARY KEY, canonical_email_hash varchar NOT NULL UNIQUE, reference_account_id bigint REFERENCES accounts ON DELETE CASCADE);
CREATE TABLE email_domain_blocks (
  id bigserial PRIMARY KEY, domain varchar NOT NULL UNIQUE, parent_id bigint REFERENCES email_domain_blocks ON DELETE CASCADE);
CREATE TABLE settings (id bigserial PRIMARY KEY, var varchar NOT NULL UNIQUE, value text);
CREATE TABLE custom_emoji_categories (id bigserial PRIMARY KEY, name varchar);
CREATE TABLE custom_emojis (id bigserial PRIMARY KEY, shortcode varchar NOT NULL, domain varchar, category_id bigint);
ALTER TABLE custom_emoji_categories ADD featured_emoji_id bigint REFERENCES custom_emojis ON DELETE SET NULL;
CREATE TABLE tags (id bigserial PRIMARY KEY, name varchar NOT NULL);
CREATE TABLE tag_follows (
  id bigserial PRIMARY KEY, tag_id bigint NOT NULL REFERENCES tags ON DELETE CASCADE, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE);
CREATE TABLE featured_tags (LIKE tag_follows INCLUDING ALL);
ALTER TABLE featured_tags
  ADD FOREIGN KEY (tag_id) REFERENCES tags ON DELETE CASCADE, ADD FOREIGN KEY (account_id) REFERENCES accounts ON DELETE CASCADE;

CREATE TABLE notifications (
  id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  from_account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE);
CREATE TABLE collections (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts);
-- No release has it.
CREATE TABLE of_a_plugin (id bigserial PRIMARY KEY);
RESET ROLE;
