/**
 * What Mastodon's jobs cost: measured with real Mastodon 4.6.5 on Ruby 3.3 with YJIT, one vCPU of an AMD EPYC, about 45,000 jobs
 * (docs/capacity.md, "Jobs"). CPU is the thread's own with system time; SQL agrees with pg_stat_statements.
 */
import type { QueueName } from "../../catalogue/queues";

/** What one job takes, on average. */
export interface Job {
  /** Of one dedicated vCPU, in Ruby. */
  cpuMs: number;
  /** For other servers' answers, S3, the mail relay. */
  waitMs: number;
  /** Queries and transactions that it waits for, one after the other. */
  roundTrips: number;
  /** The same to Redis. */
  redisTrips: number;
}

const job = (cpuMs: number, roundTrips: number, redisTrips: number, waitMs = 0): Job => ({
  cpuMs,
  roundTrips,
  redisTrips,
  waitMs,
});

/**
 * Another server's answer. In the measurement it took 100 ms; on the internet it is a round trip across a continent, TLS included, and a slow
 * one now and then. Chosen.
 */
const ANSWER_MS = 250;

/** Activities from other servers that make a job in `ingress` (ActivityPub::ProcessingWorker). */
export const ACTIVITIES = {
  text: job(8.7, 13, 6),
  hashtag: job(17, 16, 9),
  mention: job(13, 16, 6),
  picture: job(76, 23, 9, 245),
  fourPictures: job(232, 46, 9, 1800),
  boostOfKnown: job(12, 19, 4),
  boostOfUnknown: job(107, 47, 19, 860),
  like: job(9.5, 10, 4),
  updatedPost: job(17, 21, 5),
  updatedActor: job(29, 12, 3, 3 * ANSWER_MS),
  delete: job(33, 41, 29),
  undo: job(8, 14, 4),
  follow: job(14, 24, 13),
} as const satisfies Record<string, Job>;

export type Activity = keyof typeof ACTIVITIES;

/** What follows from an activity or a local post, by Mastodon's class. */
export const FOLLOWING_JOBS = {
  feedInsert: { queue: "default", ...job(5.7, 12, 6) },
  distribution: { queue: "default", ...job(19, 15, 7) },
  pushUpdate: { queue: "default", ...job(4.2, 7, 3) },
  notification: { queue: "default", ...job(11.7, 17, 6) },
  webhook: { queue: "default", ...job(17, 13, 2) },
  delivery: { queue: "push", ...job(7.5, 3, 3, ANSWER_MS) },
  localDistribution: { queue: "push", ...job(84, 18, 4) },
  // 175 of 3,231 had a link; two requests for it.
  linkCrawl: { queue: "pull", ...job(4.5, 1.8, 0.4, 0.05 * 2 * ANSWER_MS) },
  threadResolve: { queue: "pull", ...job(32, 24, 10, 2 * ANSWER_MS) },
  mail: { queue: "mailers", ...job(49, 7, 0, 150) },
  // Three a minute and two every five minutes were measured, of 1 to 100 ms. The nightly clean-ups were not: hence ten times as much. Chosen.
  scheduled: { queue: "scheduler", ...job(100, 50, 40) },
  // Not measured; a small job with a request. Chosen.
  fasp: { queue: "fasp", ...job(10, 5, 3, ANSWER_MS) },
} as const satisfies Record<string, Job & { queue: QueueName }>;

export type FollowingJob = keyof typeof FOLLOWING_JOBS;

/** A process' CPU was a tenth more than that of its jobs: it fetches them, writes logs, sends its heartbeat. */
export const PROCESS_OVERHEAD = 1.1;

/** Postgres' and pgbouncer's CPU for a round trip: 3.0 ms for the 10.5 of a job of the mix; by kind 0.27 to 0.38. */
export const DATABASE_MS_PER_ROUND_TRIP = 0.29;

/** Redis' CPU for a round trip. It has one core, whatever the machine has. */
export const REDIS_MS_PER_ROUND_TRIP = 0.06;

/** Round trips that Sidekiq itself makes for a job: it takes the job from its queue. It keeps counts in the process (sidekiq:lib/sidekiq/processor.rb). */
export const REDIS_TRIPS_OF_SIDEKIQ = 1;
