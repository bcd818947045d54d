-- Accounts 1 to 20 are this instance's. Of those elsewhere, 101 to 120 have to do with them, and 201 to 1000 do not.
INSERT INTO user_roles (id, name, position) VALUES (77, 'Gardener', 500);
INSERT INTO accounts (id, username, domain, private_key, public_key, uri, inbox_url, display_name, fields, also_known_as)
  SELECT i, CASE WHEN i <= 20 THEN 'local' ELSE 'Ünïcode_' END || i, CASE WHEN i > 20 THEN 'beispiel-ÄÖ.example' END,
    CASE WHEN i <= 20 THEN E'-----BEGIN RSA PRIVATE KEY-----\n' || md5(i::text) || E'\n\\.\n' || md5((-i)::text) || E'\t"\\\n' END, md5('public' || i),
    'https://example.org/ap/users/' || i, 'https://example.org/inbox/' || i, E'日本語 🐘 العربية "quoted" \\ back\tslash ' || i,
    jsonb_build_array(jsonb_build_object('name', E'a\nb', 'value', i)), ARRAY['https://old.example/' || i, 'with , and "']
  FROM generate_series(1, 1000) AS i WHERE i <= 20 OR i BETWEEN 101 AND 120 OR i > 200;
-- 101 is followed, 102 follows, 103 wants to follow, 104 is blocked, 105 blocks, 106 is muted, 1 has moved to 107, 108 is suspended, 109 silenced.
INSERT INTO follows (account_id, target_account_id, uri, languages) VALUES (1, 101, 'https://example.org/follows/1', '{de,en}'), (102, 2, NULL, NULL), (3, 4, NULL, NULL);
INSERT INTO follow_requests (account_id, target_account_id) VALUES (103, 3), (5, 110);
INSERT INTO blocks (account_id, target_account_id) VALUES (4, 104), (105, 5);
INSERT INTO mutes (account_id, target_account_id) VALUES (6, 106), (7, 111);
UPDATE accounts SET moved_to_account_id = 107 WHERE id = 1;
UPDATE accounts SET suspended_at = now() WHERE id = 108;
UPDATE accounts SET silenced_at = now() WHERE id = 109;
-- References to what stays out: 112 to 120 have no relation but these.
INSERT INTO follows (account_id, target_account_id) SELECT i % 20 + 1, i FROM generate_series(112, 120) AS i;
UPDATE accounts SET moved_to_account_id = 300 WHERE id = 101;
INSERT INTO domain_blocks (domain) VALUES ('bad.example');
INSERT INTO accounts (id, username, domain, suspended_at) VALUES (1001, 'bad', 'bad.example', now());

INSERT INTO oauth_applications (id, name) VALUES (900, 'an app');
INSERT INTO users (id, account_id, email, role_id, confirmed_at, encrypted_password, otp_secret, otp_backup_codes, created_by_application_id)
  SELECT i + 5000, i, 'person' || i || '@example.org', CASE i WHEN 1 THEN 77 END, now(), '$2a$10$' || md5('password' || i), '{"p":"' || md5('otp' || i) || '"}',
    ARRAY['$2a$10$a', E'b\\'], 900 FROM generate_series(1, 20) AS i;
INSERT INTO oauth_access_tokens (token, created_at, application_id, resource_owner_id) VALUES ('a token', now(), 900, 5001);
-- Each refers to the other.
INSERT INTO invites (id, user_id, code) VALUES (31, 5001, 'come'), (32, 5002, 'in');
UPDATE users SET invite_id = 31 WHERE id = 5002;
UPDATE users SET invite_id = 32 WHERE id = 5001;
INSERT INTO webauthn_credentials (user_id, external_id, public_key) VALUES (5003, 'a key', 'public');
INSERT INTO lists (id, account_id, title) VALUES (41, 1, 'friends');
INSERT INTO list_accounts (list_id, account_id, follow_id) SELECT 41, 101, id FROM follows WHERE target_account_id = 101;
INSERT INTO account_notes (account_id, target_account_id, comment) VALUES (1, 101, 'a friend'), (1, 500, 'nobody that is kept');
INSERT INTO account_aliases (account_id, uri) VALUES (2, 'https://old.example/2');
INSERT INTO account_migrations (account_id, target_account_id) VALUES (1, 107), (8, 501);
INSERT INTO canonical_email_blocks (canonical_email_hash, reference_account_id) VALUES ('one', 1), ('two', 502);
INSERT INTO email_domain_blocks (id, domain, parent_id) VALUES (51, 'mail.example', NULL), (50, 'mx.mail.example', 51);
INSERT INTO settings (var, value) VALUES ('site_title', E'--- "Garten\\nZwerge"\n');
INSERT INTO custom_emojis (id, shortcode, domain, category_id) VALUES (61, 'own', NULL, 71), (62, 'copy', 'elsewhere.example', NULL);
INSERT INTO custom_emoji_categories (id, name, featured_emoji_id) VALUES (71, 'ours', 61), (72, 'copied', 62);
INSERT INTO tags (id, name) VALUES (81, 'followed'), (82, 'featured'), (83, 'only used');
INSERT INTO tag_follows (tag_id, account_id) VALUES (81, 1);
INSERT INTO featured_tags (id, tag_id, account_id) VALUES (1, 82, 2), (2, 83, 503);
INSERT INTO statuses (account_id, text, local) SELECT i % 20 + 1, 'Toot №' || i, true FROM generate_series(1, 2000) AS i;
INSERT INTO notifications (account_id, from_account_id) VALUES (1, 101);
INSERT INTO collections (account_id) VALUES (1);
SELECT setval('accounts_id_seq', 4711), setval('follows_id_seq', 90000) \g /dev/null
