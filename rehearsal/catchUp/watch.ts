/** The watch, while a layout catches up: what it takes of the machines, and what it foresees. */
import { cpuSeconds, memoryMiB } from "../../lab/unitCost";
import { WATCH_UNITS } from "../../services/watch";
import type { Inputs } from "../steps/step";
import { FORECAST, foreseen } from "./forecast";
import type { Host } from "./hosts";
import { middles, percent, signed } from "./judgement";
import type { Replayed } from "./replay";
import type { Layout } from "./scale";

/** MiB, and cores. A worker's part is in its supervisor, which also renews the lease. */
const MAY_TAKE = { mainMiB: 300, mainCores: 0.02, workerMiB: 60 };

export class WatchCost {
  private readonly began = Date.now();

  private constructor(
    private readonly hosts: readonly Host[],
    private readonly before: number,
  ) {}

  static async begin(hosts: readonly Host[]): Promise<WatchCost> {
    return new WatchCost(hosts, await cpuSeconds(mainOf(hosts), WATCH_UNITS));
  }

  /** @throws Error with the same figures, if one is more than it may be */
  async figures(): Promise<string> {
    const main = mainOf(this.hosts);
    const cores = ((await cpuSeconds(main, WATCH_UNITS)) - this.before) / ((Date.now() - this.began) / 1000);
    const each = await Promise.all(WATCH_UNITS.map((unit) => memoryMiB(main, unit)));
    const workers = await Promise.all(
      this.hosts.slice(1).map(({ machine }) => memoryMiB(machine, "mastodon-worker")),
    );
    const figures = [
      `main ${each.join(" + ")} MiB, ${(100 * cores).toFixed(2)} % of a core`,
      ...workers.map((mib) => `a worker ${mib} MiB`),
    ].join("; ");
    const within =
      each.reduce((sum, mib) => sum + mib, 0) <= MAY_TAKE.mainMiB &&
      cores <= MAY_TAKE.mainCores &&
      workers.every((mib) => mib <= MAY_TAKE.workerMiB);
    if (!within) throw new Error(figures);
    return figures;
  }
}

function mainOf([main]: readonly Host[]) {
  if (!main) throw new Error("the layout has no main");
  return main.machine;
}

/** What QueueLate's mail would have said, in the story's minutes. */
export function foretold(
  { report, machines }: Inputs<"machines">,
  { name, says }: Layout,
  { observed }: Replayed,
) {
  const { bound, fromMinute } = FORECAST;
  return report.check(
    `(${name}) ${says}: from minute ${fromMinute} on, main's rules foresee when all queues are empty`,
    async () => {
      const forecasts = await foreseen(machines.main(), observed);
      const worst = Math.max(...middles(forecasts.map(({ off }) => off)).map(Math.abs));
      const figures = forecasts.map(({ minute, off }) => `${minute} min ${signed(off)}`).join(", ");
      if (!(worst <= bound)) throw new Error(figures);
      return `the middle of five within ${percent(worst)}: ${figures}`;
    },
  );
}
