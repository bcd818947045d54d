-- For each of them a transaction that prints its name and how many keys more than one row has. Without indexes: one that is damaged finds one
-- row only. Keys that are null never collide.
SELECT string_agg(format(
  E'BEGIN READ ONLY;\nSET LOCAL statement_timeout = @@TIMEOUT@@; SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL max_parallel_workers_per_gather = 0;\n'
  'SELECT %L || '' '' || count(*) FROM (SELECT FROM public.%I WHERE %s GROUP BY %s HAVING count(*) > 1) AS d;\nCOMMIT;\n',
  idx, tab, given || coalesce(' AND (' || cond || ')', ''), keys), '' ORDER BY tab, idx) FROM every;
