/**
 * The instance of docs/architecture.md's story in the model, with the numbers of its time: Mastodon 3.5 on Ruby 3.0 without YJIT, on shared
 * CPUs of 2018's plans, in the flood of November 2022. Nobody measured what a job cost then. These numbers were chosen once, so that one set of
 * them explains the whole story; nothing else uses them.
 */
import { type DropletSize, dropletSize } from "../../catalogue/droplets";
import { QUEUE_NAMES, QUEUES, type QueueName, type SidekiqProcess } from "../../catalogue/queues";
import type { Situation } from "./evaluate";
import { type Fleet, type FleetHost, mainHost, poolHost } from "./fleet";
import type { Job } from "./jobs";
import { meanOfDay, perQueue, type Workload, workloadOf } from "./workload";

/**
 * A droplet size of 2018 that DigitalOcean no longer sells. It cost $80 until the price of all Basic plans rose by a fifth on 2022-07-01.
 * Today, 16 GiB with shared vCPUs also cost $96 (s-8vcpu-16gb).
 */
export const STORY_MAIN: DropletSize = {
  slug: "s-6vcpu-16gb",
  vcpus: 6,
  memoryMiB: 16_384,
  diskGiB: 320,
  transferTiB: 6,
  priceMonthly: 96,
  cpu: "shared",
};

/** 6,000 active users, each with 325 jobs a day: kujoe.blog published 3.0 to 3.5 million a day for some 10,000. */
const USERS = 6000;
const JOBS_PER_USER_DAY = 325;
const NIGHT_SHARE = 0.2;

/** Share of a queue in all jobs, and its jobs: together one core of a shared machine did 26 jobs/s. */
const QUEUES_THEN: Record<Exclude<QueueName, "scheduler">, { share: number } & Omit<Job, "redisTrips">> = {
  default: { share: 0.25, cpuMs: 40, waitMs: 20, roundTrips: 30 },
  ingress: { share: 0.4, cpuMs: 30, waitMs: 20, roundTrips: 30 },
  push: { share: 0.22, cpuMs: 8, waitMs: 250, roundTrips: 4 },
  pull: { share: 0.11, cpuMs: 25, waitMs: 400, roundTrips: 15 },
  mailers: { share: 0.01, cpuMs: 40, waitMs: 200, roundTrips: 10 },
  fasp: { share: 0.01, cpuMs: 10, waitMs: 200, roundTrips: 5 },
};

function workloadThen(): Workload {
  const busyJobs = (USERS * JOBS_PER_USER_DAY) / 86_400 / meanOfDay(NIGHT_SHARE);
  return {
    activeUsers: USERS,
    databaseGiB: 0,
    queues: perQueue((queue) => {
      if (queue === "scheduler")
        return { jobsPerSecond: 0.02, cpuMs: 500, waitMs: 0, roundTrips: 200, redisTrips: 0 };
      const { share, ...job } = QUEUES_THEN[queue];
      return { jobsPerSecond: busyJobs * share, redisTrips: 0, ...job };
    }),
    tripCosts: { databaseMs: 0.25, redisMs: 0 },
    // Half a vCPU for 1,000 people: six shared vCPUs were exhausted by web, database and about one core of Sidekiq.
    webCores: 3,
    nightShare: NIGHT_SHARE,
  };
}

/** A morning's outage: the busiest moment came five hours after its end. The numbers are the whole truth, so nothing is added for safety. */
export const STORY: Situation = {
  workload: workloadThen(),
  conditions: { sharedCpu: 0.7, rttMs: 1, tailnetMs: 0, safetyFactor: 1 },
  outage: { hours: 2, hoursBeforeBusiest: 5 },
  catchUpHours: 2,
};

/** The same people, machines and outage with today's Mastodon, as it was measured. */
export const STORY_TODAY: Situation = {
  ...STORY,
  workload: workloadOf({ activeUsers: USERS, nightPercent: 100 * NIGHT_SHARE, queues: {} }),
  conditions: { ...STORY.conditions, tailnetMs: 0.1 },
};

/** The same at the worst time: work begins again at the busiest moment. */
export const AT_THE_BUSIEST: Situation = { ...STORY, outage: { hours: 2, hoursBeforeBusiest: 0 } };

function serving(queues: readonly QueueName[], threads: number, replicas = 1): SidekiqProcess {
  return {
    queues: Object.fromEntries(queues.map((queue) => [queue, QUEUES[queue].weight])),
    threads,
    replicas,
  };
}

const onMain = (...sidekiq: SidekiqProcess[]): FleetHost => mainHost(STORY_MAIN, sidekiq);

function worker(...sidekiq: SidekiqProcess[]): FleetHost {
  const size = dropletSize("c-2");
  if (!size) throw new Error("c-2 is not in the catalogue");
  return poolHost(0, { name: "default", size, count: 1, sidekiq });
}

const fleetOf = (main: FleetHost, ...pools: FleetHost[]): Fleet => ({
  hosts: [main, ...pools],
  volumeGiB: 0,
  overrides: {},
});

// Mastodon 3.5 had no `ingress`: what other servers deliver was in `default` until mastodon/mastodon#20264, two days after the story.
const LOCAL: QueueName[] = ["default", "ingress"];
const federation = serving(["push", "pull", "mailers", "fasp"], 25);
const tiny = serving(["scheduler"], 5);

/** Its stages, in the story's order. */
export const STORY_FLEETS = {
  tenThreads: fleetOf(onMain(serving(QUEUE_NAMES, 10))),
  twentyThreads: fleetOf(onMain(serving(QUEUE_NAMES, 20))),
  split: fleetOf(onMain(serving(LOCAL, 25), federation, tiny)),
  /** What nobody tried: a second process for the queues that are behind. */
  splitTwice: fleetOf(onMain(serving(LOCAL, 25, 2), federation, tiny)),
  defaultOffHost: fleetOf(onMain(federation, tiny), worker(serving(LOCAL, 5, 2))),
};
