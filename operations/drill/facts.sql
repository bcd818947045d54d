-- What a database contains, as JSON. One statement, so everything is of one moment; it changes nothing.
-- Ids are text, because they are larger than what JSON's readers keep exactly. Sequences are of the moment of the query, whatever the snapshot.
SELECT jsonb_build_object(
  'version', current_setting('server_version_num')::int,
  'bytes', pg_database_size(current_database()),
  'tables', (
    SELECT coalesce(jsonb_object_agg(t.name, jsonb_build_object(
        'rows', (xpath('/row/rows/text()', x))[1]::text::bigint,
        'newest', (xpath('/row/newest/text()', x))[1]::text,
        'at', (xpath('/row/at/text()', x))[1]::text)), '{}')
    FROM (
      SELECT c.relname AS name,
        EXISTS (
          SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
          WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1 AND a.attname = 'id'
            AND a.atttypid IN ('bigint'::regtype, 'integer'::regtype)) AS has_id,
        EXISTS (
          SELECT FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attname = 'created_at' AND NOT a.attisdropped) AS has_time
      FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') OR
        c.relnamespace = 'public'::regnamespace AND c.relkind = 'm' AND c.relispopulated) AS t,
    LATERAL query_to_xml(
      format('SELECT (SELECT count(*) FROM public.%I) AS rows', t.name) ||
        CASE WHEN t.has_id THEN format(', (SELECT max(id) FROM public.%I) AS newest', t.name) ELSE '' END ||
        -- The newest row by the primary key: created_at has an index in few tables.
        CASE WHEN t.has_id AND t.has_time
          THEN format(', (SELECT created_at FROM public.%I ORDER BY id DESC LIMIT 1) AS at', t.name) ELSE '' END,
      false, true, '') AS x),
  'sequences', (
    SELECT coalesce(jsonb_object_agg(sequencename, last_value::text), '{}')
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL),
  'migrations', (SELECT coalesce(jsonb_agg(version ORDER BY version COLLATE "C"), '[]') FROM schema_migrations),
  'extensions', (SELECT jsonb_object_agg(extname, extversion) FROM pg_extension),
  -- Indexes that Postgres does not use, for example after an interrupted migration.
  'invalid', (
    SELECT coalesce(jsonb_agg(i.indexrelid::regclass::text ORDER BY i.indexrelid::regclass::text), '[]')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT (i.indisvalid AND i.indisready)),
  'unlogged', (
    SELECT coalesce(jsonb_agg(relname ORDER BY relname), '[]')
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relpersistence = 'u'));
