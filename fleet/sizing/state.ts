/** What Redis and Postgres have to store, from the number of people and the planned outage. */
import { QUEUE_NAMES, type QueueName } from "../../catalogue/queues";
import type { Course, Outage } from "../model/recovery";
import { busyHoursOf, type Workload } from "../model/workload";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Bytes of a home feed with its 800 entries in Redis: measured with real Mastodon, about 100 KB. */
export const FEED_BYTES = 100 * 1024;

/**
 * Bytes of a waiting job in Redis, measured: 0.6 KB if its arguments are ids, up to 2.5 KB if they contain what another server sent or
 * receives.
 */
export const JOB_BYTES: Record<QueueName, number> = {
  default: 600,
  ingress: 2_500,
  push: 2_500,
  pull: 600,
  mailers: 900,
  scheduler: 600,
  fasp: 900,
};

/** Sessions of Sidekiq, trends, counters, locks. Our allowance. */
const OTHER_MIB = 16;

export interface RedisNeed {
  /** Home feeds. */
  feedsMiB: number;
  /** Jobs that wait at the end of the planned outage, or later at the worst moment. */
  jobs: number;
  jobsMiB: number;
  /** The sum. */
  mib: number;
}

/**
 * One feed for each active user. Mastodon keeps one for everybody who has signed in within the last 7 days, and drops it up to a day later
 * (USER_ACTIVE_DAYS, app/lib/vacuum/feeds_vacuum.rb). A month's active users are more than that, which leaves room for the feeds of lists.
 *
 * @param waiting jobs of each queue, in the order of QUEUE_NAMES
 */
function redisNeed(activeUsers: number, waiting: readonly number[]): RedisNeed {
  const feedsMiB = (activeUsers * FEED_BYTES) / MIB;
  const jobsMiB = bytesOf(waiting) / MIB;
  return {
    feedsMiB,
    jobs: waiting.reduce((sum, jobs) => sum + jobs, 0),
    jobsMiB,
    mib: feedsMiB + jobsMiB + OTHER_MIB,
  };
}

const BYTES = QUEUE_NAMES.map((queue) => JOB_BYTES[queue]);
const bytesOf = (waiting: readonly number[]) =>
  waiting.reduce((sum, jobs, q) => sum + jobs * (BYTES[q] ?? 0), 0);

/** What has to fit by the end of an outage in which nothing is done, for any fleet. */
export function redisNeedOf({ activeUsers, queues, nightShare }: Workload, outage: Outage): RedisNeed {
  const { hours, hoursBeforeBusiest } = outage;
  const seconds = 3600 * busyHoursOf(nightShare, -hours - hoursBeforeBusiest, hours);
  return redisNeed(
    activeUsers,
    QUEUE_NAMES.map((queue) => queues[queue].jobsPerSecond * seconds),
  );
}

/** What has to fit at the worst moment of a simulated outage: a queue that gets nothing at first continues to grow after it. */
export function redisPeak({ activeUsers }: Workload, { backlog, hours }: Course): RedisNeed {
  const waiting = (at: number) => backlog.map((jobs) => jobs[at] ?? 0);
  const bytes = hours.map((_, at) => bytesOf(waiting(at)));
  return redisNeed(activeUsers, waiting(bytes.indexOf(Math.max(...bytes))));
}

/** The lowest maxmemory that is accepted: a tenth more than computed. */
export const leastRedisMiB = ({ mib }: RedisNeed): number => Math.ceil(mib * 1.1);

/** maxmemory if none is set: a quarter more than computed, in steps of 32 MiB, and never below 96. */
export const redisMaxMemoryMiB = ({ mib }: RedisNeed): number =>
  Math.max(Math.ceil((mib * 1.25) / 32) * 32, 96);

/** WAL at its largest (fleet/sizing/postgres.ts) shares the volume. */
const WAL_GIB = 4;

/**
 * GiB by which the database grows in a year. Published: 200 MB a day at 500 to 1,000 users (hub.sunny.garden), 93 GB at 30,000 accounts, a
 * volume of 550 GiB at toot.community. Most of it is other servers' posts, and many people's timelines share one copy: hence the fifth root
 * above 1,000 users. Below that, fewer people follow fewer accounts: the square root.
 */
export function databaseGiBPerYear(activeUsers: number): number {
  const thousands = activeUsers / 1000;
  return (200e6 * 365 * Math.min(thousands ** 0.5, thousands ** 0.2)) / GIB;
}

/** GiB used on the data volume after the first year: the database, WAL, and Redis' file twice while it is rewritten. */
export const volumeAfterAYear = (activeUsers: number, redis: { maxMemoryMiB: number }): number =>
  databaseGiBPerYear(activeUsers) + WAL_GIB + (2 * redis.maxMemoryMiB) / 1024;

/** A volume that lasts that long, in tens of GiB. */
export const volumeForAYear = (activeUsers: number, redis: { maxMemoryMiB: number }): number =>
  Math.ceil(volumeAfterAYear(activeUsers, redis) / 10) * 10;
