-- Prints the export of accounts: text that psql restores, in one transaction, into an empty database of the same schema.
-- Variables: raise, by which sequences are higher afterwards; domain and release, for messages to whoever restores it elsewhere.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SET LOCAL client_encoding = 'UTF8';

CREATE TEMP TABLE exported ON COMMIT DROP AS
  SELECT name::name, rows FROM unnest('{@@EXPORTED@@}'::text[]) AS t (name) LEFT JOIN (VALUES @@ROWS@@) AS c (name, rows) USING (name);

-- Of a release that is not known here.
DO $$
DECLARE
  unknown text := (SELECT string_agg(relname, ', ') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND relname NOT IN (SELECT name FROM exported) AND relname <> ALL ('{@@LEFT_OUT@@}'));
  key bool := (SELECT to_jsonb(a) ->> 'private_key' <> '' FROM public.accounts AS a WHERE id = -99);
BEGIN
  IF unknown IS NOT NULL THEN
    RAISE WARNING 'not in it, because nobody has said yet whether they belong there: %', unknown;
  END IF;
  -- The instance's own account has a key from the beginning.
  IF key IS NOT TRUE AND to_regclass('public.keypairs') IS NOT NULL THEN
    EXECUTE 'SELECT count(*) > 0 FROM public.keypairs WHERE account_id = -99 AND private_key <> ''''' INTO key;
  END IF;
  IF key IS NOT TRUE THEN
    RAISE EXCEPTION 'the key of account -99 is neither in accounts nor in keypairs: this release keeps keys elsewhere';
  END IF;
END $$;
DELETE FROM exported WHERE to_regclass(format('public.%I', name)) IS NULL;

-- Accounts of this instance; those that one of them follows, is followed by, blocks, mutes or moved to, each also in the other direction; and
-- those that moderators act against one by one.
CREATE TEMP TABLE kept ON COMMIT DROP AS
  WITH own AS (SELECT id, moved_to_account_id FROM public.accounts WHERE domain IS NULL),
  related AS (
    SELECT account_id, target_account_id FROM public.follows UNION ALL
    SELECT account_id, target_account_id FROM public.follow_requests UNION ALL
    SELECT account_id, target_account_id FROM public.blocks UNION ALL
    SELECT account_id, target_account_id FROM public.mutes
  )
  SELECT id FROM own
  UNION SELECT moved_to_account_id FROM own WHERE moved_to_account_id IS NOT NULL
  UNION SELECT target_account_id FROM related WHERE account_id IN (SELECT id FROM own)
  UNION SELECT account_id FROM related WHERE target_account_id IN (SELECT id FROM own)
  UNION SELECT id FROM public.accounts AS a WHERE (silenced_at IS NOT NULL OR suspended_at IS NOT NULL)
    AND NOT EXISTS (SELECT FROM public.domain_blocks AS d WHERE d.domain = a.domain);
ANALYZE kept;

CREATE TEMP TABLE reference ON COMMIT DROP AS
  SELECT t.relname AS name, a.attname AS col, a.attnotnull AS required, r.relname AS target, b.attname AS target_column
  FROM pg_constraint AS c
    JOIN pg_class AS t ON t.oid = c.conrelid
    JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_class AS r ON r.oid = c.confrelid
    JOIN pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
  WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace;

-- Which rows of an exported table are exported: a condition on t, or `true`.
CREATE FUNCTION pg_temp.rows_of(asked name) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN coalesce((
    SELECT string_agg(condition, ' AND ') FROM (
      SELECT rows AS condition FROM exported WHERE name = asked AND rows IS NOT NULL
      UNION ALL
      SELECT pg_temp.target_of(r) FROM reference AS r WHERE name = asked AND required AND target <> asked
    ) AS conditions WHERE condition <> 'true'), 'true');
END $$;
-- When the target of a reference is exported: a condition on t, `true` or `false`.
CREATE FUNCTION pg_temp.target_of(r reference) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  condition text := pg_temp.rows_of(r.target);
BEGIN
  IF NOT EXISTS (SELECT FROM exported WHERE name = r.target) THEN RETURN 'false'; END IF;
  IF condition = 'true' THEN RETURN condition; END IF;
  RETURN format('t.%I IN (SELECT %I FROM public.%I AS t WHERE %s)', r.col, r.target_column, r.target, condition);
END $$;

SELECT format($text$-- Accounts of %1$s at %2$s: Mastodon %3$s, schema %4$s
\set ON_ERROR_STOP on
\set VERBOSITY terse
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
DO $guard$
BEGIN
  IF (SELECT max(version) FROM public.schema_migrations) <> '%4$s' THEN
    RAISE EXCEPTION 'the export is of Mastodon %3$s, schema %4$s, and this database has another one. Set mastodonVersion to that release, restore, then upgrade';
  END IF;
  IF EXISTS (SELECT FROM public.statuses) OR (SELECT count(*) FROM public.users) > 1 THEN
    RAISE EXCEPTION 'this instance is in use: it has posts, or more users than its owner';
  END IF;
END $guard$;
-- What refuses ends here.
CREATE TEMP TABLE deferred ON COMMIT DROP AS
  SELECT format('ALTER TABLE %%s ALTER CONSTRAINT %%I', conrelid::regclass, conname) AS command
  FROM pg_constraint WHERE contype = 'f' AND NOT condeferrable AND connamespace = 'public'::regnamespace;
SELECT command || ' DEFERRABLE INITIALLY DEFERRED' FROM deferred \gexec$text$,
  :'domain', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'), :'release', (SELECT max(version) FROM public.schema_migrations));

SELECT format('DELETE FROM public.%I;', name) FROM exported;

SELECT format('SELECT %L', format('COPY public.%I (%s) FROM stdin;', name, string_agg(format('%I', a.attname), ', ' ORDER BY attnum))),
  format('COPY (SELECT %s FROM public.%I AS t WHERE %s) TO STDOUT', string_agg(
    CASE condition
      WHEN 'true' THEN format('t.%I', a.attname)
      WHEN 'false' THEN 'NULL'
      ELSE format('CASE WHEN %s THEN t.%I END', condition, a.attname)
    END, ', ' ORDER BY attnum), name, pg_temp.rows_of(name)),
  'SELECT ''\.'''
FROM exported
  JOIN pg_attribute AS a ON a.attrelid = format('public.%I', name)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  CROSS JOIN LATERAL (SELECT coalesce((SELECT pg_temp.target_of(r) FROM reference AS r WHERE r.name = exported.name AND r.col = a.attname
    AND NOT required), 'true') AS condition) AS target
GROUP BY name ORDER BY name \gexec

SELECT $text$SET CONSTRAINTS ALL IMMEDIATE;
SELECT command || ' NOT DEFERRABLE' FROM deferred \gexec$text$;

-- Last, because a failed transaction does not take it back. Those of the other tables, too: other servers remember the numbers of posts.
SELECT format('SELECT setval(to_regclass(%L), %s);', format('public.%I', sequencename), least(max_value, last_value + :raise))
FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
ROLLBACK;
