/** What became of every job that was promised: done, dead by design, or lost, and then why. */

/** A process's report about a job, at the time of the event. */
export interface Event {
  job: number;
  /**
   * `popped`: it has left Redis and is only in this process' memory. `handed back`: at a stop. `failed`: its retry is stored. `dropped`: it
   * failed, and its retry could not be stored. `dead`: its retries are used up.
   */
  event: "popped" | "handed back" | "failed" | "dropped" | "dead";
  /** Sidekiq's identity: HOST:PID:NONCE. */
  process: string;
  host: string;
  /** Milliseconds since 1970. */
  at: number;
  error?: string;
}

/** A process's report about a request for a job (`BRPOP`): its connection ended, and Redis' answer may have been a job. */
export interface Unanswered {
  event: "unanswered";
  process: string;
  host: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** Processes that were killed: all of a host, or one. */
export interface Death {
  host: string;
  process?: string;
  at: number;
  /** How many could have asked for a job at that time. */
  threads: number;
}

/** When Redis was not available. */
export interface Break {
  /** Connections ended silently, or Redis kept running and refused to store anything. */
  kind: "connection" | "refusal";
  from: number;
  /** When Redis could be asked again. */
  until: number;
}

export interface Evidence {
  /** Job → when its producer was told that it is in Redis. Recorded outside of everything that can fail. */
  acknowledged: ReadonlyMap<number, number>;
  /** Finished jobs, by their rows in Postgres. */
  finished: ReadonlySet<number>;
  /** Jobs that were made to fail for good. */
  failing: ReadonlySet<number>;
  events: readonly Event[];
  /** Reports since the first job was asked for. */
  unanswered: readonly Unanswered[];
  deaths: readonly Death[];
  breaks: readonly Break[];
  /** When Redis' machine lost its power. */
  powerCuts: readonly number[];
}

export const CAUSES = {
  death: "in flight at a kill -9 or machine death",
  connection: "popped on a connection that died",
  refusal: "failed while Redis refused to store its retry",
  appendOnlyFile: "the last second of the append-only file",
  exhausted: "retries exhausted by design",
} as const;
export type Cause = keyof typeof CAUSES;

export interface Lost {
  job: number;
  /** undefined: nothing that was done explains it. */
  cause: Cause | undefined;
  /** The last that is known about it. */
  last: string;
}

export interface Account {
  acknowledged: number;
  finished: number;
  lost: Lost[];
  /** Requests for a job whose connection ended before the answer came. */
  unanswered: number;
}

/** `appendfsync everysec`: a second, and one more while the last fsync is still in progress (redis.io, persistence). */
const APPEND_ONLY_FILE_MS = 2000;

/** Whether Redis may not have written what it accepted at that time. */
const forgotten = (at: number, cut: number) => cut - APPEND_ONLY_FILE_MS <= at && at <= cut;

export function account(evidence: Evidence): Account {
  const { acknowledged, finished } = evidence;
  const last = lastWords(evidence.events);
  const lost = [...acknowledged.keys()]
    .filter((job) => !finished.has(job))
    .map((job) => ({
      job,
      cause: ofLast(evidence, job, last.get(job)),
      last: words(last.get(job)),
    }));
  unheard(evidence, lost, last);
  return {
    acknowledged: acknowledged.size,
    finished: acknowledged.size - lost.length,
    lost,
    unanswered: evidence.unanswered.length,
  };
}

/** The last report about each job. */
export function lastWords(events: readonly Event[]): Map<number, Event> {
  const last = new Map<number, Event>();
  for (const event of [...events].sort((a, b) => a.at - b.at)) {
    // Sidekiq reports the last failure after the death that it caused.
    if (event.event === "failed" && last.get(event.job)?.event === "dead") continue;
    last.set(event.job, event);
  }
  return last;
}

/** Whether that process died after its report. */
const killed = ({ at, host, process }: Event, deaths: readonly Death[]) =>
  deaths.some((death) => death.host === host && (death.process ?? process) === process && at <= death.at);

/** Whether a process that is not known to be dead has the job, according to that last report. */
export const held = (last: Event | undefined, deaths: readonly Death[]): boolean =>
  last?.event === "popped" && !killed(last, deaths);

const words = (event: Event | undefined) =>
  event
    ? `${event.event} by ${event.process} at ${new Date(event.at).toISOString()}${event.error ? `: ${event.error}` : ""}`
    : "no process ever had it";

/** If a process reported something about it, that report gives the cause, or none. */
function ofLast(
  { deaths, breaks, failing, powerCuts }: Evidence,
  job: number,
  event: Event | undefined,
): Cause | undefined {
  switch (event?.event) {
    case "popped":
      return killed(event, deaths) ? "death" : undefined;
    case "dropped":
      return breaks.find(({ from, until }) => from <= event.at && event.at <= until)?.kind;
    case "dead":
      return failing.has(job) ? "exhausted" : undefined;
    case "failed":
    case "handed back":
      return powerCuts.some((cut) => forgotten(event.at, cut)) ? "appendOnlyFile" : undefined;
    default:
      return undefined;
  }
}

/**
 * Jobs that no process ever had: either Redis lost them with its last second, or each was the answer to a request whose connection had
 * ended. A thread of a dead process can no longer report that; it either had such a request open or had a job.
 */
function unheard(
  { acknowledged, unanswered, deaths, powerCuts }: Evidence,
  lost: Lost[],
  last: ReadonlyMap<number, Event>,
) {
  const inFlight = lost.filter(({ cause }) => cause === "death").length;
  let answers = unanswered.length + deaths.reduce((sum, { threads }) => sum + threads, 0) - inFlight;
  for (const one of lost) {
    if (last.has(one.job)) continue;
    const at = acknowledged.get(one.job) ?? 0;
    if (powerCuts.some((cut) => forgotten(at, cut))) {
      one.cause = "appendOnlyFile";
      continue;
    }
    if (answers <= 0) continue;
    answers -= 1;
    one.cause = "connection";
  }
}

/** Finished jobs whose entry in a feed is missing, although no power loss took Redis' last second with it. */
export const unexplainedEntries = <Job extends { at: number }>(
  missing: readonly Job[],
  powerCuts: readonly number[],
): Job[] => missing.filter(({ at }) => !powerCuts.some((cut) => forgotten(at, cut)));

/** A line for reports: nothing lost, or how many and why. */
export function summary({ acknowledged, lost }: Account): string {
  if (lost.length === 0) return `none of ${acknowledged} jobs lost`;
  const counts = new Map<string, number>();
  for (const { cause } of lost) {
    const name = cause ? CAUSES[cause] : "unexplained";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const parts = [...counts].map(([name, count]) => `${count} ${name}`);
  return `${lost.length} of ${acknowledged} jobs lost: ${parts.join(", ")}`;
}

/** One request of a load generator. */
export interface Tick {
  /** When it was sent and answered, in milliseconds since 1970. */
  sent: number;
  answered: number;
  ok: boolean;
}

/** Seconds from the first request that failed to the answer of the next that succeeded, summed over all such periods. */
export function secondsWithoutService(ticks: readonly Tick[]): number {
  let since: number | undefined;
  let total = 0;
  for (const { sent, answered, ok } of ticks) {
    if (!ok) since ??= sent;
    else if (since !== undefined) {
      total += answered - since;
      since = undefined;
    }
  }
  if (since !== undefined) total += (ticks.at(-1)?.answered ?? since) - since;
  return total / 1000;
}

/** The longest period, in seconds, in which none of these events happened. */
export function longestGap(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.reduce((longest, time, i) => Math.max(longest, time - (sorted[i - 1] ?? time)), 0) / 1000;
}
