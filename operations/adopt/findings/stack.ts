/** The new stack's settings, next to the old instance. */

import { situationOf } from "../../../fleet/situation";
import { volumeFor } from "../../../fleet/sizing/database";
import { redisMaxMemoryMiB, redisNeedOf } from "../../../fleet/sizing/state";
import { setCommand } from "../../../settings/secrets";
import type { Facts } from "../facts";
import { type Finding, refusal, warning } from "../finding";
import { MOVED_SECRET_NAMES, MOVED_SECRETS } from "../secretNames";
import type { NewStack } from "../stack";

export const stackFindings = (facts: Facts, stack: NewStack): Finding[] => [
  ...nameFindings(facts, stack),
  ...secretFindings(facts, stack),
  ...sizeFindings(facts, stack),
];

function nameFindings({ values }: Facts, { settings, web }: NewStack): Finding[] {
  const domain = values.LOCAL_DOMAIN ?? "";
  const oldWeb = values.WEB_DOMAIN || domain;
  return [
    ...(domain !== settings.domain
      ? [
          refusal(
            "domain",
            `LOCAL_DOMAIN is ${domain || "not set"}, and the stack's domain is ${settings.domain}: other servers know every account by it`,
            `Write domain: ${domain || "the instance's"}.`,
          ),
        ]
      : []),
    ...(domain === settings.domain && oldWeb !== web
      ? [
          refusal(
            "domain",
            `the web interface is at ${oldWeb}, and the stack's would be at ${web}: other servers know every post by it`,
            oldWeb === domain ? "Leave out webDomain." : `Write webDomain: ${oldWeb}.`,
          ),
        ]
      : []),
  ];
}

/** A warning only: `secrets` sets them, and the first `up` has to wait for it. */
function secretFindings({ secrets }: Facts, { secrets: set, name }: NewStack): Finding[] {
  const found = MOVED_SECRET_NAMES.filter((one) => secrets[MOVED_SECRETS[one]] === "fits");
  const missing = found.filter((one) => !set.includes(one));
  if (missing.length === 0) return [];
  return [
    warning(
      "secrets",
      `the stack does not have ${missing.join(", ")} yet`,
      `Before the first up: npm run adopt -- secrets --from HOST --stack ${name} (or ${setCommand(missing[0] ?? "secretKeyBase")}).`,
    ),
  ];
}

const gib = (bytes: number) => bytes / 2 ** 30;

/** While it is restored, the volume also has the dump, a quarter of the database (services/recovery/restore-dump), and the empty one. */
const WHILE_RESTORED = 1.3;

export const volumeNeededGiB = (databaseBytes: number, maxMemoryMiB: number) =>
  volumeFor(gib(databaseBytes) * WHILE_RESTORED, { maxMemoryMiB });

/** What main's Redis may use. */
function redisLimitMiB(settings: NewStack["settings"]): number {
  const { workload, outage } = situationOf(settings);
  return settings.main.redis.maxMemoryMiB ?? redisMaxMemoryMiB(redisNeedOf(workload, outage));
}

/** With so much of it in use on the first day, a backlog would fill Redis, which then refuses jobs. */
const REDIS_FULLNESS = 0.8;

function sizeFindings({ database, redis, people }: Facts, { settings }: NewStack): Finding[] {
  const { main, workload } = settings;
  const databaseGiB = gib(database?.bytes ?? 0);
  const maxMemoryMiB = redisLimitMiB(settings);
  const redisMiB = Math.ceil((redis?.usedBytes ?? 0) / 2 ** 20);
  const needed = volumeNeededGiB(database?.bytes ?? 0, maxMemoryMiB);
  const rounded = Math.ceil(databaseGiB * 10) / 10;
  return [
    ...(main.volumeGiB < needed
      ? [
          refusal(
            "volume",
            `main.volumeGiB is ${main.volumeGiB}, and the database of ${databaseGiB.toFixed(1)} GiB, its dump and Redis take ${needed} while they are restored`,
            `Write main.volumeGiB: ${needed}, or more to grow.`,
          ),
        ]
      : []),
    ...(redisMiB > maxMemoryMiB * REDIS_FULLNESS
      ? [
          refusal(
            "Redis",
            `it uses ${redisMiB} MiB, and main's gets ${maxMemoryMiB} MiB`,
            `Write main.redis.maxMemoryMiB: ${redisMaxMemoryMiB({ mib: redisMiB })}; or make it smaller there: cached entries and dead jobs need not come along.`,
          ),
        ]
      : []),
    ...(databaseGiB >= 1 && workload.databaseGiB < databaseGiB * 0.9
      ? [
          warning(
            "size",
            `workload.databaseGiB is ${workload.databaseGiB}, and the database has ${databaseGiB.toFixed(1)} GiB`,
            `Write workload.databaseGiB: ${rounded}: main's memory and volume are judged by it.`,
          ),
        ]
      : []),
    ...(people && people.active > workload.activeUsers
      ? [
          warning(
            "size",
            `${people.active} people signed in within 30 days, and workload.activeUsers is ${workload.activeUsers}`,
            `Write workload.activeUsers: ${people.active}, and run npm run plan.`,
          ),
        ]
      : []),
  ];
}
