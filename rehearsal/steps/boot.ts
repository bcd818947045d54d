/** A worker's boot, from power-on to its first job: one is replaced as the runbook says, while there is work to do. */
import { untilFirstJob } from "../../lab/bootTimes";
import { summary } from "../load/accounting";
import { underLoad } from "../load/underLoad";
import { type Inputs, succeeded } from "./step";

/**
 * With its packages already in the root, as in a snapshot, a worker had its containers 14 s after power-on, on two idle cores; two Sidekiq
 * processes then load for some 10 s. Both times depend on this machine and on what else it does meanwhile, so one is compared with the
 * other.
 */
const MOST = 2;

export const boot = (world: Inputs<"collector" | "instance" | "machines" | "outside" | "stack">) =>
  world.report.check(
    `a new worker has its containers in at most ${MOST} times the time that Mastodon takes to load in them`,
    async () => {
      const before = world.stack.site.hostnames.workers;
      const replace = async () => {
        succeeded(await world.stack.replaceWorker());
        await world.stack.read();
      };
      const outcome = await underLoad(world, replace, { lossless: true });
      const added = world.machines.workerHosts().find(({ hostname }) => !before.includes(hostname));
      if (!added) throw new Error("there is no new worker");
      const first = Math.min(
        ...outcome.jobs.filter(({ host }) => host === added.hostname).map(({ at }) => at),
      );
      const { machine, mastodon, text } = await untilFirstJob(added.machine, first);
      if (machine > MOST * mastodon) throw new Error(text);
      return `${text}; ${summary(outcome.account)}`;
    },
  );
