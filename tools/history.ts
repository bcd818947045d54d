/** The history of what was measured: a line for each time, with the commit that it was made of. */
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";

const ROOT = join(__dirname, "..");
const HISTORY = "bench/history.jsonl";

const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();

/** To two digits. */
export const rounded = (value: number) => Number(value.toFixed(2));

/** Adds a line with these figures. Ratios of one run tell more than seconds, which differ between machines. */
export function record(figures: Record<string, unknown>): void {
  const dirty = git("status", "--porcelain", "--", `:!${HISTORY}`) !== "";
  const line = {
    date: new Date().toISOString().slice(0, 10),
    commit: `${git("rev-parse", "--short=12", "HEAD")}${dirty ? " and changes" : ""}`,
    node: process.version,
    // The load of the last quarter of an hour: on a busy machine even medians vary.
    load: rounded(loadavg()[2] ?? Number.NaN),
    ...figures,
  };
  appendFileSync(join(ROOT, HISTORY), `${JSON.stringify(line)}\n`);
}
