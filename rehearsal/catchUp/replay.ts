/** One of the story's layouts, with its outage, on machines that get as much of this machine as the scale allows. */
import { setTimeout as sleep } from "node:timers/promises";
import { evaluate } from "../../fleet/model/evaluate";
import type { Fleet } from "../../fleet/model/fleet";
import type { ControlGroup } from "../../lab/controlGroup";
import { sql } from "../../lab/databases";
import type { Machine } from "../../lab/machine";
import { type FinishedJob, settled } from "../load/ledger";
import { Load } from "../load/load";
import type { Needs } from "../world";
import { emptiedAt, type Trace, waitingAt, workedOffAt } from "./drain";
import type { Observed } from "./forecast";
import type { Host } from "./hosts";
import { Meter, type Taken } from "./meter";
import {
  arrivals,
  HASTE,
  hastened,
  inHours,
  type Layout,
  SECONDS_PER_HOUR,
  situation,
  workOf,
} from "./scale";
import type { Way } from "./way";

export interface Replayed {
  /** Hours of the story. */
  outage: number;
  measured: number | undefined;
  predicted: number;
  /** Hours that each queue took, measured and predicted. */
  queues: { queue: string; measured: number | undefined; predicted: number }[];
  taken: Taken;
  /** For each host, in the fleet's order: cores that its Sidekiq processes used, on average. */
  sidekiq: number[][];
  jobs: number;
  connections: Connections;
  /** For the watch's forecasts. */
  observed: Observed;
}

/** Connections to main's database while the backlog is worked off. */
export interface Connections {
  /** What would be connections of Postgres without pgbouncer. */
  clients: number;
  /** Postgres' own connections. */
  servers: number;
}

/** Seconds from when work resumes until every thread has had its first job. */
const UNDER_WAY = 5;

async function connections(main: Machine): Promise<Connections> {
  const clients = await main.run("ss -Htn state established '( sport = :6432 )' | wc -l");
  const [servers] = await sql(
    main,
    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = 'mastodon'",
  );
  return { clients: Number(clients), servers: Number(servers) };
}

/** How much longer than the model's figure a layout may take before the replay gives up. */
const PATIENCE = 1.5;

/** @throws Error if jobs are missing afterwards */
export async function replay(
  world: Needs<"collector" | "machines" | "outside" | "stack">,
  { fleet }: Layout,
  hosts: readonly Host[],
  { rttMs, tailnetMs }: Way,
): Promise<Replayed> {
  const story = situation(2, rttMs, tailnetMs);
  const expected = longest(evaluate(fleet, story).queues.map(({ drainHours }) => drainHours));
  const outageSeconds = story.outage.hours * SECONDS_PER_HOUR;
  const hasteSeconds = outageSeconds / HASTE;
  const plan = arrivals(story.outage.hours + PATIENCE * expected + 1);
  const groups = limit(hosts);
  for (const { pids } of hosts) for (const pid of pids) process.kill(pid, "SIGSTOP");
  const began = Date.now();
  const { load, queues } = Load.planned(
    world,
    hastened(plan, outageSeconds).map((one) => ({ ...one, work: workOf(one.queue) })),
  );
  try {
    await sleep(hasteSeconds * 1000);
    for (const { pids } of hosts) for (const pid of pids) process.kill(pid, "SIGCONT");
    const resumed = Date.now();
    const meter = new Meter(hosts.map(({ machine }) => machine.controlGroup));
    const sidekiqs = groups.map((each) => new Meter(each));
    const [, connected] = await Promise.all([
      drain(world, { load, queues, resumed, seconds: PATIENCE * expected * SECONDS_PER_HOUR }),
      sleep(UNDER_WAY * 1000).then(() => connections(world.machines.main())),
    ]);
    const taken = meter.read();
    const sidekiq = sidekiqs.map((one) => one.read().groups);
    await load.stop();
    const finished = await everythingDone(world, load);
    const traces = tracesOf(world, { load, queues, finished });
    const outage = story.outage.hours + inHours((resumed - began) / 1000 - hasteSeconds);
    const results = evaluate(fleet, situation(outage, rttMs, tailnetMs)).queues.filter(
      ({ arrivals: jobs }) => jobs > 0,
    );
    const perQueue = results.map(({ queue, drainHours }) => {
      const at = workedOffAt(traces.get(queue) ?? [], resumed);
      return {
        queue,
        measured: at === undefined ? undefined : inHours((at - resumed) / 1000),
        predicted: drainHours ?? Number.POSITIVE_INFINITY,
      };
    });
    return {
      outage,
      measured: perQueue.every(({ measured }) => measured !== undefined)
        ? longest(perQueue.map(({ measured }) => measured))
        : undefined,
      predicted: longest(perQueue.map(({ predicted }) => predicted)),
      queues: perQueue,
      taken,
      sidekiq,
      jobs: load.acknowledged().size,
      connections: connected,
      observed: observedIn(fleet, traces, resumed),
    };
  } finally {
    await load.stop();
    for (const { machine, pids } of hosts) {
      for (const pid of pids) process.kill(pid, "SIGCONT");
      machine.controlGroup.limit(Number.POSITIVE_INFINITY);
    }
  }
}

