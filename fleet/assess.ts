/** The verdict on a stack: all sizes, the price, and the warnings. Pure; wrong settings are refused earlier. */

import { type MonthlyPrice, monthlyPrice } from "../catalogue/price";
import type { Prediction } from "../services/watch/prediction";
import { hasWorkerAccount, placedProcesses } from "../settings/fleet";
import type { Settings, WorkerPoolSettings } from "../settings/schema";
import { settingWarnings } from "../settings/warnings";
import { fleetOf } from "./model/fleet";
import { predictionOf } from "./prediction";
import { situationOf } from "./situation";
import { backupSizes, databaseAfterAYearGiB, databaseOfDump } from "./sizing/database";
import type { MainSizing, WorkerSizing } from "./sizing/sizing";
import { redisCopyGiB } from "./sizing/state";
import { placementWarnings } from "./verdict/redundancy";
import { judge, type Verdict } from "./verdict/verdict";

export interface Assessment {
  main: MainSizing;
  /** In the settings' order. */
  pools: { pool: WorkerPoolSettings; sizing: WorkerSizing }[];
  price: MonthlyPrice;
  capacity: Verdict;
  /** What main's page shows of it. */
  prediction: Prediction;
  warnings: string[];
}

/** What the verdict depends on: the machines, and what they have to do and to store. */
type JudgedSettings = Pick<Settings, "main" | "workers" | "workload" | "recovery" | "assumptions">;

/** The verdict on the fleet, with its sizes; undefined if a droplet size is not in the catalogue. Takes a second or two. */
export function verdictOn(settings: JudgedSettings): Verdict | undefined {
  const fleet = fleetOf(settings);
  return fleet && judge(fleet, situationOf(settings));
}

/** Its sizes, with the settings of each pool. */
function sizesOf(
  { workers }: Pick<Settings, "workers">,
  { evaluation: { main, pools } }: Verdict,
): Pick<Assessment, "main" | "pools"> {
  return {
    main,
    pools: workers.flatMap((pool, i) => {
      const sizing = pools[i];
      return sizing ? [{ pool, sizing }] : [];
    }),
  };
}

/** Unless told otherwise, with the database that the stack will have in a year. */
export function priceOf({
  main,
  workers,
  workload,
  media,
  backups,
  pricing,
  alerts,
  upgrade,
}: Pick<Settings, "main" | "workers" | "workload" | "media" | "backups" | "pricing"> &
  Partial<Pick<Settings, "alerts" | "upgrade">>): MonthlyPrice {
  const { activeUsers } = workload;
  const { dumpGiB } = pricing;
  const databaseGiB = dumpGiB === undefined ? databaseAfterAYearGiB(workload) : databaseOfDump(dumpGiB);
  return monthlyPrice({
    main,
    snapshotGiB: upgrade?.snapshot ? databaseGiB : undefined,
    uptimeCheck: alerts?.uptimeCheck ?? false,
    pools: workers,
    media: { ...pricing, keepOldVersionsDays: media.keepOldVersionsDays },
    backups: {
      ...backupSizes(databaseGiB, activeUsers),
      redisGiB: redisCopyGiB(activeUsers, workload.feedBytes),
      ...backups,
    },
  });
}

/** With one account, the workers are billed in it too. */
const inAccounts = (settings: Settings, price: MonthlyPrice): MonthlyPrice =>
  hasWorkerAccount(settings)
    ? price
    : {
        ...price,
        lines: price.lines.map((line) => (line.account === "workers" ? { ...line, account: "main" } : line)),
      };

/**
 * @param capacity the verdict that the checks of the settings computed
 * @throws Error if a droplet size is not in the catalogue; the settings' rules refuse that first
 */
export function assess(settings: Settings, capacity: Verdict | undefined = verdictOn(settings)): Assessment {
  if (!capacity) throw new Error("assess() needs settings that have been checked");
  const price = priceOf(settings);
  return {
    ...sizesOf(settings, capacity),
    price: inAccounts(settings, price),
    capacity,
    prediction: predictionOf(settings, capacity.evaluation),
    warnings: [
      ...settingWarnings(settings),
      ...limitWarnings(settings, price),
      ...placementWarnings(placedProcesses(settings)),
      ...capacity.warnings.map(({ key, message }) => `${key} ${message}`),
    ],
  };
}

/** The policy pack refuses what this warns of, in every preview and `up` that uses it. */
function limitWarnings({ pricing: { limitUsd } }: Settings, { totalUsd }: MonthlyPrice): string[] {
  return limitUsd === undefined || totalUsd <= limitUsd
    ? []
    : [
        `pricing.limitUsd is ${limitUsd}, but the stack costs $${totalUsd.toFixed(2)} a month: the policy pack will refuse it. Raise the limit, or make the fleet smaller.`,
      ];
}
