/** Events on a living instance: under load, with every job accounted for; with Mastodon's own images, under posts. */
import { setTimeout as sleep } from "node:timers/promises";
import { redis } from "../../../lab/databases";
import { summary } from "../../load/accounting";
import { figures, type Incident, ORDINARY, underLoad } from "../../load/underLoad";
import { underPosts } from "../../load/underPosts";
import type { Inputs, StepInputs } from "../step";
import { MACHINES } from "./machines";
import { PATHS } from "./paths";
import { SERVICES } from "./services";

async function baseline(world: Inputs<"collector" | "instance" | "machines" | "outside" | "stack">) {
  const { report } = world;
  await report.check("nothing happens: no job is lost", async () => {
    return figures(await underLoad(world, () => sleep(5000), { lossless: true }));
  });
  await report.check("a job is stolen from Redis: the accounting notices, and fails", async () => {
    const stolen = underLoad(world, ({ queue }) =>
      redis(world.machines.main(), `BRPOP queue:${queue} 10`).then(() => undefined),
    );
    const said = await stolen.then(figures, (error: Error) => error.message);
    if (!/ 1 of \d+ jobs lost: 1 unexplained\njob \d+: no process ever had it$/.test(said))
      throw new Error(said);
  });
  await report.check("jobs that fail for good are dead, and known as such", async () => {
    const load = { ...ORDINARY, retry: 1, work: { ...ORDINARY.work, fails: true } };
    const outcome = await underLoad(world, () => sleep(1000), { load });
    const { lost, acknowledged } = outcome.account;
    if (lost.length !== acknowledged) throw new Error(summary(outcome.account));
    return figures(outcome);
  });
}

export const survives = async (world: StepInputs) => {
  const { report, event } = world;
  const real = world.args.images === "real";
  if (!event && !real) await baseline(world);
  const happenings = [...SERVICES, ...PATHS, ...MACHINES].filter(
    ({ promise }) => !event || event.test(promise),
  );
  for (const { promise, happen, ...options } of happenings) {
    await report.check(promise, async () => {
      const happening = async (incident: Incident) => {
        const [worker] = world.machines.workerHosts();
        if (!worker) throw new Error("the stack has no worker");
        await happen({ world, main: world.machines.main(), worker, incident });
      };
      if (real) return underPosts(world, happening, options);
      return figures(await underLoad(world, happening, options));
    });
  }
  return true;
};
