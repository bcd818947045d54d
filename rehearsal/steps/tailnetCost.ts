/** What it costs a process to be on the other side of the tailnet: jobs/s on a worker compared with main, at several distances. */
import { setTimeout as sleep } from "node:timers/promises";
import { delayed } from "../../lab/faults";
import { until } from "../../tools/until";
import { becomes, type Host, hostsOf } from "../catchUp/hosts";
import { requireCalm, signed, TOLERANCE } from "../catchUp/judgement";
import { Meter } from "../catchUp/meter";
import { everythingDone } from "../catchUp/replay";
import { ADDED_MS, FLEET, inSmall, PLACES, predicted, WORK } from "../catchUp/tailnetCost";
import { roundTrip } from "../catchUp/way";
import { Load } from "../load/load";
import type { Needs } from "../world";
import type { Inputs } from "./step";

/** Seconds over which jobs are counted, after those in which every thread gets its first. */
const SECONDS = 20;
const FIRST_SECONDS = 2;

/** Jobs/s of the process there while there are more than enough. */
async function throughput(
  world: Needs<"collector" | "machines" | "outside" | "stack">,
  place: keyof typeof PLACES,
  hosts: readonly Host[],
  expected: number,
) {
  // Each process is on a CPU that is slow all the time: a quota would hide some of the round trips.
  const work = { ...WORK, vcpu: hosts[place === "main" ? 0 : 1]?.cores.process ?? 1 };
  const count = Math.ceil(expected * (FIRST_SECONDS + SECONDS) * 1.5);
  const meter = new Meter(hosts.map(({ machine }) => machine.controlGroup));
  const { load } = Load.planned(world, [{ seconds: 0, queue: PLACES[place], count, work }]);
  await sleep((FIRST_SECONDS + SECONDS + 1) * 1000);
  const { busy, own } = meter.read();
  await load.stop();
  const jobs = await everythingDone(world, load);
  requireCalm(busy, own);
  const from = Math.max(...load.acknowledged().values()) + FIRST_SECONDS * 1000;
  return jobs.filter(({ at }) => at >= from && at < from + SECONDS * 1000).length / SECONDS;
}

const rate = (jobs: number) => `${jobs.toFixed(1)} jobs/s`;

function near(what: string, measured: number, model: number): string {
  const text = `${what} measured, ${model.toFixed(2)} by the model (${signed(model / measured - 1)})`;
  if (!(Math.abs(model / measured - 1) <= TOLERANCE)) throw new Error(text);
  return text;
}

export const tailnetCost = async (
  world: Inputs<"collector" | "machines" | "outside" | "plane" | "stack">,
) => {
  const { report } = world;
  let hosts: Host[] = [];
  let onMain = 0;
  const there = await report.check("a process with 5 threads on main, and the same on a worker", async () => {
    await becomes(world, FLEET);
    hosts = await hostsOf(world, FLEET);
    const model = predicted("main", 0);
    onMain = await throughput(world, "main", hosts, model);
    return near(`on main ${rate(onMain)}`, onMain, model);
  });
  const [main, worker] = hosts;
  if (!there || !main || !worker) return false;
  const onWorker = async () => {
    const rttMs = await roundTrip(world);
    const model = predicted("worker", rttMs);
    const measured = await throughput(world, "worker", hosts, model);
    const figures = `round trip ${rttMs.toFixed(1)} ms, ${rate(measured)}`;
    return `${figures}: ${near((measured / onMain).toFixed(2), measured / onMain, model / predicted("main", 0))}`;
  };
  for (const added of ADDED_MS) {
    await report.check(`on the worker against main, with ${added} ms on the way`, async () => {
      if (added === 0) return onWorker();
      return delayed(worker.machine, main.machine, inSmall(added), async () => {
        // tailscaled uses the relay until it has found that path.
        await until("the longer way to main", 60, async () => (await roundTrip(world)) >= inSmall(added));
        return onWorker();
      });
    });
  }
  return true;
};
