/** Fleets and loads of the model's tests: the story's, and prod's. */
import { type DropletSize, dropletSize } from "../../capacity/droplets";
import type { Situation } from "../../capacity/evaluate";
import type { Fleet, FleetHost } from "../../capacity/fleet";
import type { QueueName, SidekiqProcess } from "../../capacity/queues";
import { workloadOf } from "../../capacity/workload";

/**
 * The seed's droplet of 2018: 6 shared vCPUs, 16 GiB, 320 GB. DigitalOcean no longer sells it; it cost $80 until all Basic plans
 * went up by a fifth on 2022-07-01. $96 is also what 16 GiB with shared vCPUs cost today (s-8vcpu-16gb).
 */
export const SEED_MAIN: DropletSize = {
  slug: "s-6vcpu-16gb",
  vcpus: 6,
  memoryMiB: 16_384,
  diskGiB: 320,
  transferTiB: 6,
  priceMonthly: 96,
  cpu: "shared",
};

export function sized(slug: string): DropletSize {
  const size = dropletSize(slug);
  if (!size) throw new Error(`${slug} is not in the catalogue`);
  return size;
}

type Queues = readonly QueueName[] | Partial<Record<QueueName, number>>;

export const sidekiq = (queues: Queues, threads: number, replicas = 1): SidekiqProcess => ({
  queues,
  threads,
  replicas,
});

export const mainHost = (size: DropletSize, ...processes: SidekiqProcess[]): FleetHost => ({
  key: "main",
  name: "main",
  account: "main",
  size,
  count: 1,
  sidekiq: processes,
});

export const poolHost = (size: DropletSize, count: number, ...processes: SidekiqProcess[]): FleetHost => ({
  key: "workers[0]",
  name: "general",
  account: "workers",
  size,
  count,
  sidekiq: processes,
});

export const fleet = (main: FleetHost, ...pools: FleetHost[]): Fleet => ({
  hosts: [main, ...pools.map((pool, i) => ({ ...pool, key: `workers[${i}]` }))],
  volumeGiB: 0,
  overrides: {},
});

/** The story's load, calibrated once (docs/capacity.md): what 6,000 active users make. Every test of the story uses this one. */
export const STORY: Situation = {
  workload: workloadOf({ activeUsers: 6000, nightPercent: 20, queues: {} }),
  conditions: { sharedCpu: 0.7, rttMs: 1 },
  // A morning's work: the busiest moment came five hours after its end.
  outage: { hours: 2, hoursBeforeBusiest: 5 },
  catchUpHours: 2,
};

/** The same at the worst time: work begins again at the busiest moment. */
export const AT_THE_BUSIEST: Situation = { ...STORY, outage: { hours: 2, hoursBeforeBusiest: 0 } };
