-- The database as a whole, on any Postgres from 9.6 on: columns of later versions are asked for by name.
SELECT jsonb_build_object(
  'version', current_setting('server_version_num')::int, 'name', datname, 'bytes', pg_database_size(datname),
  'encoding', pg_encoding_to_char(encoding), 'collation', datcollate,
  'provider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'), 'collationVersion', to_jsonb(d) ->> 'datcollversion',
  'walLevel', current_setting('wal_level'), 'walSenders', current_setting('max_wal_senders')::int,
  'clusterBytes', pg_tablespace_size('pg_default'), 'tablespaces', (SELECT count(*) - 2 FROM pg_tablespace),
  'owner', pg_get_userbyid(datdba), 'askedAs', current_user,
  'owners', (SELECT jsonb_agg(DISTINCT pg_get_userbyid(relowner)) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm', 'S', 'v', 'p')),
  'extensions', (SELECT coalesce(jsonb_agg(extname ORDER BY extname), '[]') FROM pg_extension),
  'tableBytes', (SELECT coalesce(sum(pg_table_size(oid)), 0) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')),
  'indexBytes', (SELECT coalesce(sum(pg_indexes_size(oid)), 0) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')),
  'largest', (SELECT coalesce(jsonb_agg(jsonb_build_object('table', relname, 'bytes', bytes, 'rows', rows) ORDER BY bytes DESC), '[]') FROM (
    SELECT relname, pg_total_relation_size(oid) AS bytes, greatest(reltuples, 0)::bigint AS rows FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm') ORDER BY 2 DESC LIMIT 8) AS t),
  'invalid', (SELECT coalesce(jsonb_agg(indexrelid::regclass::text ORDER BY 1), '[]') FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT (indisvalid AND indisready)))
FROM pg_database AS d WHERE datname = current_database();
