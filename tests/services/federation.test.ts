/** Which of Mastodon's tables the export of accounts has. What it makes of them: tests/hosts/federation.test.ts. */
import { EXPORTED, LEFT_OUT, ROWS, tablesOf } from "../../services/federationTables";
import { REFERENCES, VIEWS } from "./mastodonTables";

const exported = tablesOf(EXPORTED);
const leftOut = tablesOf(LEFT_OUT);

/** Of exported tables, those references whose target is like that. */
const references = (kind: "required" | "optional", target: (name: string) => boolean) =>
  exported.flatMap((table) =>
    Object.entries(REFERENCES[table] ?? {})
      .filter(([column, name]) => column.endsWith("!") === (kind === "required") && target(name))
      .map(([column]) => `${table}.${column.replace("!", "")}`),
  );
const isLeftOut = (name: string) => leftOut.includes(name);

test("of each of Mastodon's tables, one group says whether it is exported, and why", () => {
  const railsOwn = ["schema_migrations", "ar_internal_metadata"];
  expect([...exported, ...leftOut].sort()).toEqual(
    [...Object.keys(REFERENCES), ...VIEWS, ...railsOwn].sort(),
  );
  for (const { why } of [...EXPORTED, ...LEFT_OUT]) expect(why).not.toBe("");
});

test("no row needs a row of a table that is left out", () => {
  expect(references("required", isLeftOut)).toEqual([]);
});

test("who made the app that a person registered with is forgotten, and nothing else", () => {
  expect(references("optional", isLeftOut)).toEqual(["users.created_by_application_id"]);
});

test("what has conditions on its rows is exported", () => {
  expect(Object.keys(ROWS).filter((table) => !exported.includes(table))).toEqual([]);
});

/** services/federation/federation.sql follows required references from table to table. */
test("required references do not lead back to where they began", () => {
  const required = (table: string) =>
    Object.entries(REFERENCES[table] ?? {})
      .filter(([column]) => column.endsWith("!"))
      .map(([, target]) => target);
  const reached = (table: string, path: readonly string[]): string[][] =>
    path.includes(table)
      ? [[...path, table]]
      : required(table).flatMap((next) => reached(next, [...path, table]));
  expect(exported.flatMap((table) => reached(table, []))).toEqual([]);
});
