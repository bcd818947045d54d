-- Rows that refer to rows that do not exist, as JSON: for each foreign key with such rows its tables and their number; and how many keys
-- were followed. Postgres itself trusts them.
SELECT jsonb_build_object('keys', count(*), 'broken', coalesce(jsonb_agg(jsonb_build_object(
    'key', k.conname, 'table', k.conrelid::regclass::text, 'to', k.confrelid::regclass::text,
    'rows', (xpath('/row/n/text()', x))[1]::text::bigint)) FILTER (WHERE (xpath('/row/n/text()', x))[1]::text <> '0'), '[]'))
FROM pg_constraint k,
  LATERAL (
    SELECT string_agg(format('r.%I = t.%I', theirs.attname, ours.attname), ' AND ') AS same,
      string_agg(format('t.%I IS NOT NULL', ours.attname), ' AND ') AS given
    FROM unnest(k.conkey, k.confkey) AS pair (own, other)
    JOIN pg_attribute ours ON ours.attrelid = k.conrelid AND ours.attnum = pair.own
    JOIN pg_attribute theirs ON theirs.attrelid = k.confrelid AND theirs.attnum = pair.other) AS columns,
  LATERAL query_to_xml(
    format('SELECT count(*) AS n FROM %s AS t WHERE %s AND NOT EXISTS (SELECT FROM %s AS r WHERE %s)',
      k.conrelid::regclass, columns.given, k.confrelid::regclass, columns.same),
    false, true, '') AS x
WHERE k.contype = 'f' AND k.convalidated AND k.connamespace = 'public'::regnamespace;
