/** The results of a bench, as a table and as a line of history. */
import { record, rounded } from "../tools/history";
import type { Previews } from "./preview";

/** How much of the bare program's time and memory a preview may take. */
export const LIMIT = 1.1;

interface Ratios {
  name: string;
  /** Of the bare program's. */
  seconds: number;
  memory: number;
}

export const ratios = ({ compared }: Previews): Ratios[] =>
  compared.map(({ name, program, bare }) => ({
    name,
    seconds: rounded(program.seconds / bare.seconds),
    memory: rounded(program.programMiB / bare.programMiB),
  }));

const COLUMNS = ["preview of", "s", "of bare", "of empty", "program MiB", "of bare", "engine MiB"];

export function table(previews: Previews): string {
  const { empty, compared } = previews;
  const rows = [
    [
      "an empty program",
      empty.seconds.toFixed(1),
      "",
      "",
      empty.programMiB.toFixed(0),
      "",
      empty.engineMiB.toFixed(0),
    ],
    ...compared.flatMap(({ name, program, bare }, i) => {
      const of = ratios(previews)[i];
      return [
        [
          `${name}: bare`,
          bare.seconds.toFixed(1),
          "",
          (bare.seconds / empty.seconds).toFixed(1),
          bare.programMiB.toFixed(0),
          "",
          bare.engineMiB.toFixed(0),
        ],
        [
          name,
          program.seconds.toFixed(1),
          of?.seconds.toFixed(2) ?? "",
          (program.seconds / empty.seconds).toFixed(1),
          program.programMiB.toFixed(0),
          of?.memory.toFixed(2) ?? "",
          program.engineMiB.toFixed(0),
        ],
      ];
    }),
  ];
  const widths = COLUMNS.map((_, i) => Math.max(...[COLUMNS, ...rows].map((row) => row[i]?.length ?? 0)));
  return [COLUMNS, ...rows]
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  "),
    )
    .join("\n");
}

export const keep = (previews: Previews, rounds: number) =>
  record({
    rounds,
    emptySeconds: rounded(previews.empty.seconds),
    ofBare: Object.fromEntries(
      ratios(previews).map(({ name, seconds, memory }) => [name, { seconds, memory }]),
    ),
  });
