/** The results of a bench, as a table and as a line of history. */
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import type { Previews } from "./preview";

const ROOT = join(__dirname, "..");
const HISTORY = "bench/history.jsonl";
/** How much of the bare program's time and memory a preview may take. */
export const LIMIT = 1.25;

interface Ratios {
  name: string;
  /** Of the bare program's. */
  seconds: number;
  memory: number;
}

const rounded = (value: number) => Number(value.toFixed(2));

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

const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();

export function keep(previews: Previews, rounds: number): void {
  const dirty = git("status", "--porcelain", "--", `:!${HISTORY}`) !== "";
  const line = {
    date: new Date().toISOString().slice(0, 10),
    commit: `${git("rev-parse", "--short=12", "HEAD")}${dirty ? " and changes" : ""}`,
    node: process.version,
    rounds,
    // The load of the last quarter of an hour: on a busy machine even medians vary.
    load: rounded(loadavg()[2] ?? Number.NaN),
    emptySeconds: rounded(previews.empty.seconds),
    ofBare: Object.fromEntries(
      ratios(previews).map(({ name, seconds, memory }) => [name, { seconds, memory }]),
    ),
  };
  appendFileSync(join(ROOT, HISTORY), `${JSON.stringify(line)}\n`);
}
