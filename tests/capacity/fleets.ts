/** Fleets of the model's tests. */
import { type DropletSize, dropletSize } from "../../capacity/droplets";
import type { Fleet, FleetHost } from "../../capacity/fleet";
import type { QueueName, SidekiqProcess } from "../../capacity/queues";

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
