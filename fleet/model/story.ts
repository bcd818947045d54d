/**
 * The instance of docs/architecture.md's story in the model. The workload's calibrated numbers were chosen for it, once, and
 * docs/capacity.md shows it.
 */
import { type DropletSize, dropletSize } from "../../catalogue/droplets";
import { QUEUE_NAMES, QUEUES, type QueueName, type SidekiqProcess } from "../../catalogue/queues";
import type { Situation } from "./evaluate";
import { type Fleet, type FleetHost, mainHost, poolHost } from "./fleet";
import { workloadOf } from "./workload";

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

/** The load of 6,000 active users, and a morning's outage: the busiest moment came five hours after its end. */
export const STORY: Situation = {
  workload: workloadOf({ activeUsers: 6000, nightPercent: 20, queues: {} }),
  conditions: { sharedCpu: 0.7, rttMs: 1 },
  outage: { hours: 2, hoursBeforeBusiest: 5 },
  catchUpHours: 2,
};

/** The same at the worst time: work resumes at the busiest moment. */
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
