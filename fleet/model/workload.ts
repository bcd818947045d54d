/** What an instance asks of its machines: jobs of each queue, the cost of one job, and the course of a day. */
import { QUEUE_NAMES, type QueueName } from "../../catalogue/queues";

/** The cost of one job, on average. */
export interface Job {
  /** Milliseconds of one dedicated vCPU, in Ruby. */
  cpuMs: number;
  /** Milliseconds of waiting for other servers' answers, S3, the mail relay. */
  waitMs: number;
  /** Queries and transactions that it waits for, one after the other. */
  roundTrips: number;
}

export interface QueueLoad extends Job {
  /** At the busy hour. */
  jobsPerSecond: number;
}

export interface Workload {
  /** People who use the instance in a month. */
  activeUsers: number;
  queues: Record<QueueName, QueueLoad>;
  /** Dedicated vCPUs on main that web, streaming and their queries keep busy at the busy hour. */
  webCores: number;
  /** Load at the quietest hour as a share of the busy hour's, 0 to 1. */
  nightShare: number;
}

/** What was measured for a queue; the rest is derived. */
type MeasuredLoad = Partial<Record<keyof QueueLoad, number | undefined>>;

/** What a stack may say about its load. */
export interface WorkloadSettings {
  activeUsers: number;
  nightPercent: number;
  webCores?: number | undefined;
  queues: Readonly<Partial<Record<QueueName, MeasuredLoad | undefined>>>;
}

/** kujoe.blog: some 10,000 active users make 3.0 to 3.5 million jobs a day. This is the middle. */
export const JOBS_PER_USER_DAY = 325;

/**
 * Share of each queue in all jobs. Nobody publishes these shares. They were set by what the queues are for (other servers' posts outnumber
 * one's own; each is one ingress job and reaches feeds through default), and kept when the rest was calibrated on the story.
 */
export const SHARE: Record<Exclude<QueueName, "scheduler">, number> = {
  default: 0.25,
  ingress: 0.4,
  push: 0.22,
  pull: 0.11,
  mailers: 0.01,
  fasp: 0.01,
};

/** The same for any instance: config/sidekiq.yml has a handful of jobs every five minutes, the others hourly or daily. */
const SCHEDULED_PER_SECOND = 0.02;

/**
 * Round trips: default and ingress as in the measurement of a tailnet's delay (docs/capacity.md), the others by what a job reads. CPU: 1 ms
 * of Ruby per round trip, more if a job signs or renders; together calibrated on the story, in which one core of a shared machine did about
 * 26 jobs/s. Wait: another server answers in a fraction of a second. Scheduled jobs are long.
 */
export const JOBS: Record<QueueName, Job> = {
  default: { cpuMs: 40, waitMs: 20, roundTrips: 30 },
  ingress: { cpuMs: 30, waitMs: 20, roundTrips: 30 },
  push: { cpuMs: 8, waitMs: 250, roundTrips: 4 },
  pull: { cpuMs: 25, waitMs: 400, roundTrips: 15 },
  mailers: { cpuMs: 40, waitMs: 200, roundTrips: 10 },
  scheduler: { cpuMs: 500, waitMs: 0, roundTrips: 200 },
  fasp: { cpuMs: 10, waitMs: 200, roundTrips: 5 },
};

/** Postgres', pgbouncer's and the kernel's CPU for one round trip, on main. Calibrated: simple indexed queries take 0.1 to 0.5 ms. */
export const DATABASE_MS_PER_ROUND_TRIP = 0.25;

/**
 * Dedicated vCPUs for the web of 1,000 active users at the busy hour. Calibrated: in the story, web, database and about one core of Sidekiq
 * exhausted six shared vCPUs at the busy hour.
 */
export const WEB_CORES_PER_1000_USERS = 0.5;

/** Load relative to the busiest moment, which is `hours` away: a cosine over the day. */
export function courseOfDay(nightShare: number, hours: number): number {
  return (1 + nightShare) / 2 + ((1 - nightShare) / 2) * Math.cos((2 * Math.PI * hours) / 24);
}

/** What `hours` from `start` on bring, in hours of the busiest load: the integral of the course. */
export function busyHoursOf(nightShare: number, start: number, hours: number): number {
  const area = (at: number) => Math.sin((2 * Math.PI * at) / 24) * (24 / (2 * Math.PI));
  return meanOfDay(nightShare) * hours + ((1 - nightShare) / 2) * (area(start + hours) - area(start));
}

/** The mean of a day's course. */
export const meanOfDay = (nightShare: number) => (1 + nightShare) / 2;

/** Jobs/s and costs of each queue: as given, otherwise from the number of active users and the tables above. */
export function workloadOf({ activeUsers, nightPercent, webCores, queues }: WorkloadSettings): Workload {
  const nightShare = nightPercent / 100;
  const busyJobs = (activeUsers * JOBS_PER_USER_DAY) / 86_400 / meanOfDay(nightShare);
  return {
    activeUsers,
    queues: perQueue((queue) => ({
      jobsPerSecond: queue === "scheduler" ? SCHEDULED_PER_SECOND : busyJobs * SHARE[queue],
      ...JOBS[queue],
      ...definedOf(queues[queue]),
    })),
    webCores: webCores ?? (activeUsers / 1000) * WEB_CORES_PER_1000_USERS,
    nightShare,
  };
}

export const jobsPerSecond = ({ queues }: Workload) =>
  QUEUE_NAMES.reduce((sum, queue) => sum + queues[queue].jobsPerSecond, 0);

/** In a month of 30 days. */
export const jobsPerMonth = (workload: Workload) =>
  jobsPerSecond(workload) * meanOfDay(workload.nightShare) * 86_400 * 30;

export function perQueue<T>(value: (queue: QueueName) => T): Record<QueueName, T> {
  return Object.fromEntries(QUEUE_NAMES.map((queue) => [queue, value(queue)])) as Record<QueueName, T>;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function definedOf<T extends object>(values: T | undefined): Defined<T> {
  return Object.fromEntries(
    Object.entries(values ?? {}).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
