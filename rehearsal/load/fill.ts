/** A database of a size. */
import type { Machine } from "../../lab/machine";

/** Rows that do not compress, as posts hardly do, until the database has that size. Copies of them are made faster than others. */
export const fill = (machine: Machine, gib: number, name = "mastodon") =>
  machine.run(
    `database() { runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -d ${name} "$@"; }
     database -c "CREATE TABLE IF NOT EXISTS ballast (id bigserial PRIMARY KEY, text text)" -c \
       "INSERT INTO ballast (text) SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 100000) i, generate_series(1, 16) GROUP BY i"
     until (($(database -c "SELECT pg_database_size('${name}') >> 20") >= ${gib * 1024})); do
       database -c "INSERT INTO ballast (text) SELECT text FROM ballast LIMIT 100000"
     done`,
    { timeout: 3600 },
  );
