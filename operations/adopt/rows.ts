/** How many rows tables have, on both sides. */

/** Table → rows. */
export const rowsOf = (text: string): Map<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])]),
  );

/** In all tables together. */
export const totalRows = (rows: ReadonlyMap<string, number>): number =>
  [...rows.values()].reduce((sum, count) => sum + count, 0);

/** `statuses: 20 there, 19 on main`. */
export const differentRows = (
  there: ReadonlyMap<string, number>,
  here: ReadonlyMap<string, number>,
): string[] =>
  [...new Set([...there.keys(), ...here.keys()])]
    .filter((table) => there.get(table) !== here.get(table))
    .map(
      (table) =>
        `${table}: ${there.get(table) ?? "no table"} there, ${here.get(table) ?? "no table"} on main`,
    );
