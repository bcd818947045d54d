/**
 * The story's outage at a small scale, on its first layout and after its mitigations: how long they take to catch up, compared with the
 * model.
 */
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { becomes, type Host, hostsOf } from "../catchUp/hosts";
import {
  error,
  middle,
  near,
  percent,
  type Replay,
  RUNS,
  requireCalm,
  requireNear,
  requireOrder,
  signed,
} from "../catchUp/judgement";
import { type Connections, everythingDone, type Replayed, replay } from "../catchUp/replay";
import { LAYOUTS, type Layout } from "../catchUp/scale";
import { foretold, WatchCost } from "../catchUp/watch";
import { NO_WAY, wayToMain } from "../catchUp/way";
import { Load } from "../load/load";
import type { Inputs } from "./step";

/** Seconds of a busy loop on every core. */
const BUSY_SECONDS = 3;

/** Cores that busy loops get in a machine with its quota. */
async function quotaOf({ machine, cores }: Host): Promise<number> {
  const { controlGroup } = machine;
  controlGroup.limit(cores.machine);
  try {
    // Started by the machine's systemd: a process started from here would be outside its control group.
    const loop = `systemd-run --quiet --wait timeout ${BUSY_SECONDS + 1} bash -c 'while :; do :; done'`;
    const loops = machine.attempt(`${loop} & ${loop} & wait`);
    await sleep(500);
    const [began, before] = [Date.now(), controlGroup.used()];
    await sleep(BUSY_SECONDS * 1000);
    const used = (controlGroup.used() - before) / ((Date.now() - began) / 1000);
    await loops;
    return used;
  } finally {
    controlGroup.limit(Number.POSITIVE_INFINITY);
  }
}

const hours = (value: number | undefined) => (value === undefined ? "not yet" : `${value.toFixed(2)} h`);
const cores = (value: number) => value.toFixed(2);

function figure(
  { outage, measured, predicted, queues, taken, sidekiq, jobs }: Replayed,
  name: string,
): string {
  const machines = sidekiq.map((each, h) => {
    const all = taken.groups[h] ?? 0;
    const rest = all - each.reduce((sum, one) => sum + one, 0);
    return `${h === 0 ? "main" : "worker"} Sidekiq ${each.map(cores).join(" + ")}, else ${cores(rest)} cores`;
  });
  return [
    `${hours(measured)} measured, ${hours(predicted)} by the model (${signed(error({ name, measured, predicted }))})`,
    `outage ${hours(outage)}`,
    queues.map((one) => `${one.queue} ${hours(one.measured)} and ${hours(one.predicted)}`).join(", "),
    `${jobs} jobs`,
    ...machines,
    `this machine ${percent(taken.busy)} busy, ${percent(taken.own)} by the rehearsed ones`,
  ].join("; ");
}

function quotaHolds({ report }: Inputs<never>, role: string, host: Host) {
  const wanted = host.cores.machine;
  return report.check(`busy loops on ${role} get its quota, and no more`, async () => {
    const got = await quotaOf(host);
    if (Math.abs(got / wanted - 1) > 0.1)
      throw new Error(`they got ${cores(got)} cores, and the quota is ${cores(wanted)}`);
    return `${cores(got)} cores of ${cores(wanted)}`;
  });
}

/** Jobs that keep a process with 20 threads busy for six seconds of one core. */
const BURST = { seconds: 0, queue: "default", count: 60, work: { cpu: 100, trips: 0, wait: 0 } };