/** In the story's hours. Yesterday is the plan's: the replay has none. */
function observedIn(fleet: Fleet, traces: ReadonlyMap<string, Trace[]>, resumed: number): Observed {
  const empty = [...traces.values()].map((jobs) => emptiedAt(jobs, resumed) ?? Number.POSITIVE_INFINITY);
  const { queues } = situation(2, 0).workload;
  return {
    fleet,
    emptyHours: inHours((Math.max(...empty) - resumed) / 1000),
    backlog: (queue, hours) =>
      waitingAt(
        traces.get(queue) ?? [],
        resumed + (hours < 0 ? hours / HASTE : hours) * SECONDS_PER_HOUR * 1000,
      ),
    jobsPerSecond: (queue) => (queues[queue].jobsPerSecond * SECONDS_PER_HOUR) / 3600,
  };
}

export const longest = (hours: readonly (number | undefined)[]) =>
  Math.max(...hours.map((one) => one ?? Number.POSITIVE_INFINITY));

/** Limits each machine and each of its Sidekiq processes; returns the groups of the processes. */
const limit = (hosts: readonly Host[]): ControlGroup[][] =>
  hosts.map(({ machine, cores, pids }) => {
    machine.controlGroup.limit(cores.machine);
    return pids.map((pid) => machine.controlGroup.limitProcess(pid, cores.process));
  });

/** What was asked for: when each job was there. */
type Asked = Pick<Load, "acknowledged">;

interface Draining {
  load: Asked;
  queues: ReadonlyMap<number, string>;
  resumed: number;
  seconds: number;
}

/** Waits until nothing waits in any queue, or until that time is over. */
export async function drain(
  world: Needs<"collector">,
  { load, queues, resumed, seconds }: Draining,
): Promise<void> {
  const end = resumed + seconds * 1000;
  const waits = (jobs: readonly Trace[]) => emptiedAt(jobs, resumed) === undefined;
  do await sleep(1000);
  while ([...tracesOf(world, { load, queues, finished: [] }).values()].some(waits) && Date.now() < end);
}

/** When a process first had each of these jobs. */
function firstPops(world: Needs<"collector">, jobs: ReadonlyMap<number, string>): Map<number, number> {
  const pops = new Map<number, number>();
  for (const { event, job, at } of world.collector.events)
    if (event === "popped" && jobs.has(job) && !pops.has(job)) pops.set(job, at);
  return pops;
}

interface Known {
  load: Asked;
  queues: ReadonlyMap<number, string>;
  finished: readonly FinishedJob[];
}

/** What is known about the jobs of each queue. */
export function tracesOf(world: Needs<"collector">, { load, queues, finished }: Known): Map<string, Trace[]> {
  const taken = firstPops(world, queues);
  const ends = new Map(finished.map(({ job, at }) => [job, at]));
  const traces = new Map<string, Trace[]>([...queues.values()].map((queue) => [queue, []]));
  for (const [job, arrived] of load.acknowledged())
    traces.get(queues.get(job) ?? "")?.push({ arrived, taken: taken.get(job), finished: ends.get(job) });
  return traces;
}

/**
 * The rows of all jobs, once they are finished.
 *
 * @throws Error if one is lost
 */
export async function everythingDone(
  world: Needs<"collector" | "machines">,
  load: Asked,
): Promise<FinishedJob[]> {
  const acknowledged = load.acknowledged();
  const finished = await settled(world, acknowledged);
  if (finished.length < acknowledged.size)
    throw new Error(`${acknowledged.size - finished.length} of ${acknowledged.size} jobs are lost`);
  return finished;
}
