/** More workers, fewer, and new ones for old, under load: what each adds, how long it takes, and that nothing is lost. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../../doubles/engine/engineStack";
import type { LoadArgs } from "../load/load";
import { figures, type Outcome, underLoad } from "../load/underLoad";
import type { Needs } from "../world";
import { type Inputs, succeeded } from "./step";

/** Jobs that mostly wait, as deliveries do, and more of them than the workers can do: a thread that asks for a job gets one at once. */
const deliveries = (workers: number): Omit<LoadArgs, "queue"> => ({
  work: { cpu: 2, trips: 3, wait: 700 },
  jobsPerSecond: 32 * workers + 15,
});

/** Seconds over which throughput is measured. */
const MEASURED_SECONDS = 12;

const pool = (settings: Settings) => {
  const [first] = settings.workers;
  if (!first) throw new Error("the stack has no pool of workers");
  return first;
};

/** An up with other settings; returns when it began. */
async function up(world: Needs<"stack">, change: (settings: Settings) => void): Promise<number> {
  const start = Date.now();
  world.stack.engine.edit(change);
  succeeded(await world.stack.engine.up());
  await world.stack.read();
  return start;
}

const count = (wanted: number) => (settings: Settings) => {
  pool(settings).count = wanted;
  // One worker is too few for the example's users, so it would be refused.
  settings.workload = { ...(settings.workload as object), activeUsers: 500 };
};

/** Jobs per second that workers do while there are more than enough. */
async function throughput(
  world: Needs<"collector" | "instance" | "machines" | "outside" | "stack">,
): Promise<{ perSecond: number; figure: string }> {
  const workers = world.stack.site.hostnames.workers;
  let from = 0;
  const outcome = await underLoad(
    world,
    async () => {
      // Waits until the queue is long enough to give every thread its next job at once.
      await sleep(3000);
      from = Date.now();
      await sleep(MEASURED_SECONDS * 1000);
    },
    { load: deliveries(workers.length), lossless: true },
  );
  const within = outcome.jobs.filter(({ at }) => at >= from && at < from + MEASURED_SECONDS * 1000);
  const each = workers.map((host) => within.filter((job) => job.host === host).length / MEASURED_SECONDS);
  const perSecond = each.reduce((sum, one) => sum + one, 0);
  return {
    perSecond,
    figure: `${perSecond.toFixed(1)} jobs/s by workers (${each.map((one) => one.toFixed(1)).join(" + ")})`,
  };
}

/** Seconds from then to each host's first job. */
const firstJobs = ({ jobs }: Outcome, hosts: readonly string[], since: number): number[] =>
  hosts.map((host) => {
    const times = jobs.filter((job) => job.host === host).map(({ at }) => at);
    if (times.length === 0) throw new Error(`${host} did no job`);
    return (Math.min(...times) - since) / 1000;
  });

const seconds = (values: readonly number[]) => `${values.map((value) => value.toFixed(0)).join(" and ")} s`;

export const scales = async (world: Inputs<"collector" | "instance" | "machines" | "outside" | "stack">) => {
  const { report } = world;
  const hosts = () => [...world.stack.site.hostnames.workers];
  const fewer = (promise: string) =>
    report.check(promise, async () => {
      const outcome = await underLoad(world, () => up(world, count(1)).then(() => undefined), {
        sameProcesses: false,
        lossless: true,
      });
      if (hosts().length !== 1) throw new Error(`${hosts().length} workers are left`);
      return figures(outcome);
    });

  await fewer("down to one worker: no job is lost");
  let alone = 0;
  await report.check("what one worker does", async () => {
    const { perSecond, figure } = await throughput(world);
    alone = perSecond;
    return figure;
  });
  await report.check("up to three workers: each does its first job, and nothing is lost", async () => {
    const before = hosts();
    let since = 0;
    const more = async () => {
      since = await up(world, count(3));
    };
    const outcome = await underLoad(world, more, { lossless: true });
    const added = hosts().filter((host) => !before.includes(host));
    return `${seconds(firstJobs(outcome, added, since))} from the up's begin, ${figures(outcome)}`;
  });
  await report.check("three workers do three times as much, minus a fifth at most", async () => {
    const { perSecond, figure } = await throughput(world);
    const ratio = perSecond / alone;
    if (!(ratio > 2.4)) throw new Error(`${figure}: ${ratio.toFixed(2)} times one worker's`);
    return `${figure}: ${ratio.toFixed(2)} times one worker's`;
  });
  await fewer("three workers, then one: no job is lost");
  return report.check("a worker is replaced: the old one is deleted after the new one works", async () => {
    const [old = ""] = hosts();
    let since = 0;
    const replace = async () => {
      since = await up(world, (settings) => {
        pool(settings).generation = Number(pool(settings).generation ?? 1) + 1;
      });
    };
    const outcome = await underLoad(world, replace, { load: deliveries(1), lossless: true });
    const added = hosts();
    const [first = 0] = firstJobs(outcome, added, since);
    const last = Math.max(...outcome.jobs.filter(({ host }) => host === old).map(({ at }) => at));
    const overlap = (last - since) / 1000 - first;
    if (!(overlap > 0))
      throw new Error(`${old} did its last job ${-overlap} s before ${added} did its first`);
    return `first job of the new one after ${first.toFixed(0)} s, last of the old one ${overlap.toFixed(0)} s later, ${figures(outcome)}`;
  });
};
