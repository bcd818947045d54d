/** A drill's outcome for people. */
import type { Outcome } from "./outcome";

const bytes = (value: number) =>
  value >= 1e9 ? `${(value / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(value / 1e6))} MB`;
/** 41 s, 12 min. */
export const duration = (seconds: number) =>
  seconds < 120 ? `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s` : `${Math.round(seconds / 60)} min`;
const clock = (iso: string) => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
const WIDTH = 12;

/** Lines of a name and what it says. */
export function outcomeLines(outcome: Outcome): [string, string][] {
  const { backup, seconds, compared, upgrade } = outcome;
  const lines: [string, string][] = [
    ["restored to", clock(outcome.time)],
    ["from", `backup ${backup.label} (${backup.type}) of ${clock(backup.time)}, ${bytes(backup.bytes)}`],
  ];
  if (seconds.restore !== null) {
    // Of a small database it is the time that it takes to begin.
    const each = backup.bytes < 1e9 ? "" : `, ${duration(seconds.restore / (backup.bytes / 1e9))} per GB`;
    lines.push(["restore", `${duration(seconds.restore)}${each}`]);
  }
  if (seconds.replay !== null)
    lines.push(["replay", `${outcome.segments} segments of the log in ${duration(seconds.replay)}`]);
  lines.push(["missing", missing(outcome)]);
  if (compared) {
    lines.push([
      "compared",
      `${compared.tables} tables, ${compared.rows.toLocaleString("en-US")} rows, ${compared.keys} foreign keys`,
    ]);
    const pages = compared.checksums ? "every page's checksum; " : "";
    lines.push([
      "checked",
      `${pages}pg_amcheck ${compared.amcheck}${seconds.check === null ? "" : ` in ${duration(seconds.check)}`}`,
    ]);
  }
  if (upgrade)
    lines.push([
      "upgrade",
      "seconds" in upgrade
        ? `Postgres ${upgrade.from} to ${upgrade.to}: pg_upgrade took ${duration(upgrade.seconds)}`
        : `not measured: ${upgrade.unmeasured}`,
    ]);
  return lines;
}

function missing({ missingSeconds, exposedSeconds }: Outcome): string {
  const exposed =
    exposedSeconds === null
      ? ""
      : `; with main lost at that moment, at most ${duration(exposedSeconds)} of writes`;
  if (missingSeconds === null) return `not known${exposed}`;
  return `${missingSeconds === 0 ? "nothing" : duration(missingSeconds)}${exposed}`;
}

export function outcomeText(stack: string, outcome: Outcome): string {
  return [
    `Drill of ${stack} on ${outcome.on}: ${outcome.ok ? "passed" : "FAILED"}`,
    ...outcome.problems.map((problem) => `  - ${problem}`),
    ...outcomeLines(outcome).map(([name, said]) => `  ${name.padEnd(WIDTH)} ${said}`),
    "",
  ].join("\n");
}
