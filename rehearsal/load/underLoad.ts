/** An event happens while jobs are asked for and done; afterwards each job is accounted for. */
import { setTimeout as sleep } from "node:timers/promises";
import { type SidekiqProcess, sidekiqProcesses } from "../../lab/databases";
import { until } from "../../tools/until";
import type { Needs } from "../world";
import {
  type Account,
  account,
  type Break,
  CAUSES,
  type Death,
  longestGap,
  secondsWithoutService,
  summary,
  unexplainedEntries,
} from "./accounting";
import { type FinishedJob, settled, withoutEntry } from "./ledger";
import { Load, type LoadArgs, type Work } from "./load";
import { Visitors } from "./visitors";

/** Far less than the smallest fleet can do. */
export const ORDINARY = {
  jobsPerSecond: 20,
  work: { cpu: 4, trips: 6, wait: 80 },
};

/** What was done to machines and processes, for the accounting. */
export class Incident {
  readonly deaths: Death[] = [];
  readonly breaks: Break[] = [];
  readonly powerCuts: number[] = [];

  /**
   * @param processes Sidekiq's processes before the event
   * @param queue the queue of the load
   */
  constructor(
    readonly processes: readonly SidekiqProcess[],
    readonly queue: string,
  ) {}

  /** Connections to Redis end, from now until the load continues. */
  disconnected(): void {
    this.broken("connection");
  }

  /** Redis accepts nothing, from now until the load continues. */
  refused(): void {
    this.broken("refusal");
  }

  /** All processes of a host, or one process, are dead by now. */
  died(host: string, process?: string): void {
    const threads = this.processes
      .filter(({ hostname, identity }) => hostname === host && (process ?? identity) === identity)
      .reduce((sum, { concurrency }) => sum + concurrency, 0);
    this.deaths.push({ host, at: Date.now(), threads, ...(process ? { process } : {}) });
  }

  private broken(kind: Break["kind"]): void {
    this.breaks.push({ kind, from: Date.now(), until: Number.POSITIVE_INFINITY });
  }

  /** Redis' machine has just lost its power. */
  powerCut(): void {
    this.powerCuts.push(Date.now());
  }

  over(): void {
    for (const one of this.breaks) one.until = Math.min(one.until, Date.now());
  }
}

export interface Outcome {
  account: Account;
  /** Seconds in which the web interface accepted no jobs. */
  withoutService: number;
  /** The longest period without a finished job, in seconds. */
  withoutJobs: number;
  /** Seconds from the end of the event until streaming accepted a client. */
  streamingBack: number;
  /** Seconds in which streaming accepted nobody, in total. */
  withoutStreaming: number;
  /** Rows of the finished jobs. */
  jobs: FinishedJob[];
  /** Finished jobs whose entry in a feed Redis has lost. */
  feedless: FinishedJob[];
}

/** For reports. */
export const figures = (outcome: Outcome): string => {
  const { account, withoutService, withoutJobs, withoutStreaming, streamingBack, feedless } = outcome;
  return [
    `${withoutService.toFixed(1)} s without service`,
    `${withoutJobs.toFixed(1)} s without a job`,
    `${withoutStreaming.toFixed(1)} s without streaming, ${streamingBack.toFixed(1)} s of them afterwards`,
    ...(account.unanswered > 0 ? [`${account.unanswered} BRPOPs without an answer`] : []),
    ...(feedless.length > 0
      ? [`${feedless.length} of ${account.finished} entries of feeds lost with ${CAUSES.appendOnlyFile}`]
      : []),
    summary(account),
  ].join(", ");
};

interface Options {
  load?: Omit<LoadArgs, "queue">;
  /** Seconds until everything has to work again. */
  recovery?: number;
  /** Whether no job may be lost, for any reason. */
  lossless?: boolean;
  /** Whether every request must be answered, even if late. */
  served?: boolean;
  /** Whether as many processes as before must take jobs again. */
  sameProcesses?: boolean;
  /** Seconds until streaming has to accept a client again. */
  streaming?: number;
}

/** A page that has lost its connection is told so after about this long. */
const STREAMING_SECONDS = 10;

