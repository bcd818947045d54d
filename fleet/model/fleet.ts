/** A fleet as the model sees it: machines with their roles and processes. */
import {
  type DropletSize,
  dropletFamily,
  dropletSize,
  VOLUME_USD_PER_GIB_MONTH,
} from "../../catalogue/droplets";
import type { SidekiqProcess } from "../../catalogue/queues";
import { ASSUMED_SIGNATURES, MEASURED_SIGNATURES } from "../../catalogue/yardstick";
import type { MainOverrides } from "../sizing/overrides";

/** The purpose of a host: Postgres and Redis, web and streaming, or Sidekiq. */
export type Role = "database" | "web" | "jobs";

export interface FleetHost {
  /** Where it is set: `main`, `workers[0]`. */
  key: string;
  /** `main`, or the pool's name. */
  name: string;
  account: "main" | "workers";
  roles: readonly Role[];
  size: DropletSize;
  /** Identical droplets. */
  count: number;
  sidekiq: readonly SidekiqProcess[];
}

export interface Fleet {
  hosts: readonly FleetHost[];
  volumeGiB: number;
  overrides: MainOverrides;
}

/** What a stack says about its machines. */
export interface FleetSettings {
  main: { size: string; volumeGiB: number; sidekiq: readonly SidekiqProcess[] } & MainOverrides;
  workers: readonly { name: string; size: string; count: number; sidekiq: readonly SidekiqProcess[] }[];
}

/** What depends on where the fleet runs, not on the fleet. */
export interface Conditions {
  /** What a shared vCPU gives, as a share of a dedicated one: 70 % in the story. */
  sharedCpu: number;
  /** Round trip between a worker and main. On main itself it is zero. */
  rttMs: number;
  /** CPU that a round trip takes of each of the two for the tailnet, in ms of a dedicated vCPU. */
  tailnetMs: number;
  /** How many times the CPU that was measured is reckoned with: for large tables, cold caches, noisy neighbors. */
  safetyFactor: number;
  /** RSA signatures/s of a core (catalogue/yardstick.ts) by family of droplets, where they were measured. */
  signatures?: Readonly<Partial<Record<string, number>>>;
}

/** The main droplet. */
export const mainHost = (size: DropletSize, sidekiq: readonly SidekiqProcess[]): FleetHost => ({
  key: "main",
  name: "main",
  account: "main",
  roles: ["database", "web", "jobs"],
  size,
  count: 1,
  sidekiq,
});

/** A pool of workers, by its index in the settings. */
export const poolHost = (
  index: number,
  pool: Pick<FleetHost, "name" | "size" | "count" | "sidekiq">,
): FleetHost => ({
  key: `workers[${index}]`,
  account: "workers",
  roles: ["jobs"],
  ...pool,
});

/** undefined if a size is not in the catalogue. */
export function fleetOf({ main, workers }: FleetSettings): Fleet | undefined {
  const mainSize = dropletSize(main.size);
  const pools = workers.flatMap(({ name, size, count, sidekiq }, i): FleetHost[] => {
    const known = dropletSize(size);
    return known ? [poolHost(i, { name, size: known, count, sidekiq })] : [];
  });
  if (!mainSize || pools.length < workers.length) return undefined;
  return {
    hosts: [mainHost(mainSize, main.sidekiq), ...pools],
    volumeGiB: main.volumeGiB,
    overrides: main,
  };
}

/** USD per month for droplets and volume. */
export const monthlyUsd = ({ hosts, volumeGiB }: Pick<Fleet, "hosts" | "volumeGiB">) =>
  hosts.reduce((sum, { size, count }) => sum + size.priceMonthly * count, 0) +
  volumeGiB * VOLUME_USD_PER_GIB_MONTH;

type WithRoles = { roles: readonly Role[] };

/** Index of the host with that role: the database and web have one each. */
export function indexOfRole(hosts: readonly WithRoles[], role: "database" | "web"): number {
  const index = hosts.findIndex(({ roles }) => roles.includes(role));
  if (index < 0) throw new Error(`a fleet without a host for ${role}`);
  return index;
}

/** The host with that role. */
export const hostOf = <Host extends WithRoles>(hosts: readonly Host[], role: "database" | "web"): Host =>
  hosts[indexOfRole(hosts, role)] as Host;

/** All hosts other than the database's: pools of workers. */
export const poolsOf = <Host extends WithRoles>(hosts: readonly Host[]): Host[] =>
  hosts.filter(({ roles }) => !roles.includes("database"));

/** What one of its vCPUs is worth in dedicated ones of the measurement. */
export function coreSpeed({ slug, cpu }: DropletSize, { sharedCpu, signatures = {} }: Conditions): number {
  const family = dropletFamily(slug);
  const speed =
    (signatures[family] ?? ASSUMED_SIGNATURES[family] ?? MEASURED_SIGNATURES) / MEASURED_SIGNATURES;
  return cpu === "shared" ? speed * sharedCpu : speed;
}
