/** A fleet as the model sees it: machines with their processes, main first. */
import { type DropletSize, dropletSize } from "../../catalogue/droplets";
import type { SidekiqProcess } from "../../catalogue/queues";
import type { MainOverrides } from "../sizing/overrides";

export interface FleetHost {
  /** Where it is set: `main`, `workers[0]`. */
  key: string;
  /** `main`, or the pool's name. */
  name: string;
  account: "main" | "workers";
  size: DropletSize;
  /** Identical droplets. */
  count: number;
  sidekiq: readonly SidekiqProcess[];
}

export interface Fleet {
  /** Postgres, web and streaming run on the first. */
  hosts: readonly [FleetHost, ...FleetHost[]];
  volumeGiB: number;
  overrides: MainOverrides;
}

/** What a stack says of its machines. */
export interface FleetSettings {
  main: { size: string; volumeGiB: number; sidekiq: readonly SidekiqProcess[] } & MainOverrides;
  workers: readonly { name: string; size: string; count: number; sidekiq: readonly SidekiqProcess[] }[];
}

/** What does not depend on the fleet but on where it runs. */
export interface Conditions {
  /** What a shared vCPU gives, as a share of a dedicated one: the seed's 70 %. */
  sharedCpu: number;
  /** Round trip between a worker and main. On main itself it is nothing. */
  rttMs: number;
  /**
   * CPU that a round trip takes of each of the two for the tailnet, in ms of a dedicated vCPU. None where absent: nobody has measured it
   * on a droplet, and what it is there is part of the calibrated numbers. A rehearsal measures its own (docs/capacity.md).
   */
  tailnetMs?: number;
}

/** undefined while a size is not in the catalogue. */
export function fleetOf({ main, workers }: FleetSettings): Fleet | undefined {
  const mainSize = dropletSize(main.size);
  const pools = workers.flatMap(({ name, size, count, sidekiq }, i): FleetHost[] => {
    const known = dropletSize(size);
    return known ? [{ key: `workers[${i}]`, name, account: "workers", size: known, count, sidekiq }] : [];
  });
  if (!mainSize || pools.length < workers.length) return undefined;
  return {
    hosts: [
      { key: "main", name: "main", account: "main", size: mainSize, count: 1, sidekiq: main.sidekiq },
      ...pools,
    ],
    volumeGiB: main.volumeGiB,
    overrides: main,
  };
}

/** What one of its vCPUs is worth in dedicated ones. */
export const coreSpeed = ({ cpu }: DropletSize, { sharedCpu }: Conditions) =>
  cpu === "shared" ? sharedCpu : 1;
