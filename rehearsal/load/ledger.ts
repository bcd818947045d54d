/** What main's databases know about measured jobs. */
import { redis, sql } from "../../lab/databases";
import { until } from "../../tools/until";
import type { Needs } from "../world";
import { type Death, held, lastWords } from "./accounting";

export interface FinishedJob {
  job: number;
  host: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** Jobs about which nothing has been heard for this long no longer exist anywhere: each takes less than a second. */
const QUIET_MS = 6000;
/**
 * But if a living process has a job and reports nothing, its thread may wait for an answer from a machine that has lost its power: until
 * that machine answers a retransmission (30 s apart at most), or keep-alive gives it up.
 */
const HELD_MS = 90_000;

/**
 * Waits until every job is finished or no longer exists anywhere; returns the finished ones.
 *
 * @param deaths of processes that can no longer finish anything
 */
export async function settled(
  world: Needs<"collector" | "machines">,
  acknowledged: ReadonlyMap<number, number>,
  deaths: readonly Death[] = [],
) {
  const [from = 0, to = 0] = [Math.min(...acknowledged.keys()), Math.max(...acknowledged.keys())];
  let finished: FinishedJob[] = [];
  await until("every job to be done or lost", 240, async () => {
    finished = await finishedJobs(world, from, to);
    const done = new Set(finished.map(({ job }) => job));
    const missing = [...acknowledged.keys()].filter((job) => !done.has(job));
    if (missing.length === 0) return true;
    const { events } = world.collector;
    const quiet = Date.now() - (events.at(-1)?.at ?? 0);
    if ((await inRedis(world)) > 0 || quiet < QUIET_MS) return false;
    const last = lastWords(events);
    return quiet > HELD_MS || !missing.some((job) => held(last.get(job), deaths));
  });
  return finished;
}

/** The finished jobs whose entry in a feed is missing: Redis had it, and lost it. Then the feed is deleted. */
export async function withoutEntry(
  world: Needs<"machines">,
  finished: readonly FinishedJob[],
): Promise<FinishedJob[]> {
  const entries = new Set((await redis(world.machines.main(), `ZRANGE ${FEED} 0 -1`)).map(Number));
  await redis(world.machines.main(), `DEL ${FEED}`);
  return finished.filter(({ job }) => !entries.has(job));
}

/** A command in the measured jobs' image. */
const FEED = "feed:measured";

async function finishedJobs(world: Needs<"machines">, from: number, to: number): Promise<FinishedJob[]> {
  const rows = await sql(
    world.machines.main(),
    `SELECT job, host, extract(epoch FROM finished_at) * 1000 FROM measured
     WHERE finished_at IS NOT NULL AND job BETWEEN ${from} AND ${to}`,
  );
  return rows.map((row) => {
    const [job, host = "", at] = row.split("|");
    return { job: Number(job), host, at: Number(at) };
  });
}

/** How many jobs wait in queues or for their next try; the next tries are brought forward. */
async function inRedis(world: Needs<"machines">): Promise<number> {
  const script = [
    "local waiting = 0",
    "for _, queue in ipairs(redis.call('SMEMBERS', 'queues')) do waiting = waiting + redis.call('LLEN', 'queue:' .. queue) end",
    "for _, job in ipairs(redis.call('ZRANGE', 'retry', 0, -1)) do redis.call('ZADD', 'retry', 0, job) end",
    "return waiting + redis.call('ZCARD', 'retry') + redis.call('ZCARD', 'schedule')",
  ].join("; ");
  const [waiting] = await redis(world.machines.main(), `EVAL "${script}" 0`);
  return Number(waiting);
}
