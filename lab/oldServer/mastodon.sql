-- The database of an instance that moves in: of Mastodon's tables those that the look asks for, and those that the stand-in for Mastodon needs
-- on main. Its unique indexes are those of db/schema.rb.
CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
INSERT INTO schema_migrations VALUES ('20230907150100'), ('20260101000000'), ('20260901000000');
CREATE TABLE ar_internal_metadata (key varchar PRIMARY KEY, value varchar);
CREATE TABLE user_roles (id bigserial PRIMARY KEY, name varchar NOT NULL DEFAULT '', position int NOT NULL DEFAULT 0);
INSERT INTO user_roles VALUES (-99, '', 0), (3, 'Owner', 1000);

CREATE TABLE accounts (
  id bigserial PRIMARY KEY, username varchar NOT NULL DEFAULT '', domain varchar, actor_type varchar, private_key varchar,
  uri varchar NOT NULL DEFAULT '', display_name varchar NOT NULL DEFAULT '', avatar_file_name varchar, header_file_name varchar,
  moved_to_account_id bigint, silenced_at timestamp, suspended_at timestamp);
ALTER TABLE accounts ALTER id SET DEFAULT timestamp_id('accounts');
CREATE UNIQUE INDEX index_accounts_on_username_and_domain_lower ON accounts (lower(username), COALESCE(lower(domain), ''));
CREATE INDEX index_accounts_on_uri ON accounts (uri);
INSERT INTO accounts (id, username, actor_type, private_key) VALUES (-99, 'mastodon.internal', 'Application', 'a key');
INSERT INTO accounts (id, username, domain, uri, display_name, avatar_file_name)
  SELECT i, 'Ünïcode_' || i, CASE WHEN i % 10 > 0 THEN 'beispiel-ÄÖ.example' END, 'https://elsewhere.example/users/' || i,
    '日本語 🐘 العربية "quoted" ' || i, CASE WHEN i % 2 = 0 THEN 'avatar.png' END
  FROM generate_series(1, 2000) AS i;

CREATE TABLE users (
  id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, email varchar NOT NULL DEFAULT '',
  role_id bigint REFERENCES user_roles, confirmed_at timestamp, approved boolean NOT NULL DEFAULT true,
  confirmation_token varchar, reset_password_token varchar, current_sign_in_at timestamp);
CREATE UNIQUE INDEX index_users_on_email ON users (email);
CREATE UNIQUE INDEX index_users_on_confirmation_token ON users (confirmation_token);
CREATE UNIQUE INDEX index_users_on_reset_password_token ON users (reset_password_token text_pattern_ops) WHERE reset_password_token IS NOT NULL;
INSERT INTO users (account_id, email, role_id, confirmed_at, current_sign_in_at)
  SELECT i * 10, 'person' || i || '@example.org', CASE i WHEN 1 THEN 3 END, now(), now() - i * interval '1 day' FROM generate_series(1, 100) AS i;

CREATE TABLE conversations (id bigserial PRIMARY KEY, uri varchar);
CREATE UNIQUE INDEX index_conversations_on_uri ON conversations (uri text_pattern_ops) WHERE uri IS NOT NULL;
INSERT INTO conversations (uri) SELECT CASE WHEN i % 2 = 0 THEN 'tag:example.org,2020:' || i END FROM generate_series(1, 1000) AS i;

CREATE TABLE statuses (
  id bigserial PRIMARY KEY, account_id bigint REFERENCES accounts ON DELETE CASCADE, uri varchar, text text NOT NULL DEFAULT '',
  created_at timestamp NOT NULL DEFAULT now());
CREATE UNIQUE INDEX index_statuses_on_uri ON statuses (uri text_pattern_ops) WHERE uri IS NOT NULL;
INSERT INTO statuses (account_id, uri, text)
  SELECT 1 + i % 2000, CASE WHEN i % 10 > 0 THEN 'https://elsewhere.example/statuses/' || i END, 'Toot №' || i || ' — Straße, naïve, 🦣'
  FROM generate_series(1, 20000) AS i;

CREATE TABLE media_attachments (
  id bigserial PRIMARY KEY, status_id bigint REFERENCES statuses, file_file_name varchar, file_content_type varchar, file_file_size bigint,
  remote_url varchar NOT NULL DEFAULT '', shortcode varchar, processing int);
CREATE UNIQUE INDEX index_media_attachments_on_shortcode ON media_attachments (shortcode text_pattern_ops) WHERE shortcode IS NOT NULL;
INSERT INTO media_attachments (status_id, file_file_name, file_file_size, remote_url)
  SELECT i, 'picture.png', 100000, CASE WHEN i % 4 > 0 THEN 'https://elsewhere.example/media/' || i ELSE '' END FROM generate_series(1, 400) AS i;

CREATE TABLE tags (id bigserial PRIMARY KEY, name varchar NOT NULL DEFAULT '');
CREATE UNIQUE INDEX index_tags_on_name_lower_btree ON tags (lower(name) varchar_pattern_ops);
INSERT INTO tags (name) SELECT 'tag' || i FROM generate_series(1, 200) AS i;
CREATE TABLE custom_emojis (id bigserial PRIMARY KEY, shortcode varchar NOT NULL, domain varchar, image_file_name varchar);
CREATE UNIQUE INDEX index_custom_emojis_on_shortcode_and_domain ON custom_emojis (shortcode, domain);
INSERT INTO custom_emojis (shortcode, domain, image_file_name) SELECT 'emoji' || i, 'elsewhere.example', 'emoji.png' FROM generate_series(1, 50) AS i;
CREATE TABLE preview_cards (id bigserial PRIMARY KEY, url varchar NOT NULL, image_file_name varchar);
CREATE UNIQUE INDEX index_preview_cards_on_url ON preview_cards (url);
CREATE MATERIALIZED VIEW instances AS SELECT domain, count(*) AS accounts_count FROM accounts GROUP BY domain;

-- What else the stand-in for Mastodon asks for (lab/images/mastodon/opt/mastodon/lib/schema.rb).
CREATE TABLE oauth_applications (id bigserial PRIMARY KEY, name varchar NOT NULL, superapp boolean NOT NULL DEFAULT false);
INSERT INTO oauth_applications (name, superapp) VALUES ('Web', true);
CREATE TABLE oauth_access_tokens (
  id bigserial PRIMARY KEY, token varchar NOT NULL UNIQUE, scopes varchar, created_at timestamp NOT NULL, revoked_at timestamp,
  application_id bigint REFERENCES oauth_applications, resource_owner_id bigint REFERENCES users);
CREATE TABLE blocks (id bigserial PRIMARY KEY, account_id bigint NOT NULL, target_account_id bigint NOT NULL);
CREATE TABLE mutes (id bigserial PRIMARY KEY, account_id bigint NOT NULL, target_account_id bigint NOT NULL);
CREATE TABLE custom_filters (id bigserial PRIMARY KEY, account_id bigint NOT NULL, expires_at timestamp);
CREATE TABLE custom_filter_keywords (id bigserial PRIMARY KEY, custom_filter_id bigint NOT NULL, keyword text NOT NULL, whole_word boolean NOT NULL);
