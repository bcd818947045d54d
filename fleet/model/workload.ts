/** What an instance asks of its machines: jobs of each queue, the cost of one job, and the course of a day. */
import { QUEUE_NAMES, type QueueName } from "../../catalogue/queues";
import { fanOut, type Happenings, happeningsOf, incomingPerSecond, type Reach } from "./activities";
import {
  ACTIVITIES,
  type Activity,
  DATABASE_MS_PER_ROUND_TRIP,
  FOLLOWING_JOBS,
  type FollowingJob,
  type Job,
  PROCESS_OVERHEAD,
  REDIS_MS_PER_ROUND_TRIP,
  REDIS_TRIPS_OF_SIDEKIQ,
} from "./jobs";
import { webCoresOf } from "./web";

export interface QueueLoad extends Job {
  /** At the busy hour. */
  jobsPerSecond: number;
}

/** CPU of one round trip on main, in ms of a dedicated vCPU. */
export interface TripCosts {
  /** In Postgres and pgbouncer. */
  databaseMs: number;
  /** In Redis, which has one core. */
  redisMs: number;
}

export interface Workload {
  /** People who use the instance in a month. */
  activeUsers: number;
  /** Today's size of the database; 0 for a new instance. */
  databaseGiB: number;
  queues: Record<QueueName, QueueLoad>;
  tripCosts: TripCosts;
  /** Dedicated vCPUs that web, streaming and their queries keep busy at the busy hour, on main. */
  webCores: number;
  /** Load at the quietest hour as a share of the busy hour's, 0 to 1. */
  nightShare: number;
  /** What Redis holds, where it was measured: bytes of a home feed, and of one waiting job. */
  feedBytes?: number | undefined;
  jobBytes?: Readonly<Partial<Record<QueueName, number | undefined>>>;
}

/** A part that is there without users, and one that grows with each thousand active ones. */
interface Line {
  base: number;
  perThousandUsers: number;
}

/** What was measured for a queue; the rest is derived. Its rate is one number, or a base and a slope. */
type MeasuredLoad = Partial<
  Record<keyof QueueLoad | "basePerSecond" | "perThousandUsers" | "jobBytes", number | undefined>
>;

/** What a stack may say about its load. */
export interface WorkloadSettings {
  activeUsers: number;
  databaseGiB?: number;
  nightPercent: number;
  /** Activities from other servers at the busy hour, as measured; derived from the users where absent. */
  incomingPerSecond?: number | undefined;
  webCores?: number | undefined;
  /** The same, as a base and a slope. */
  web?: { baseCores: number; perThousandUsers: number } | undefined;
  /** CPU on main of a query, and of a round trip to Redis, as measured. */
  queryMs?: number | undefined;
  redisTripMs?: number | undefined;
  feedBytes?: number | undefined;
  queues: Readonly<Partial<Record<QueueName, MeasuredLoad | undefined>>>;
}

/** Today's Mastodon. */
export const TRIP_COSTS: TripCosts = {
  databaseMs: DATABASE_MS_PER_ROUND_TRIP,
  redisMs: REDIS_MS_PER_ROUND_TRIP,
};

/** Load relative to the busiest moment, `hours` from it: a cosine over the day. */
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

/** Jobs of a queue: as many a second, each with the mean cost of its kinds. */
function loadOf(kinds: readonly (Job & { jobsPerSecond: number })[]): QueueLoad {
  const jobsPerSecond = kinds.reduce((sum, kind) => sum + kind.jobsPerSecond, 0);
  const mean = (cost: keyof Job) =>
    jobsPerSecond === 0
      ? (kinds[0]?.[cost] ?? 0)
      : kinds.reduce((sum, kind) => sum + kind[cost] * kind.jobsPerSecond, 0) / jobsPerSecond;
  return {
    jobsPerSecond,
    cpuMs: mean("cpuMs") * PROCESS_OVERHEAD,
    waitMs: mean("waitMs"),
    roundTrips: mean("roundTrips"),
    redisTrips: mean("redisTrips") + REDIS_TRIPS_OF_SIDEKIQ,
  };
}

/** All jobs of what happens, by queue. */
export function queueLoads(happenings: Happenings, reach: Reach): Record<QueueName, QueueLoad> {
  const following = fanOut(happenings, reach);
  const kinds = Object.keys(FOLLOWING_JOBS) as FollowingJob[];
  return perQueue((queue) =>
    loadOf(
      queue === "ingress"
        ? (Object.keys(ACTIVITIES) as Activity[]).map((activity) => ({
            ...ACTIVITIES[activity],
            jobsPerSecond: happenings.incoming[activity],
          }))
        : kinds
            .filter((kind) => FOLLOWING_JOBS[kind].queue === queue)
            .map((kind) => ({ ...FOLLOWING_JOBS[kind], jobsPerSecond: following[kind] })),
    ),
  );
}

const at = ({ base, perThousandUsers }: Line, activeUsers: number) =>
  base + (perThousandUsers * activeUsers) / 1000;

/** Jobs/s of a queue at the busy hour, if they were measured. */
function measuredRate(
  { jobsPerSecond, basePerSecond, perThousandUsers }: MeasuredLoad,
  activeUsers: number,
): number | undefined {
  if (basePerSecond === undefined && perThousandUsers === undefined) return jobsPerSecond;
  return at({ base: basePerSecond ?? 0, perThousandUsers: perThousandUsers ?? 0 }, activeUsers);
}

/** Jobs/s and costs of each queue at the busy hour: as given, or else from the people and what they bring about. */
export function workloadOf({
  activeUsers,
  databaseGiB = 0,
  nightPercent,
  incomingPerSecond: incomingAtBusyHour,
  webCores,
  web,
  queryMs,
  redisTripMs,
  feedBytes,
  queues,
}: WorkloadSettings): Workload {
  const nightShare = nightPercent / 100;
  // What happens is a day's mean; at the busy hour it is so many times as much.
  const busy = 1 / meanOfDay(nightShare);
  const incoming = incomingAtBusyHour ?? incomingPerSecond(activeUsers) * busy;
  const { happenings, reach } = happeningsOf(activeUsers, incoming / busy);
  const loads = queueLoads(happenings, reach);
  return {
    activeUsers,
    databaseGiB,
    queues: perQueue((queue) => {
      const { jobsPerSecond, basePerSecond, perThousandUsers, jobBytes, ...costs } = queues[queue] ?? {};
      const rate = measuredRate({ jobsPerSecond, basePerSecond, perThousandUsers }, activeUsers);
      return {
        ...loads[queue],
        // Periodic jobs have no busy hour.
        jobsPerSecond: rate ?? loads[queue].jobsPerSecond * (queue === "scheduler" ? 1 : busy),
        ...definedOf(costs),
      };
    }),
    tripCosts: {
      databaseMs: queryMs ?? TRIP_COSTS.databaseMs,
      redisMs: redisTripMs ?? TRIP_COSTS.redisMs,
    },
    webCores:
      webCores ??
      (web
        ? at({ base: web.baseCores, perThousandUsers: web.perThousandUsers }, activeUsers)
        : webCoresOf(activeUsers, incoming)),
    nightShare,
    feedBytes,
    jobBytes: perQueue((queue) => queues[queue]?.jobBytes),
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
