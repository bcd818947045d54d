-- The old cluster's roles and databases become those of a cluster that began on main: postgres and mastodon, and the one database.
-- In a container, the role that made the cluster often has another name, even mastodon.
SET client_min_messages = warning;
SELECT format('ALTER ROLE %I RENAME TO postgres', rolname) FROM pg_roles
WHERE oid = 10 AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'postgres') \gexec
ALTER ROLE postgres SUPERUSER LOGIN;
SELECT format('ALTER ROLE %I RENAME TO %I', rolname, 'old_' || rolname) FROM pg_roles WHERE oid = 10 AND rolname = 'mastodon' \gexec
SELECT 'CREATE ROLE mastodon' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mastodon') \gexec
-- Everybody else is known, and may not come in.
SELECT format('ALTER ROLE %I NOLOGIN', rolname) FROM pg_roles
WHERE rolname !~ '^pg_' AND rolname NOT IN ('postgres', 'mastodon', 'mastodon_moving') \gexec
SELECT format('ALTER ROLE %I RESET ALL', rolname) FROM pg_roles WHERE rolname !~ '^pg_' \gexec
ALTER ROLE mastodon LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
-- Other databases stay on the old server.
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
WHERE NOT datistemplate AND datname NOT IN ('postgres', :'database') \gexec
SELECT format('ALTER DATABASE %I RENAME TO mastodon', datname) FROM pg_database WHERE datname = :'database' AND datname <> 'mastodon' \gexec
ALTER DATABASE mastodon OWNER TO mastodon;
ALTER DATABASE mastodon RESET ALL;
SELECT 'CREATE DATABASE postgres OWNER postgres TEMPLATE template0' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'postgres') \gexec
