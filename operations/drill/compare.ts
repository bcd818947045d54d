/** What a restored copy lacks of main. */
import type { CopyFacts, DatabaseFacts, MainFacts, TableFacts } from "./facts";

const count = (value: number) => value.toLocaleString("en-US");
const rows = (value: number) => `${count(value)} ${value === 1 ? "row" : "rows"}`;
const range = (a: number, b: number) =>
  a === b ? count(a) : `${count(Math.min(a, b))} to ${count(Math.max(a, b))}`;

/**
 * Everything in which the copy differs from what main had at the restore point, one sentence each. Main's facts are from just before and just
 * after it, so what is between the two is right.
 */
export function differences(
  { before, after, sequences }: Pick<MainFacts, "before" | "after" | "sequences">,
  copy: DatabaseFacts,
): string[] {
  return [
    ...tables(before, after, copy),
    ...Object.entries(sequences).flatMap(([name, value]) => {
      const here = copy.sequences[name];
      if (here !== undefined && BigInt(here) >= BigInt(value)) return [];
      return [
        `sequence ${name} is at ${here ?? "its beginning"}, main's was at ${value}: ids would be given out twice`,
      ];
    }),
    ...missing("migration", [before.migrations, after.migrations], copy.migrations),
    ...missing("extension", [named(before.extensions), named(after.extensions)], named(copy.extensions)),
    ...copy.invalid
      .filter((index) => !before.invalid.includes(index) && !after.invalid.includes(index))
      .map((index) => `index ${index} is not valid in the copy`),
  ];
}

const named = (extensions: Readonly<Record<string, string>>) =>
  Object.entries(extensions).map(([name, version]) => `${name} ${version}`);

const NOT_LOGGED = ": it is UNLOGGED on main, so no backup has its rows";

function tables(before: DatabaseFacts, after: DatabaseFacts, copy: DatabaseFacts): string[] {
  const names = [...new Set([before, after, copy].flatMap((one) => Object.keys(one.tables)))].sort();
  return names.flatMap((name) => {
    const [a, b, here] = [before.tables[name], after.tables[name], copy.tables[name]];
    if (!a && !b) return [`table ${name} is in the copy, and main has none of that name`];
    // Created or dropped at the very moment of the restore point.
    if (!a || !b) return [];
    if (!here) return [`table ${name} is missing, main had ${rows(a.rows)} in it`];
    if (here.rows < Math.min(a.rows, b.rows) || here.rows > Math.max(a.rows, b.rows))
      return [
        `table ${name} has ${rows(here.rows)}, main had ${range(a.rows, b.rows)}${before.unlogged.includes(name) ? NOT_LOGGED : ""}`,
      ];
    return newest(name, a, b, here);
  });
}

function newest(name: string, a: TableFacts, b: TableFacts, here: TableFacts): string[] {
  const shown = ({ newest, at }: TableFacts) => (at ? `${newest} of ${at}` : (newest ?? "none"));
  const id = (one: TableFacts) => (one.newest === null ? -1n : BigInt(one.newest));
  const [low, high] = id(a) < id(b) ? [a, b] : [b, a];
  const within = id(here) >= id(low) && id(here) <= id(high);
  // A row between the two can be of any time.
  const sameTime = [a, b].every((one) => one.newest !== here.newest || one.at === here.at);
  if (within && (sameTime || a.at !== b.at)) return [];
  return [`the newest row of ${name} is ${shown(here)}, main's was ${shown(a)}`];
}

/** What is neither in the one nor in the other list of main, or is in both and not here. */
function missing(what: string, [before = [], after = []]: string[][], here: readonly string[]): string[] {
  return [
    ...before
      .filter((one) => after.includes(one) && !here.includes(one))
      .map((one) => `${what} ${one} is missing`),
    ...here
      .filter((one) => !before.includes(one) && !after.includes(one))
      .map((one) => `${what} ${one} is in the copy only`),
  ];
}

/** Damage inside the copy itself. */
export function damage({ references, amcheck, checksums }: CopyFacts): string[] {
  return [
    ...(references?.broken ?? []).map(
      ({ key, table, to, rows: broken }) =>
        `${rows(broken)} of ${table} ${broken === 1 ? "refers" : "refer"} to ${to} that do not exist (${key})`,
    ),
    ...amcheckProblems(amcheck?.output ?? ""),
    ...checksumProblems(checksums),
  ];
}

/** pg_amcheck prints for each damaged relation a line that ends in a colon, then what is wrong with it. */
function amcheckProblems(output: string): string[] {
  const problems: string[] = [];
  for (const line of output.split("\n").filter((one) => one.trim() !== "")) {
    if (/^\S.*:$/.test(line)) problems.push(line);
    else problems.push(`${problems.pop() ?? ""} ${line.trim()}`.trim());
  }
  return problems;
}

/** "Bad checksums:  3", after a line for each page. */
function checksumProblems(output: string | undefined): string[] {
  if (output === undefined || /^Bad checksums:\s+0$/m.test(output)) return [];
  const errors = output.split("\n").filter((line) => line.includes("error:"));
  return errors.length > 0
    ? errors.map((line) => line.replace(/^pg_checksums: error: /, ""))
    : [`pg_checksums did not come to its end: ${output.split("\n").at(-1)}`];
}
