/** The verdict on a stack: sizes of everything, the price, and what to know. Pure; wrong settings are refused before. */

import { type MonthlyPrice, monthlyPrice } from "../fleet/catalogue/price";
import { sizeHosts } from "../fleet/model/evaluate";
import { fleetOf } from "../fleet/model/fleet";
import type { MainSizing, WorkerSizing } from "../fleet/sizing/sizing";
import { placementWarnings } from "../fleet/verdict/redundancy";
import { judge, type Verdict } from "../fleet/verdict/verdict";
import { hasWorkerAccount, placedProcesses } from "./fleet";
import type { Settings, WorkerPoolSettings } from "./schema";
import { situationOf } from "./situation";
import { limitWarnings, settingWarnings } from "./warnings";

export interface Assessment {
  main: MainSizing;
  /** In the settings' order. */
  pools: { pool: WorkerPoolSettings; sizing: WorkerSizing }[];
  price: MonthlyPrice;
  capacity: Verdict;
  warnings: string[];
}

/** What sizes depend on: the machines, and what has to fit on them. */
export type SizedSettings = Pick<Settings, "main" | "workers" | "workload" | "recovery" | "assumptions">;

/** Sizes of the fleet; undefined while a droplet size is not in the catalogue. */
export function sizeFleet(settings: SizedSettings): Pick<Assessment, "main" | "pools"> | undefined {
  const fleet = fleetOf(settings);
  if (!fleet) return undefined;
  const { main, pools } = sizeHosts(fleet, situationOf(settings));
  return {
    main,
    pools: settings.workers.flatMap((pool, i) => {
      const sizing = pools[i];
      return sizing ? [{ pool, sizing }] : [];
    }),
  };
}

export const priceOf = ({
  main,
  workers,
  media,
  backups,
  pricing,
}: Pick<Settings, "main" | "workers" | "media" | "backups" | "pricing">): MonthlyPrice =>
  monthlyPrice({
    main,
    pools: workers,
    media: { ...pricing, keepOldVersionsDays: media.keepOldVersionsDays },
    backups: { dumpGiB: pricing.dumpGiB, keepDays: backups.keepDays },
  });

/** With one account the workers are paid in it too. */
const inAccounts = (settings: Settings, price: MonthlyPrice): MonthlyPrice =>
  hasWorkerAccount(settings)
    ? price
    : {
        ...price,
        lines: price.lines.map((line) => (line.account === "workers" ? { ...line, account: "main" } : line)),
      };

/** @throws Error when a droplet size is not in the catalogue, which the settings' rules refuse first */
export function assess(settings: Settings): Assessment {
  const [sizes, fleet] = [sizeFleet(settings), fleetOf(settings)];
  if (!sizes || !fleet) throw new Error("assess() needs settings that were checked before");
  const capacity = judge(fleet, situationOf(settings));
  return {
    ...sizes,
    price: inAccounts(settings, priceOf(settings)),
    capacity,
    warnings: [
      ...settingWarnings(settings),
      ...limitWarnings(settings, priceOf(settings)),
      ...placementWarnings(placedProcesses(settings)),
      ...capacity.warnings.map(({ key, message }) => `${key} ${message}`),
    ],
  };
}
