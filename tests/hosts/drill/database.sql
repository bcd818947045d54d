-- What tells a whole copy from one that is short: many rows in a table without ids, and keys that rows of other tables refer to.
SET ROLE mastodon;
CREATE TABLE bookmarks (account_id bigint NOT NULL REFERENCES accounts, status_id bigint NOT NULL REFERENCES statuses);
INSERT INTO bookmarks (account_id, status_id) SELECT account_id, id FROM statuses WHERE account_id IS NOT NULL ORDER BY id LIMIT 1250;
