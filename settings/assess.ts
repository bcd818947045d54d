/** The verdict on a stack: sizes of everything, the price, and what to know. Pure; wrong settings are refused before. */
import { dropletSize } from "../capacity/droplets";
import { placementWarnings } from "../capacity/placement";
import { type MonthlyPrice, monthlyPrice } from "../capacity/price";
import { sidekiqThreads } from "../capacity/queues";
import { type MainSizing, sizeMain, sizeWorker, type WorkerSizing } from "../capacity/sizing";
import type { Settings } from "../config";
import { placedProcesses } from "./fleet";
import { settingWarnings } from "./warnings";

export interface Assessment {
  main: MainSizing;
  /** One for each pool, in the settings' order. */
  pools: WorkerSizing[];
  price: MonthlyPrice;
  warnings: string[];
}

/** Sizes of the fleet; undefined while a droplet size is not in the catalogue. */
export function sizeFleet({
  main,
  workers,
}: Pick<Settings, "main" | "workers">): Pick<Assessment, "main" | "pools"> | undefined {
  const mainSize = dropletSize(main.size);
  const poolSizes = workers.map(({ size }) => dropletSize(size));
  if (!mainSize || poolSizes.some((size) => !size)) return undefined;
  return {
    main: sizeMain({
      ...mainSize,
      sidekiq: main.sidekiq,
      workerThreads: workers.reduce((sum, { sidekiq, count }) => sum + sidekiqThreads(sidekiq) * count, 0),
      overrides: main,
    }),
    pools: poolSizes.flatMap((size, i) => {
      const pool = workers[i];
      return size && pool ? [sizeWorker({ ...size, sidekiq: pool.sidekiq, key: `workers[${i}].size` })] : [];
    }),
  };
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
