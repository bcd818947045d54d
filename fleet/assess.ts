/** The verdict on a stack: sizes of everything, the price, and what to know. Pure; wrong settings are refused before. */

import { type MonthlyPrice, monthlyPrice } from "../catalogue/price";
import { hasWorkerAccount, placedProcesses } from "../settings/fleet";
import type { Settings, WorkerPoolSettings } from "../settings/schema";
import { settingWarnings } from "../settings/warnings";
import { sizeHosts } from "./model/evaluate";
import { fleetOf } from "./model/fleet";
import { situationOf } from "./situation";
import type { MainSizing, WorkerSizing } from "./sizing/sizing";
import { placementWarnings } from "./verdict/redundancy";
import { judge, type Verdict } from "./verdict/verdict";

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

/** The policy pack refuses what this warns of, at every preview and `up` that has it. */
function limitWarnings({ pricing: { limitUsd } }: Settings, { totalUsd }: MonthlyPrice): string[] {
  return limitUsd === undefined || totalUsd <= limitUsd
    ? []
    : [
        `pricing.limitUsd is ${limitUsd}, but the stack costs $${totalUsd.toFixed(2)} a month: the policy pack will refuse it. Raise the limit, or make the fleet smaller.`,
      ];
}
