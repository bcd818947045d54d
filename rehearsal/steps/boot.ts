/** A worker's boot, from its power to its first job: one is replaced as the runbook says, while there is work to do. */
import { untilFirstJob } from "../bootTimes";
import { summary } from "../load/accounting";
import { underLoad } from "../load/underLoad";
import { type Step, succeeded } from "./step";

/** With its packages in the root already, as a snapshot would have them. */
const LIMIT_SECONDS = 30;

export const boot: Step = ({ rehearsal, report }) =>
  report.check(`a new worker does its first job within ${LIMIT_SECONDS} s of its power`, async () => {
    const before = rehearsal.site.hostnames.workers;
    const replace = async () => {
      succeeded(await rehearsal.replaceWorker());
      await rehearsal.read();
    };
    const outcome = await underLoad(rehearsal, replace, { lossless: true });
    const added = rehearsal.workerHosts().find(({ hostname }) => !before.includes(hostname));
    if (!added) throw new Error("there is no new worker");
    const first = Math.min(...outcome.jobs.filter(({ host }) => host === added.hostname).map(({ at }) => at));
    const { seconds, text } = await untilFirstJob(added.machine, first);
    if (seconds > LIMIT_SECONDS) throw new Error(text);
    return `${text}; ${summary(outcome.account)}`;
  });
