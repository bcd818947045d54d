-- Beside what the stand-in for Mastodon makes, what else a dump of Mastodon's own database has and could lose: a function,
-- defaults that use it, expression and full-text indexes, a materialized view, text in many scripts. The salt cannot be
-- compressed and makes the dump larger than one part of an upload.
ALTER TABLE accounts ADD display_name varchar NOT NULL DEFAULT '', ADD salt bytea;
ALTER TABLE accounts ALTER id SET DEFAULT timestamp_id('accounts');
CREATE INDEX search_index ON accounts
  USING gin ((setweight(to_tsvector('simple', display_name), 'A') || setweight(to_tsvector('simple', username), 'B')));
INSERT INTO accounts (id, username, domain, display_name, salt)
  SELECT i, 'Ünïcode_' || i, CASE WHEN i % 3 > 0 THEN 'beispiel-ÄÖ.example' END,
    E'日本語 \U0001F418 العربية "quoted" \\ back\tslash ' || i,
    (SELECT string_agg(uuid_send(gen_random_uuid()), '') FROM generate_series(1, 32 + i % 2))
  FROM generate_series(1, 20000) AS i;
INSERT INTO accounts (username, display_name) VALUES ('snowflake', 'its id is made by timestamp_id');

ALTER TABLE statuses DROP account_id;
ALTER TABLE statuses ADD account_id bigint REFERENCES accounts ON DELETE CASCADE;
CREATE INDEX index_statuses_on_account_id ON statuses (account_id, id DESC);
INSERT INTO statuses (account_id, text)
  SELECT i, 'Toot №' || i || E' — Straße, naïve, \U0001F9A3' FROM generate_series(1, 20000) AS i;

CREATE MATERIALIZED VIEW instances AS SELECT domain, count(*) AS accounts_count FROM accounts GROUP BY domain;
