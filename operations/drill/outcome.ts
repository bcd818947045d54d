/** How a drill went, from what main and the machine said. */
import { damage, differences } from "./compare";
import type { CopyFacts, MainFacts } from "./facts";

/** As it is kept on main and printed by `--json`. Times are ISO 8601. */
export interface Outcome {
  ok: boolean;
  /** The restore point: what the copy must be. */
  time: string;
  /** Where it was restored: `docker`, or the machine's name. */
  on: string;
  backup: { label: string; type: string; time: string; bytes: number };
  /** What each part took; null if the drill did not get there. */
  seconds: { restore: number | null; replay: number | null; check: number | null };
  /** Segments of the log (16 MiB each) that were replayed. */
  segments: number;
  /** Seconds of writes before the restore point that the copy lacks; null if that is not known. */
  missingSeconds: number | null;
  /** The most that would have been missing, had main been lost at the restore point; null if nothing was archived. */
  exposedSeconds: number | null;
  /** What was compared; null if the drill did not get there. */
  compared: { tables: number; rows: number; keys: number; amcheck: string; checksums: boolean } | null;
  /** pg_upgrade of the copy. */
  upgrade: { from: number; to: number; seconds: number } | { unmeasured: string } | null;
  /** Empty if it passed. */
  problems: string[];
}

/** Of a damaged table there may be thousands. */
const SHOWN = 20;

export function outcomeOf(main: MainFacts, copy: CopyFacts, on: string, nextMajor: number): Outcome {
  const problems = [
    ...(copy.failed ? [explained(copy.failed, main, copy)] : []),
    ...(copy.facts ? differences(main, copy.facts) : []),
    ...damage(copy),
  ];
  const { restore = null, replay = null, check = null } = copy.took;
  return {
    ok: problems.length === 0,
    time: main.time,
    on,
    backup: {
      label: main.backup.label,
      type: main.backup.type,
      time: new Date(main.backup.timestamp.stop * 1000).toISOString(),
      bytes: main.backup.info.size,
    },
    seconds: { restore, replay, check },
    segments: copy.segments,
    missingSeconds: replay !== null ? 0 : missingSeconds(main, copy),
    exposedSeconds: main.exposedSeconds ?? null,
    compared:
      copy.facts && copy.references && copy.amcheck
        ? {
            tables: Object.keys(copy.facts.tables).length,
            rows: Object.values(copy.facts.tables).reduce((sum, { rows }) => sum + rows, 0),
            keys: copy.references.keys,
            amcheck: copy.amcheck.options,
            checksums: copy.checksums !== undefined,
          }
        : null,
    upgrade:
      copy.upgrade === undefined
        ? null
        : "seconds" in copy.upgrade
          ? { from: main.major, to: nextMajor, seconds: copy.upgrade.seconds }
          : copy.upgrade,
    problems:
      problems.length > SHOWN
        ? [...problems.slice(0, SHOWN), `… and ${problems.length - SHOWN} more`]
        : problems,
  };
}

/** From the last transaction that was replayed; known only if a replay ended early. */
function missingSeconds({ time }: MainFacts, { reached }: CopyFacts): number | null {
  if (reached === undefined) return null;
  return Math.max(0, Math.round((Date.parse(time) - Date.parse(reached)) / 1000));
}

/** What a failed step means, and what it was told. */
function explained(
  { step, said }: NonNullable<CopyFacts["failed"]>,
  main: MainFacts,
  copy: CopyFacts,
): string {
  const told = said === "" ? "" : `: ${readable(said)}`;
  switch (step) {
    case "room":
      return `there is no room for the copy${told}; --folder names another place`;
    case "packages":
      return `Postgres ${main.major} or pgBackRest could not be installed there${told}`;
    case "open":
      return isWrongKey(said)
        ? "the repository does not open with the stack's repositoryKey, and it does with main's"
        : `the bucket cannot be read from there${told}`;
    case "restore": {
      const files = copy.damaged.length > 0 ? ` (in the bucket: ${copy.damaged.join(", ")})` : "";
      return `backup ${main.backup.label} cannot be restored${files}${told}`;
    }
    case "replay": {
      const lacking = missingSeconds(main, copy);
      const lost = lacking === null ? "" : `, and the copy ends ${lacking} s before it`;
      return `the log in the bucket does not lead to the restore point${lost}${told}`;
    }
    default:
      return `the copy could not be checked (${step})${told}`;
  }
}

/** Main could read the same file a minute ago. With another key it is noise, about which pgBackRest says whatever that noise looks like. */
const isWrongKey = (said: string) =>
  /backup\.info cannot be opened/.test(said) && !/certificate|HTTP|connect|resolve|time/i.test(said);

/** One line, without the time and process of pgBackRest's lines. */
const readable = (said: string) =>
  said
    .split("\n")
    .map((line) => line.replace(/^(\d{4}-\S+ \S+ )?P\d+ +/, "").trim())
    .filter((line, i, all) => line !== "" && all.indexOf(line) === i)
    .join("; ")
    .replaceAll(/[^\x20-\x7e]/g, "");
