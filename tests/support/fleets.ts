/** Fleets of the model's tests. */
import { type DropletSize, dropletSize } from "../../catalogue/droplets";
import type { QueueName, SidekiqProcess } from "../../catalogue/queues";
import {
  type Conditions,
  type Fleet,
  type FleetHost,
  mainHost as main,
  poolHost as pool,
} from "../../fleet/model/fleet";
import { workloadOf } from "../../fleet/model/workload";
import { redisNeedOf } from "../../fleet/sizing/state";

export function sized(slug: string): DropletSize {
  const size = dropletSize(slug);
  if (!size) throw new Error(`${slug} is not in the catalogue`);
  return size;
}

/** What Redis has to hold for so many people and two hours of outage. */
export const redisNeed = (activeUsers = 1000) =>
  redisNeedOf(workloadOf({ activeUsers, nightPercent: 20, queues: {} }), { hours: 2, hoursBeforeBusiest: 0 });

/** What the model assumes where nothing is set. */
export const CONDITIONS: Conditions = { sharedCpu: 0.7, rttMs: 1, tailnetMs: 0.1, safetyFactor: 1.5 };

type Queues = readonly QueueName[] | Partial<Record<QueueName, number>>;

export const sidekiq = (queues: Queues, threads: number, replicas = 1): SidekiqProcess => ({
  queues,
  threads,
  replicas,
});

export const mainHost = (size: DropletSize, ...processes: SidekiqProcess[]): FleetHost =>
  main(size, processes);

export const poolHost = (size: DropletSize, count: number, ...processes: SidekiqProcess[]): FleetHost =>
  pool(0, { name: "general", size, count, sidekiq: processes });

export const fleet = (main: FleetHost, ...pools: FleetHost[]): Fleet => ({
  hosts: [main, ...pools.map((pool, i) => ({ ...pool, key: `workers[${i}]` }))],
  // Enough for any number of people, so that it is nobody's subject.
  volumeGiB: 1000,
  overrides: {},
});
