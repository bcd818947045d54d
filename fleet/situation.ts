/** What the capacity model needs besides the fleet, from the settings. */

import type { Settings } from "../settings/schema";
import type { Situation } from "./model/evaluate";
import { workloadOf } from "./model/workload";

export function situationOf({
  workload,
  recovery,
  assumptions,
}: Pick<Settings, "workload" | "recovery" | "assumptions">): Situation {
  return {
    workload: workloadOf(workload),
    conditions: {
      sharedCpu: assumptions.sharedCpuPercent / 100,
      rttMs: assumptions.rttMs,
      tailnetMs: assumptions.tailnetMs,
      safetyFactor: assumptions.safetyFactor,
      signatures: assumptions.signaturesPerSecond,
    },
    // The worst time: work begins again at the busiest moment.
    outage: { hours: recovery.outageHours, hoursBeforeBusiest: 0 },
    catchUpHours: recovery.catchUpHours,
  };
}
