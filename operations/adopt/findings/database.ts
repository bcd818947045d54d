/** The database: what a dump cannot carry, and what a restore would fail at. */
import { FIX_DUPLICATES_UP_TO } from "../../../catalogue/olderReleases";
import type { Facts, UniqueIndexFact } from "../facts";
import { type Finding, refusal, warning } from "../finding";

type Database = NonNullable<Facts["database"]>;

/**
 * What main can restore: Debian's postgresql-17 contains these, and a role without special rights may create them (`trusted` in their
 * control files). pg_stat_statements is created in advance.
 */
const EXTENSIONS = new Set([
  ...["plpgsql", "pg_stat_statements", "btree_gin", "btree_gist", "citext", "cube", "dict_int"],
  ...["fuzzystrmatch", "hstore", "intarray", "isn", "lo", "ltree", "pg_trgm", "pgcrypto", "seg"],
  ...["tablefunc", "tcn", "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp"],
]);

export function databaseFindings(facts: Facts): Finding[] {
  const { database } = facts;
  if (!database)
    return [refusal("Postgres", "could not be asked", "Make the look possible first: see the warnings.")];
  return [
    ...dumpFindings(database, facts.pgDump),
    ...encodingFindings(database),
    ...extensionFindings(database),
    ...invalidFindings(database),
    ...uniqueFindings(facts),
  ];
}

/** pg_dump refuses a server of a later major version. */
function dumpFindings({ version }: Database, pgDump: string): Finding[] {
  const major = Math.floor(version / 10_000);
  const [, has] = /\) (\d+)/.exec(pgDump) ?? [];
  if (Number(has) >= major) return [];
  return [
    refusal(
      "pg_dump",
      has === undefined
        ? "was not found next to psql"
        : `is of version ${has}, and the server of version ${major}`,
      `Install it there: postgresql-client-${major}.`,
    ),
  ];
}

function encodingFindings({ encoding, name }: Database): Finding[] {
  if (encoding === "UTF8") return [];
  return [
    refusal(
      "encoding",
      `the database is in ${encoding}, and main's is in UTF8`,
      `Stop Mastodon, then make a copy in UTF8 there: createdb -T template0 -E UTF8 ${name}_utf8 && pg_dump -E UTF8 ${name} | psql -X -v ON_ERROR_STOP=1 ${name}_utf8. A value that is no UTF-8 stops it and is named: correct it, drop the copy, repeat. Then set DB_NAME=${name}_utf8.`,
    ),
  ];
}

function extensionFindings({ extensions }: Database): Finding[] {
  const unknown = extensions.filter((extension) => !EXTENSIONS.has(extension));
  if (unknown.length === 0) return [];
  return [
    refusal(
      "extensions",
      `main's Postgres cannot restore ${unknown.join(", ")}`,
      `Mastodon needs none of them. Look what uses it (\\dx+ ${unknown[0]}), then: DROP EXTENSION "${unknown[0]}". With CASCADE it also drops indexes and columns that use it.`,
    ),
  ];
}

/** What an interrupted CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY leaves; its original is whole. */
const LEFTOVER = /_cc(new|old)\d*$/;

function invalidFindings({ invalid }: Database): Finding[] {
  const broken = invalid.filter((index) => !LEFTOVER.test(index));
  if (broken.length === 0) return [];
  return [
    refusal(
      "indexes",
      `Postgres does not use ${broken.join(", ")}, left over from an interrupted migration. A dump leaves out such an index`,
      `Build it there: REINDEX INDEX ${broken[0]}. Writes to its table wait meanwhile; from Postgres 12 on, REINDEX INDEX CONCURRENTLY lets them go on.`,
    ),
  ];
}

const listed = (indexes: readonly UniqueIndexFact[]) =>
  indexes
    .map(
      ({ table, keys, duplicates, missing }) =>
        `${table} (${keys}): ${duplicates} ${duplicates === 1 ? "key" : "keys"} more than once${missing ? ", and the index is missing" : ""}`,
    )
    .join("; ");

function uniqueFindings({ unique = [], migrations }: Facts): Finding[] {
  const twice = unique.filter(({ duplicates }) => duplicates !== undefined && duplicates > 0);
  const absent = unique.filter(({ missing, duplicates }) => missing && duplicates === 0);
  const unread = unique.filter(({ duplicates }) => duplicates === undefined);
  return [
    ...(twice.length > 0
      ? [
          refusal(
            "duplicates",
            `the restore would fail at a unique index: ${listed(twice)}`,
            duplicatesRemedy(twice, migrations.database?.at(-1)),
          ),
        ]
      : []),
    ...(absent.length > 0
      ? [
          refusal(
            "indexes",
            `a unique index is missing that Mastodon relies on: ${absent.map(({ index }) => index).join(", ")}`,
            absent
              .map(
                ({ index, table, keys }) =>
                  `Create it there: CREATE UNIQUE INDEX CONCURRENTLY ${index} ON ${table} (${keys})`,
              )
              .join(". "),
          ),
        ]
      : []),
    ...(unread.length > 0
      ? [
          warning(
            "duplicates",
            `${unread.length} of ${unique.length} unique indexes could not be checked in time: ${unread.map(({ index }) => index).join(", ")}`,
            "Look again in a quiet hour, with a larger --patience.",
          ),
        ]
      : []),
  ];
}

/** `fix-duplicates` cannot tell rows with one id apart (mastodon#22451). */
function duplicatesRemedy(twice: readonly UniqueIndexFact[], schema: string | undefined): string {
  const primary = twice.find(({ primary }) => primary);
  if (primary)
    return `Rows of ${primary.table} share an id, which fix-duplicates cannot repair. Stop Mastodon and make a backup. Then keep one of each, by ctid: SELECT ctid, * FROM ${primary.table} WHERE ${primary.keys} IN (SELECT ${primary.keys} FROM ${primary.table} GROUP BY 1 HAVING count(*) > 1), with SET enable_indexscan = off and SET enable_bitmapscan = off; DELETE FROM ${primary.table} WHERE ctid = '(…)'; at the end REINDEX TABLE ${primary.table}.`;
  const command =
    "Stop Mastodon, make a backup, and run there: tootctl maintenance fix-duplicates, then REINDEX DATABASE.";
  return schema === undefined || schema <= FIX_DUPLICATES_UP_TO
    ? command
    : `${command} It was written for schemas up to ${FIX_DUPLICATES_UP_TO} (4.2) and asks before it goes on with a newer one: try it on a copy of the database first.`;
}
