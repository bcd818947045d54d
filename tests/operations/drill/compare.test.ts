/** What a copy lacks, in words. */
import { damage, differences } from "../../../operations/drill/compare";
import type { DatabaseFacts } from "../../../operations/drill/facts";
import { copy, database, main, withTables } from "./given";

const of = (here: DatabaseFacts, changes: Parameters<typeof main>[0] = {}) =>
  differences(main(changes), here);
const statuses = (rows: number, newest = "113000000000100000", at = "2026-11-29T13:32:14") => ({
  statuses: { rows, newest, at },
});

test("a copy that has what main had differs in nothing", () => {
  expect(of(database())).toEqual([]);
});

test("a table that is missing, short or too long is named with both numbers", () => {
  const { bookmarks, ...rest } = database().tables;
  expect(bookmarks).toBeDefined();
  expect(of(database({ tables: rest }))).toEqual(["table bookmarks is missing, main had 1,250 rows in it"]);
  expect(of(withTables({ bookmarks: { rows: 1_203, newest: null, at: null } }))).toEqual([
    "table bookmarks has 1,203 rows, main had 1,250",
  ]);
  expect(of(withTables({ bookmarks: { rows: 1_251, newest: null, at: null } }))).toEqual([
    "table bookmarks has 1,251 rows, main had 1,250",
  ]);
  expect(of(withTables({ other: { rows: 1, newest: null, at: null } }))).toEqual([
    "table other is in the copy, and main has none of that name",
  ]);
});

test("what was written around the restore point may be there or not", () => {
  const after = withTables(statuses(100_002, "113000000000100002", "2026-11-29T13:32:15"));
  const between = [
    statuses(100_000),
    statuses(100_001, "113000000000100001", "2026-11-29T13:32:15"),
    statuses(100_002, "113000000000100002", "2026-11-29T13:32:15"),
  ];
  for (const one of between) expect(of(withTables(one), { after })).toEqual([]);
  expect(of(withTables(statuses(99_999)), { after })).toEqual([
    "table statuses has 99,999 rows, main had 100,000 to 100,002",
  ]);
  // Rows were deleted meanwhile.
  const fewer = { after: withTables({ bookmarks: { rows: 1_248, newest: null, at: null } }) };
  expect(of(withTables({ bookmarks: { rows: 1_249, newest: null, at: null } }), fewer)).toEqual([]);
});

test("as many rows, but not the newest one", () => {
  expect(of(withTables(statuses(100_000, "113000000000099999", "2026-11-29T13:32:13")))).toEqual([
    "the newest row of statuses is 113000000000099999 of 2026-11-29T13:32:13, main's was 113000000000100000 of 2026-11-29T13:32:14",
  ]);
  expect(of(withTables(statuses(100_000, "113000000000100000", "2020-01-01T00:00:00")))).toEqual([
    "the newest row of statuses is 113000000000100000 of 2020-01-01T00:00:00, main's was 113000000000100000 of 2026-11-29T13:32:14",
  ]);
});

test("ids beyond 2^53 are told apart", () => {
  expect(of(withTables(statuses(100_000, "113000000000100001")))).toHaveLength(1);
});

test("a table that is UNLOGGED on main is explained", () => {
  const unlogged = database({ unlogged: ["bookmarks"] });
  expect(
    of(withTables({ bookmarks: { rows: 0, newest: null, at: null } }), { before: unlogged, after: unlogged }),
  ).toEqual([
    "table bookmarks has 0 rows, main had 1,250: it is UNLOGGED on main, so no backup has its rows",
  ]);
});

test("a sequence may be ahead, and must not be behind", () => {
  // A crash skips up to 32 values.
  expect(of(database({ sequences: { accounts_id_seq: "5032", statuses_id_seq: "100000" } }))).toEqual([]);
  expect(of(database({ sequences: { statuses_id_seq: "99999" } }))).toEqual([
    "sequence accounts_id_seq is at its beginning, main's was at 5000: ids would be given out twice",
    "sequence statuses_id_seq is at 99999, main's was at 100000: ids would be given out twice",
  ]);
});

test("migrations, extensions and invalid indexes are the same", () => {
  const here = database({
    migrations: ["20260801000000", "20269999000000"],
    extensions: { plpgsql: "1.0", pg_stat_statements: "1.10" },
    invalid: ["index_statuses_on_uri"],
  });
  expect(of(here)).toEqual([
    "migration 20260901000000 is missing",
    "migration 20269999000000 is in the copy only",
    "extension pg_stat_statements 1.11 is missing",
    "extension pg_stat_statements 1.10 is in the copy only",
    "index index_statuses_on_uri is not valid in the copy",
  ]);
  const invalid = database({ invalid: ["index_statuses_on_uri"] });
  expect(of(invalid, { before: invalid, after: invalid })).toEqual([]);
});

test("damage that Postgres' own tools find in the copy is named", () => {
  expect(damage(copy())).toEqual([]);
  expect(
    damage(
      copy({
        references: {
          keys: 2,
          broken: [
            { key: "fk_9bda1543f7", table: "statuses", to: "accounts", rows: 3 },
            { key: "fk_50500f500d", table: "users", to: "accounts", rows: 1 },
          ],
        },
        amcheck: [
          'heap table "mastodon.public.statuses", block 12, offset 3:',
          "    xmin 4711 precedes relation freeze threshold 0:731",
          'btree index "mastodon.public.index_statuses_on_uri":',
          '    ERROR:  heap tuple (12,3) from table "statuses" lacks matching index tuple within index "index_statuses_on_uri"',
          "    HINT:  Retrying verification using the function bt_index_parent_check() might provide a more specific error.",
        ].join("\n"),
        checksums: [
          'pg_checksums: error: checksum verification failed in file "/d/base/5/2619", block 3: calculated checksum 1A2B but block contains 3C4D',
          "Checksum operation completed",
          "Bad checksums:  1",
        ].join("\n"),
      }),
    ),
  ).toEqual([
    "3 rows of statuses refer to accounts that do not exist (fk_9bda1543f7)",
    "1 row of users refers to accounts that do not exist (fk_50500f500d)",
    'heap table "mastodon.public.statuses", block 12, offset 3: xmin 4711 precedes relation freeze threshold 0:731',
    'btree index "mastodon.public.index_statuses_on_uri": ERROR:  heap tuple (12,3) from table "statuses" lacks matching index tuple within index "index_statuses_on_uri" HINT:  Retrying verification using the function bt_index_parent_check() might provide a more specific error.',
    'checksum verification failed in file "/d/base/5/2619", block 3: calculated checksum 1A2B but block contains 3C4D',
  ]);
});

test("a check of checksums that broke off is not taken for a good one", () => {
  expect(damage(copy({ checksums: "pg_checksums: could not open directory" }))).toEqual([
    "pg_checksums did not come to its end: pg_checksums: could not open directory",
  ]);
});