/** The model's limit that a process's quota stands for: without the quota, one process could use both cores of this machine. */
function rubysLock(world: Inputs<"collector" | "machines" | "outside" | "stack">, { machine, pids }: Host) {
  const { report } = world;
  return report.check("a process with 20 threads takes one core and no more, without a quota", async () => {
    const [pid] = pids;
    if (pid === undefined || cpus().length < 2)
      throw new Error("this needs a process, and more than one core");
    const group = machine.controlGroup.limitProcess(pid, Number.POSITIVE_INFINITY);
    const { load } = Load.planned(world, [BURST]);
    try {
      await sleep(2000);
      const [began, before] = [Date.now(), group.used()];
      await sleep(3000);
      const used = (group.used() - before) / ((Date.now() - began) / 1000);
      if (!(used > 0.8 && used < 1.1)) throw new Error(`it took ${cores(used)} cores`);
      return `${cores(used)} cores`;
    } finally {
      await load.stop();
      await everythingDone(world, load);
    }
  });
}

/** (d): how many connections Postgres has for all the threads. */
function pooled(world: Inputs<"machines">, { clients, servers }: Connections) {
  const { report } = world;
  return report.check(
    "(d) pgbouncer: Postgres has only the pool's connections, however many threads there are",
    async () => {
      const setting = (name: string) =>
        world.machines.main().run(`sed -n 's/^${name} = //p' /etc/pgbouncer/pgbouncer.ini`).then(Number);
      const most = (await setting("default_pool_size")) + (await setting("reserve_pool_size"));
      const figures = `${clients} connections to pgbouncer, ${servers} of at most ${most} from there to Postgres`;
      if (!(servers > 0 && servers <= most && servers < clients)) throw new Error(figures);
      return figures;
    },
  );
}

async function catchUp(
  world: Inputs<"collector" | "machines" | "outside" | "plane" | "stack">,
  layout: Layout,
  replays: Replay[],
): Promise<void> {
  const { report } = world;
  const { name, says, fleet } = layout;
  let hosts: Host[] = [];
  const there = await report.check(`(${name}) ${says}: up`, async () => {
    await becomes(world, fleet);
    hosts = await hostsOf(world, fleet);
  });
  if (!there) return;
  if (name === "a" && hosts[0]) await quotaHolds(world, "main", hosts[0]);
  if (name === "b" && hosts[0]) await rubysLock(world, hosts[0]);
  if (name === "e" && hosts[1]) await quotaHolds(world, "the worker", hosts[1]);
  let last: Replayed | undefined;
  const watch = await WatchCost.begin(hosts);
  await report.check(`(${name}) ${says}: two hours of outage drain as the model says`, async () => {
    const runs: Replay[] = [];
    const figures: string[] = [];
    do {
      const way = hosts.length > 1 ? await wayToMain(world) : NO_WAY;
      const result = await replay(world, layout, hosts, way);
      last = result;
      const told =
        way === NO_WAY
          ? ""
          : `; round trip ${way.rttMs.toFixed(2)} ms, of which the tailnet takes ${way.tailnetMs.toFixed(2)} ms of CPU on each side`;
      const text = `${figure(result, name)}${told}`;
      process.stdout.write(`    ${text}\n`);
      requireCalm(result.taken.busy, result.taken.own);
      runs.push({ name: `(${name})`, measured: result.measured, predicted: result.predicted });
      figures.push(text);
    } while (!(runs.length === 1 && near(runs)) && runs.length < RUNS);
    replays.push(middle(runs));
    requireNear(runs);
    return figures.join("\n");
  });
  if (!last) return;
  if (name === "c") await pooled(world, last.connections);
  await report.check(`(${name}) ${says}: the watch takes little meanwhile`, () => watch.figures());
  await foretold(world, layout, last);
}

export const catchesUp = async (world: Inputs<"collector" | "machines" | "outside" | "plane" | "stack">) => {
  const replays: Replay[] = [];
  for (const layout of LAYOUTS) await catchUp(world, layout, replays);
  return world.report.check("the layouts catch up in the model's order", async () => {
    if (replays.length < LAYOUTS.length)
      throw new Error(`only ${replays.map(({ name }) => name).join(", ") || "none"} could be measured`);
    requireOrder(replays);
    return replays.map(({ name, measured }) => `${name} ${hours(measured)}`).join(", ");
  });
};
