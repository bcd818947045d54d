-- Unique indexes that there are, and those that should be there. What is asked of them follows in the same statement.
WITH expected (tab, idx, keys) AS (VALUES @@EXPECTED@@),
there AS (
  SELECT c.relname AS idx, t.relname AS tab, i.indisprimary AS is_primary, false AS missing, k.keys, k.given,
    pg_get_expr(i.indpred, i.indrelid, true) AS cond
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_class AS t ON t.oid = i.indrelid,
    -- Before Postgres 11 an index has no columns that are not keys.
    LATERAL (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, true), ', ') AS keys,
        string_agg('(' || pg_get_indexdef(i.indexrelid, n, true) || ') IS NOT NULL', ' AND ') AS given
      FROM generate_series(1, coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts)) AS n) AS k
  WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace AND t.relkind = 'r'),
lost AS (
  SELECT idx, tab, false AS is_primary, true AS missing, replace(keys, '; ', ', ') AS keys,
    (SELECT string_agg('(' || key || ') IS NOT NULL', ' AND ') FROM unnest(string_to_array(keys, '; ')) AS key) AS given, NULL::text AS cond
  FROM expected WHERE to_regclass('public.' || tab) IS NOT NULL AND to_regclass('public.' || idx) IS NULL),
every AS (SELECT * FROM there UNION ALL SELECT * FROM lost)