/** @throws Error if a job is lost that must not be, or if the load does not continue */
export async function underLoad(
  world: Needs<"collector" | "instance" | "machines" | "outside" | "stack">,
  happen: (incident: Incident) => Promise<void>,
  {
    load: wanted = ORDINARY,
    recovery = 180,
    sameProcesses = true,
    lossless = false,
    served = false,
    streaming = STREAMING_SECONDS,
  }: Options = {},
): Promise<Outcome> {
  const processes = await sidekiqProcesses(world.machines.main());
  const { queue, serving } = commonest(processes);
  const incident = new Incident(processes, queue);
  const visitors = await Visitors.start(world);
  const load = Load.start(world, { ...wanted, queue, ...(served ? { patience: 150 } : {}) });
  let streamingBack = 0;
  try {
    const start = Date.now();
    await goesOn(world, load, start, serving, 60);
    await visitors.letIn(start, 60);
    await happen(incident);
    const end = Date.now();
    const [, back] = await Promise.all([
      goesOn(world, load, end, sameProcesses ? serving : 1, recovery),
      visitors.letIn(end, streaming),
    ]);
    streamingBack = back;
    incident.over();
    await sleep(2000);
  } finally {
    await load.stop();
    await visitors.stop();
  }
  await hears(world);
  const outcome = {
    ...(await accounts(world, load, incident, wanted.work)),
    streamingBack,
    withoutStreaming: secondsWithoutService(visitors.ticks),
  };
  const { lost } = outcome.account;
  const traces = lost.map(({ job, last }) => `job ${job}: ${last}`).slice(0, 10);
  if (lost.some(({ cause }) => lossless || cause === undefined))
    throw new Error([figures(outcome), ...traces].join("\n"));
  const failed = load.ticks.flatMap(({ problem }) => problem ?? []);
  if (served && failed.length > 0)
    throw new Error([figures(outcome), `${failed.length} requests failed: ${failed[0]}`].join("\n"));
  for (const trace of traces) process.stdout.write(`    ${trace}\n`);
  return outcome;
}

/** An open page gets new posts: these go through web, a job, Redis and Postgres. */
async function hears({ instance }: Needs<"instance">): Promise<void> {
  let closed = false;
  const heard = instance.hear().finally(() => {
    closed = true;
  });
  heard.catch(() => undefined);
  while (!closed) {
    await instance.post("is anybody there?");
    await sleep(500);
  }
  await heard;
}

/** The queue that most processes serve, and the number of those processes. */
function commonest(processes: readonly SidekiqProcess[]): { queue: string; serving: number } {
  const serving = (queue: string) => processes.filter(({ queues }) => queues.includes(queue)).length;
  const [queue] = [...new Set(processes.flatMap(({ queues }) => queues))].sort(
    (a, b) => serving(b) - serving(a),
  );
  if (queue === undefined) throw new Error("no Sidekiq process is there");
  return { queue, serving: serving(queue) };
}

/** Waits until jobs of the producer are taken, and by that many processes, since then. */
async function goesOn(
  world: Needs<"collector">,
  load: Load,
  since: number,
  processes: number,
  seconds: number,
) {
  await until(`the load to go on in ${processes} processes`, seconds, async () => {
    const taken = load.ticks.some(({ sent, ok }) => ok && sent > since);
    const events = world.collector.events.filter(({ event, at }) => event === "popped" && at > since);
    return taken && new Set(events.map(({ process }) => process)).size >= processes;
  });
}

async function accounts(
  world: Needs<"collector" | "machines">,
  load: Load,
  incident: Incident,
  { fails }: Work,
): Promise<Omit<Outcome, "streamingBack" | "withoutStreaming">> {
  const acknowledged = load.acknowledged();
  const jobs = await settled(world, acknowledged, incident.deaths);
  const feedless = await withoutEntry(world, jobs);
  const unexplained = unexplainedEntries(feedless, incident.powerCuts);
  if (unexplained.length > 0)
    throw new Error(
      `${unexplained.length} finished jobs have no entry in their feed, and no loss of power explains it: ${unexplained
        .slice(0, 10)
        .map(({ job, host, at }) => `${job} by ${host} at ${new Date(at).toISOString()}`)
        .join(", ")}`,
    );
  const since = load.ticks[0]?.sent ?? 0;
  return {
    account: account({
      acknowledged,
      finished: new Set(jobs.map(({ job }) => job)),
      failing: new Set(fails ? acknowledged.keys() : []),
      events: world.collector.events,
      unanswered: world.collector.unanswered.filter(({ at }) => at >= since),
      deaths: incident.deaths,
      breaks: incident.breaks,
      powerCuts: incident.powerCuts,
    }),
    withoutService: secondsWithoutService(load.ticks),
    withoutJobs: longestGap(jobs.map(({ at }) => at)),
    jobs,
    feedless,
  };
}
