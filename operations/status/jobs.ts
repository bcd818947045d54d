/** Queues and processes, from two looks at Redis a few seconds apart. */
import { QUEUE_NAMES } from "../../catalogue/queues";
import { TARGETS } from "../../services/watch";
import type { Process, Queue } from "./schema";

/** Of a hash in Redis; false if it is missing. */
type Field = string | false;

/** Redis' time, queues, processes, and the lengths of three sets; Lua has one kind of empty table. */
type Look = [
  time: [seconds: string, microseconds: string],
  queues: Record<string, [length: number, oldest?: number]>,
  processes: Record<string, [info: Field, threads: Field, busy: Field, quiet: Field]>,
  retries: number,
  scheduled: number,
  dead: number,
];

interface Info {
  hostname: string;
  queues: string[];
  /** Sidekiq 8.1 has it in its own field. */
  concurrency?: number;
  tag?: string;
}

/** A queue that Mastodon does not have counts as `default`. */
const lateSeconds = (queue: string) =>
  (TARGETS as Readonly<Record<string, number>>)[queue] ?? TARGETS.default;

const timeOf = ([[seconds, microseconds]]: Look) => Number(seconds) + Number(microseconds) / 1e6;

/** Sidekiq 8 writes milliseconds, earlier versions seconds. */
const inSeconds = (enqueuedAt: number) => (enqueuedAt > 1e11 ? enqueuedAt / 1000 : enqueuedAt);

function queueOf(name: string, before: Look, after: Look): Queue {
  const [waiting, oldest] = after[1][name] ?? [0];
  const passed = timeOf(after) - timeOf(before);
  const shrinksPerSecond = ((before[1][name]?.[0] ?? 0) - waiting) / passed;
  return {
    queue: name,
    waiting,
    oldestSeconds: oldest === undefined ? null : Math.max(0, timeOf(after) - inSeconds(oldest)),
    lateSeconds: lateSeconds(name),
    shrinksPerSecond,
    emptyInSeconds: waiting === 0 ? 0 : shrinksPerSecond > 0 ? waiting / shrinksPerSecond : null,
  };
}

/** A process that died stays in Redis' set; what it said of itself ends a minute after its last sign of life. */
function processesOf([, , processes]: Look): Process[] {
  return Object.values(processes).flatMap(([info, own, busy, quiet]) => {
    if (!info) return [];
    const { hostname, queues, concurrency, tag = "" } = JSON.parse(info) as Info;
    const threads = own ? Number(own) : concurrency;
    if (threads === undefined) throw new Error(`how many threads ${hostname} has`);
    return [
      { host: hostname, queues, threads, busy: Number(busy || 0), quiet: quiet === "true", release: tag },
    ];
  });
}

/** @throws Error if the two lines are not those of questions.sh */
export function jobsOf([first = "", second = ""]: readonly string[]) {
  const [before, after] = [JSON.parse(first) as Look, JSON.parse(second) as Look];
  const [, , , retries, scheduled, dead] = after;
  return {
    // Redis knows only queues that have had a job.
    queues: [...new Set([...QUEUE_NAMES, ...Object.keys(after[1]).sort()])].map((name) =>
      queueOf(name, before, after),
    ),
    processes: processesOf(after),
    retries,
    scheduled,
    dead,
  };
}
