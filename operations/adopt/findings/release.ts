/** Mastodon's release, and its migrations. */
import { versionOf } from "../../../catalogue/releases";
import type { Facts } from "../facts";
import { type Finding, refusal, warning } from "../finding";
import { releasePath } from "../releasePath";

export const releaseFindings = (facts: Facts, target: string): Finding[] => [
  ...versionFindings(facts, target),
  ...migrationFindings(facts),
];

function versionFindings({ version, database, redis }: Facts, target: string): Finding[] {
  const path = releasePath(version, target);
  const minor = versionOf(target).minor;
  if (path.kind === "unknown")
    return [
      refusal(
        "Mastodon",
        `its release is not known${version ? `: ${version}` : ""}`,
        "Start it, so that its lib/mastodon/version.rb can be read.",
      ),
    ];
  if (path.kind === "newer")
    return [
      refusal(
        "Mastodon",
        `it runs ${version}, and the stack's mastodonVersion is ${target}: older code does not know the database of a newer release`,
        `Write mastodonVersion: v${/^[\d.]+/.exec(version)?.[0]}.`,
      ),
    ];
  if (path.kind === "older") {
    const postgres = (database?.version ?? 0) / 10_000;
    const redisVersion = Number.parseFloat(redis?.version ?? "") || 0;
    // What one release has asked for is there for the next.
    let [hasPostgres, hasRedis] = [postgres || 99, redisVersion || 99];
    const steps = path.through.map(({ minor: one, postgres: p, redis: r }) => {
      const needs = [...(hasPostgres < p ? [`Postgres ${p}`] : []), ...(hasRedis < r ? [`Redis ${r}`] : [])];
      [hasPostgres, hasRedis] = [Math.max(hasPostgres, p), Math.max(hasRedis, r)];
      return needs.length > 0 ? `${one} (after ${needs.join(" and ")})` : one;
    });
    return [
      refusal(
        "Mastodon",
        `it runs ${version}, which is too old for ${target}: one release of every minor has to run on the way`,
        `Upgrade it where it is, to the newest release of ${steps.join(", then ")}. Patch releases may be skipped. The last step, to ${minor}, happens here.`,
      ),
    ];
  }
  return [
    ...(path.kind === "one minor before"
      ? [
          warning(
            "Mastodon",
            `it runs ${version}, so the migrations of ${minor} run while the site is down`,
            `To make the move shorter, upgrade it to ${target} first.`,
          ),
        ]
      : []),
    ...(/^\d+\.\d+\.\d+[+-]/.test(version)
      ? [
          warning(
            "Mastodon",
            `${version} is not a release of Mastodon itself; here it becomes ${target}, and what the fork adds is gone`,
          ),
        ]
      : []),
  ];
}

const some = (versions: readonly string[]) =>
  versions.length <= 3
    ? versions.join(", ")
    : `${versions.slice(0, 3).join(", ")} and ${versions.length - 3} more`;

function migrationFindings({ migrations: { code, database } }: Facts): Finding[] {
  if (!code || !database) return [];
  const [inCode, inDatabase] = [new Set(code), new Set(database)];
  const pending = code.filter((version) => !inDatabase.has(version));
  const foreign = database.filter((version) => !inCode.has(version));
  return [
    ...(pending.length > 0
      ? [
          refusal(
            "migrations",
            `${pending.length} of its release have not run, or failed: ${some(pending)}`,
            "Run them there: bin/rails db:migrate (docker compose run --rm web bin/rails db:migrate).",
          ),
        ]
      : []),
    ...(foreign.length > 0
      ? [
          warning(
            "migrations",
            `the database has ${foreign.length} that its code does not know: ${some(foreign)}. They come from a fork or a later release`,
          ),
        ]
      : []),
  ];
}
