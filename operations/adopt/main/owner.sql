-- Everything of Mastodon's belongs to mastodon, as after a restore of a dump. What belongs to an extension stays.
SET client_min_messages = warning;
ALTER SCHEMA public OWNER TO pg_database_owner;
SELECT format('ALTER TABLE %s OWNER TO mastodon', c.oid::regclass) FROM pg_class AS c
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'a', 'i')
    AND (d.deptype = 'e' OR c.relkind = 'S')) \gexec
SELECT format('ALTER ROUTINE %s OWNER TO mastodon', p.oid::regprocedure) FROM pg_proc AS p
WHERE pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') \gexec
SELECT format('ALTER TYPE %s OWNER TO mastodon', t.oid::regtype) FROM pg_type AS t
WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd', 'r')
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e') \gexec
