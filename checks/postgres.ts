/** Whether a living stack's Postgres may change to another major version, and what that will do. */

import { DEBIANS_POSTGRES } from "../catalogue/postgres";
import type { Problem } from "../settings/problem";
import type { Settings } from "../settings/schema";
import type { RecordedRelease } from "./upgrade";

/** What the stack's last run recorded. */
export interface RecordedPostgres extends RecordedRelease {
  postgresVersion?: number;
  mainGeneration?: number;
}

const KEY = "postgresVersion";

/** Stacks that are older than the setting recorded no version: they run Debian's. */
const versionOf = (before: RecordedPostgres | undefined) =>
  before && (before.postgresVersion ?? DEBIANS_POSTGRES);

/** What the machine itself would refuse later, as far as a preview can know. */
export function postgresProblems(
  before: RecordedPostgres | undefined,
  {
    postgresVersion: now,
    mastodonVersion,
    readiness,
    main,
  }: Pick<Settings, "postgresVersion" | "mastodonVersion" | "readiness" | "main">,
): Problem[] {
  const was = versionOf(before);
  if (was === undefined || was === now) return [];
  const said = `was ${was} and is now ${now}`;
  if (readiness === "none")
    return [
      {
        key: KEY,
        message: `${said}, but with readiness: none nothing reaches the running main droplet. Write readiness: wait, and run pulumi on the tailnet`,
      },
    ];
  if (before?.mastodonVersion !== undefined && before.mastodonVersion !== mastodonVersion)
    return [
      {
        key: KEY,
        message: `${said}, and mastodonVersion changes too: one upgrade at a time, so that you know what to take back. Write ${was} until Mastodon runs ${mastodonVersion}`,
      },
    ];
  if (before?.mainGeneration !== undefined && before.mainGeneration !== main.generation)
    return [
      {
        key: KEY,
        message: `${said}, and main.generation changes too: a new droplet has no record of a backup yet. Write ${was} until it serves`,
      },
    ];
  return [];
}

/** Step by step what the coming `up` does; nothing if the version stays. */
export function postgresSteps(
  before: RecordedPostgres | undefined,
  { postgresVersion: now, upgrade }: Pick<Settings, "postgresVersion" | "upgrade">,
): string[] {
  const was = versionOf(before);
  if (was === undefined || was === now) return [];
  if (now < was)
    return [
      `This up expects that you took Postgres back from ${was} to ${now} on main ("postgres-upgrade back"). If ${was} still serves there, main refuses, and nothing changes.`,
    ];
  const steps = [
    "gate: refuses without a backup from the last 26 hours, without room on the volume, or without an extension that the database uses",
    `trial: upgrades a copy of the database to ${now} and starts it. That takes minutes and says how long clients will wait. ${upgrade.postgresCopy === "accepted" ? "Any wait is accepted (upgrade.postgresCopy)" : "Refused if it fails, or if they would wait for more than 45 s"}`,
    "prepare: an empty cluster of the new version",
    "change: clients wait at pgbouncer until the new version serves; no request fails. If a transaction does not end within 20 s, everything goes on as before",
    "statistics: for the planner, in three stages, while the site serves",
  ];
  return [
    `This up upgrades Postgres from ${was} to ${now}. No machine is replaced. Main goes step by step:`,
    ...steps.map((step, i) => `  ${i + 1}. ${step}.`),
    upgrade.postgresKeepDays > 0
      ? `The way back is "postgres-upgrade back" on main, for ${upgrade.postgresKeepDays} days. It gives up what was written since the upgrade.`
      : "There is no way back (upgrade.postgresKeepDays: 0).",
    "A full backup of the new version follows by itself.",
    `If a step fails, Postgres ${was} keeps serving, and the error names the step and the reason.`,
  ];
}
