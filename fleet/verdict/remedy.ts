/** The smallest change that fixes a fleet; each candidate is tried in the model. */

import { QUEUE_NAMES, type QueueName, queueNames } from "../../catalogue/queues";
import type { Problem } from "../../settings/problem";
import { outOfReach } from "../model/bounds";
import { evaluate, type Situation, utilizations } from "../model/evaluate";
import { type Fleet, indexOfRole } from "../model/fleet";
import { serviceOf } from "../model/stations";
import {
  addedQueue,
  type Change,
  countLadder,
  hostAt,
  type Ladder,
  type Place,
  processAt,
  replicasLadder,
  sizeLadder,
  threadsLadder,
  weighted,
} from "./adjustments";
import { type Finding, findings, isError, queuesOf, same } from "./findings";

/** How many pools, in addition to main, are tried for one problem: each trial is a simulation. */
const MOST_POOLS = 3;

/**
 * Whether a changed fleet no longer has these findings, and has no new ones. A change that fixes an error may leave a queue busy.
 */
export function fixes(
  change: Change,
  gone: readonly Finding[],
  before: readonly Finding[],
  situation: Situation,
): boolean {
  const { workload, conditions, catchUpHours } = situation;
  const tooMuch = queuesOf(gone.filter(isError));
  if (tooMuch.length > 0) {
    const service = serviceOf(change.fleet, workload, conditions);
    if (outOfReach(service, situation, tooMuch)) return false;
  }
  if (gone.some(({ kind }) => kind === "behind") && stillBehind(change.fleet, gone, situation)) return false;
  const after = findings(change.fleet, situation, evaluate(change.fleet, situation, catchUpHours));
  return after.every(
    (finding) =>
      (before.some((old) => same(old, finding)) && !gone.some((old) => same(old, finding))) ||
      (finding.kind === "busy" && gone.some(isError)),
  );
}

/** These show in the busy hour alone, without a simulation. */
function stillBehind(fleet: Fleet, gone: readonly Finding[], situation: Situation): boolean {
  const used = utilizations(fleet, situation);
  return queuesOf(gone).some((queue) => (used[QUEUE_NAMES.indexOf(queue)] ?? 0) >= 1);
}

/** The smallest change that works, found by doubling and then by bisection: the answer is near the start. */
export function firstRung<T>(
  ladder: readonly T[],
  works: (rung: T) => boolean,
): { rung: T; at: number } | undefined {
  let low = 0;
  let best: { rung: T; at: number } | undefined;
  for (let step = 1; low < ladder.length && !best; step *= 2) {
    const at = Math.min(low + step - 1, ladder.length - 1);
    const rung = ladder[at] as T;
    if (works(rung)) best = { rung, at };
    else low = at + 1;
  }
  while (best && low < best.at) {
    const at = Math.floor((low + best.at) / 2);
    const rung = ladder[at] as T;
    if (works(rung)) best = { rung, at };
    else low = at + 1;
  }
  return best;
}

/** The cheapest change; among equally cheap ones, the one with fewer steps, and then the first. */
export function smallest(ladders: readonly Ladder[], works: (change: Change) => boolean): Change | undefined {
  const [best] = ladders
    .flatMap((ladder) => firstRung(ladder, works) ?? [])
    .toSorted((a, b) => a.rung.extraUsd - b.rung.extraUsd || a.at - b.at);
  return best?.rung;
}

/** A change as a line of the verdict. `why` is a clause that follows the value: ", and …" or ", whose …". */
export function recommended({ key, from, to, extraUsd }: Change, why: string): Problem {
  const price = extraUsd === 0 ? "" : ` ($${extraUsd.toFixed(0)} a month more)`;
  return { key, message: `is ${from}${why}; write ${to}${price}` };
}

/** Everything that could give these queues more capacity; changes that cost nothing come first. */
export function moreCapacity(fleet: Fleet, queues: readonly QueueName[]): Ladder[] {
  const hosts = hostsToTry(fleet, queues);
  const places = hosts.flatMap((h) => [...hostAt(fleet, h).sidekiq.keys()].map((p): Place => [h, p]));
  const serving = places.filter((place) => serves(fleet, place, queues));
  // More of a machine that does not serve them does not serve them either; main's database works for all.
  const helping = hosts.filter(
    (h) => h === indexOfRole(fleet.hosts, "database") || serving.some(([host]) => host === h),
  );
  return [
    ...serving.map((place) => threadsLadder(fleet, place)),
    ...serving.map((place) => replicasLadder(fleet, place)),
    ...places.flatMap((place) => queues.map((queue) => addedQueue(fleet, place, queue))),
    ...strictOnes(fleet, queues),
    ...helping.map((h) => countLadder(fleet, h)),
    ...helping.map((h) => sizeLadder(fleet, h)),
  ];
}

/** Weights for each process that serves these queues in strict order. */
export function strictOnes(fleet: Fleet, queues: readonly QueueName[]): Ladder[] {
  return hostsToTry(fleet, queues).flatMap((h) =>
    [...hostAt(fleet, h).sidekiq.keys()]
      .filter((p) => serves(fleet, [h, p], queues))
      .map((p) => weighted(fleet, [h, p])),
  );
}

/** Main, and the pools with the most threads for these queues. */
function hostsToTry(fleet: Fleet, queues: readonly QueueName[]): number[] {
  const threads = fleet.hosts.map(({ sidekiq, count }, h) =>
    sidekiq
      .filter((_, p) => serves(fleet, [h, p], queues))
      .reduce((sum, process) => sum + process.threads * process.replicas * count, 0),
  );
  const main = indexOfRole(fleet.hosts, "database");
  const pools = [...fleet.hosts.keys()]
    .filter((host) => host !== main)
    .toSorted((a, b) => (threads[b] ?? 0) - (threads[a] ?? 0));
  return [main, ...pools.slice(0, MOST_POOLS)];
}

const serves = (fleet: Fleet, place: Place, queues: readonly QueueName[]) =>
  queueNames(processAt(fleet, place)).some((queue) => queues.includes(queue));
