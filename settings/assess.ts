/** The verdict on a stack: sizes of everything, the price, and what to know. Pure; wrong settings are refused before. */
import { dropletSize } from "../capacity/droplets";
import { placementWarnings } from "../capacity/placement";
import { type MonthlyPrice, monthlyPrice } from "../capacity/price";
import { sidekiqThreads } from "../capacity/queues";
import { type MainSizing, sizeMain, sizeWorker, type WorkerSizing } from "../capacity/sizing";
import type { Settings, WorkerPoolSettings } from "../config";
import { placedProcesses } from "./fleet";
import { settingWarnings } from "./warnings";

export interface Assessment {
  main: MainSizing;
  /** In the settings' order. */
  pools: { pool: WorkerPoolSettings; sizing: WorkerSizing }[];
  price: MonthlyPrice;
  warnings: string[];
}

/** Sizes of the fleet; undefined while a droplet size is not in the catalogue. */
export function sizeFleet({
  main,
  workers,
}: Pick<Settings, "main" | "workers">): Pick<Assessment, "main" | "pools"> | undefined {
  const mainSize = dropletSize(main.size);
  const pools = workers.flatMap((pool, i) => {
    const size = dropletSize(pool.size);
    return size
      ? [{ pool, sizing: sizeWorker({ ...size, sidekiq: pool.sidekiq, key: `workers[${i}].size` }) }]
      : [];
  });
  if (!mainSize || pools.length < workers.length) return undefined;
  const workerThreads = workers.reduce((sum, { sidekiq, count }) => sum + sidekiqThreads(sidekiq) * count, 0);
  return { main: sizeMain({ ...mainSize, sidekiq: main.sidekiq, workerThreads, overrides: main }), pools };
}

/** @throws Error when a droplet size is not in the catalogue, which the settings' rules refuse first */
export function assess(settings: Settings): Assessment {
  const sizes = sizeFleet(settings);
  if (!sizes) throw new Error("assess() needs settings that were checked before");
  const { main, workers, pricing } = settings;
  return {
    ...sizes,
    price: monthlyPrice({ main, pools: workers, s3: pricing }),
    warnings: [...settingWarnings(settings), ...placementWarnings(placedProcesses(settings))],
  };
}
