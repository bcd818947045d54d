/** Queues and feeds, which are in Redis. */
import type { Facts, RedisFact } from "../facts";
import { type Finding, refusal, warning } from "../finding";

/** Debian 13's Redis is 8.0, and reads what itself and older ones wrote; of Valkey up to 8, which writes as Redis 7.2 does. */
export const comesAlong = ({ version, valkey }: RedisFact): boolean =>
  valkey !== undefined ? Number.parseFloat(valkey) < 9 : Number.parseFloat(version) < 8.1;

/** The old instance's number of the Redis database that comes along; undefined if none does. */
export const redisAlong = ({ redis, values }: Pick<Facts, "redis" | "values">): string | undefined =>
  redis && comesAlong(redis) ? values.REDIS_DB || "0" : undefined;

const waiting = ({ queues }: RedisFact) =>
  Object.entries(queues)
    .filter(([queue]) => queue !== "(dead)" && queue !== "(schedule)")
    .reduce((sum, [, jobs]) => sum + jobs, 0);

/** More jobs than that take minutes here, too. */
const MANY_JOBS = 10_000;

export function redisFindings({ redis, values, names }: Facts): Finding[] {
  const separate = ["SIDEKIQ_REDIS_URL", "SIDEKIQ_REDIS_HOST"].find((name) => names.includes(name));
  return [
    ...(values.REDIS_NAMESPACE
      ? [
          refusal(
            "Redis",
            `REDIS_NAMESPACE is ${values.REDIS_NAMESPACE}, with which Mastodon 4.4 and later do not start`,
            "Remove it on the way to 4.4, as that release's notes say.",
          ),
        ]
      : []),
    ...(separate
      ? [
          warning(
            "Redis",
            `Sidekiq has a separate Redis (${separate}), and only the other one is taken along`,
            "Let its queues run empty before the move: /sidekiq shows them.",
          ),
        ]
      : []),
    ...(redis && !comesAlong(redis)
      ? [
          warning(
            "Redis",
            `${redis.valkey ? `Valkey ${redis.valkey}` : `Redis ${redis.version}`} writes dumps that main's Redis 8.0 does not read, so queues and feeds stay behind`,
            "Let the queues run empty before the move. move rebuilds the home feeds.",
          ),
        ]
      : []),
    ...(redis && waiting(redis) > MANY_JOBS
      ? [
          warning(
            "queues",
            `${waiting(redis).toLocaleString("en-US")} jobs wait, and would come along`,
            "Move when they are fewer, unless the old server cannot keep up.",
          ),
        ]
      : []),
  ];
}
