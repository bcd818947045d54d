/** What Redis has to hold, from the people and the outage that is planned for. */
import { QUEUE_NAMES, type QueueName } from "../../catalogue/queues";
import { busyHours, type Course, type Outage } from "../model/recovery";
import type { Workload } from "../model/workload";

const MIB = 2 ** 20;

/** Entries of a home feed at the most (FeedManager::MAX_ITEMS), and its bytes in Redis then: measured with real Mastodon, about 100 KB. */
export const FEED_ENTRIES = 800;
const FULL_FEED_BYTES = 100_000;

/** Of new people and of those with few follows they are not full: 500 of a real Mastodon took 41 MiB with everything else in Redis. */
export const FEED_FULLNESS = 0.85;
export const FEED_BYTES = FULL_FEED_BYTES * FEED_FULLNESS;

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

/** Sessions of Sidekiq, trends, counters, locks, and Redis itself. Our allowance. */
const OTHER_MIB = 4;

export interface RedisNeed {
  /** Home feeds. */
  feedsMiB: number;
  /** Jobs that wait at the end of the planned outage, or later at the worst moment. */
  jobs: number;
  jobsMiB: number;
  /** The sum. */
  mib: number;
}

/** GiB of the home feeds in a copy of Redis' file. Chosen: in the file, compressed, a feed takes a fifth of its memory. */
export const redisCopyGiB = (activeUsers: number, feedBytes?: number): number =>
  feedsMiB(activeUsers, feedBytes) / 1024 / 5;

const feedsMiB = (activeUsers: number, feedBytes = FEED_BYTES) => (activeUsers * feedBytes) / MIB;

/**
 * One feed for each active user. Mastodon keeps one for everybody who has signed in within the last 7 days, and drops it up to a day later
 * (USER_ACTIVE_DAYS, app/lib/vacuum/feeds_vacuum.rb). A month's active users are more than that, which leaves room for the feeds of lists.
 *
 * @param waiting jobs of each queue, in the order of QUEUE_NAMES
 */
function redisNeed({ activeUsers, feedBytes, jobBytes }: Held, waiting: readonly number[]): RedisNeed {
  const feeds = feedsMiB(activeUsers, feedBytes);
  const jobsMiB = bytesOf(waiting, jobBytes) / MIB;
  return {
    feedsMiB: feeds,
    jobs: waiting.reduce((sum, jobs) => sum + jobs, 0),
    jobsMiB,
    mib: feeds + jobsMiB + OTHER_MIB,
  };
}

type Held = Pick<Workload, "activeUsers" | "feedBytes" | "jobBytes">;

const bytesOf = (waiting: readonly number[], measured: Workload["jobBytes"]) =>
  QUEUE_NAMES.reduce((sum, queue, q) => sum + (waiting[q] ?? 0) * (measured?.[queue] ?? JOB_BYTES[queue]), 0);

/** What has to fit by the end of an outage in which nothing is done, for any fleet. */
export function redisNeedOf(workload: Workload, outage: Outage): RedisNeed {
  const seconds = 3600 * busyHours(workload.nightShare, outage);
  return redisNeed(
    workload,
    QUEUE_NAMES.map((queue) => workload.queues[queue].jobsPerSecond * seconds),
  );
}

/** What has to fit at the worst moment of a simulated outage: a queue that gets nothing at first continues to grow after it. */
export function redisPeak(workload: Held, { backlog, hours }: Course): RedisNeed {
  const waiting = (at: number) => backlog.map((jobs) => jobs[at] ?? 0);
  const bytes = hours.map((_, at) => bytesOf(waiting(at), workload.jobBytes));
  return redisNeed(workload, waiting(bytes.indexOf(Math.max(...bytes))));
}

/** The least maxmemory that is accepted: a tenth on top of what is computed. */
export const leastRedisMiB = ({ mib }: RedisNeed): number => Math.ceil(mib * 1.1);

/** maxmemory if none is set: a quarter more than computed, in steps of 32 MiB, and never below 96. */
export const redisMaxMemoryMiB = ({ mib }: Pick<RedisNeed, "mib">): number =>
  Math.max(Math.ceil((mib * 1.25) / 32) * 32, 96);
