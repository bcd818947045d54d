/** The fleet that the settings describe: which Sidekiq process runs where. */

import type { SidekiqProcess } from "../catalogue/queues";
import type { Settings } from "./schema";

/** A Sidekiq process, and where it runs. */
export interface PlacedProcess {
  /** Where it is set: `main.sidekiq[0]`, `workers[1].sidekiq[0]`. */
  key: string;
  /** `main`, or the pool's name. */
  host: string;
  account: "main" | "workers";
  process: SidekiqProcess;
  /** How many droplets run it. */
  count: number;
}

export function placedProcesses({
  main,
  workers,
  workerAccount = "separate",
}: Pick<Settings, "main" | "workers"> & Partial<Pick<Settings, "workerAccount">>): PlacedProcess[] {
  return [
    ...main.sidekiq.map((process, i) => ({
      key: `main.sidekiq[${i}]`,
      host: "main",
      account: "main" as const,
      process,
      count: 1,
    })),
    ...workers.flatMap((pool, p) =>
      pool.sidekiq.map((process, i) => ({
        key: `workers[${p}].sidekiq[${i}]`,
        host: pool.name,
        account: workerAccount === "same" ? ("main" as const) : ("workers" as const),
        process,
        count: pool.count,
      })),
    ),
  ];
}

/** Worker droplets of all pools. */
export const workerDroplets = ({ workers }: Pick<Settings, "workers">): number =>
  workers.reduce((sum, { count }) => sum + count, 0);

/**
 * The most droplets that each account holds at once. Main is replaced old first. Workers are replaced new first, and all at once if the
 * program's own files change.
 */
export function dropletsAtOnce(settings: Pick<Settings, "workers" | "workerAccount">) {
  const fleet = 2 * workerDroplets(settings);
  return !hasWorkerAccount(settings) ? { main: 1 + fleet, workers: 0 } : { main: 1, workers: fleet };
}

/** Whether there are droplets in a second account: `workers: []` needs none. */
export const hasWorkerAccount = ({
  workerAccount,
  workers,
}: Partial<Pick<Settings, "workers" | "workerAccount">>) =>
  workerAccount === "separate" && workers?.length !== 0;
