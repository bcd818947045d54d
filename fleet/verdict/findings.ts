/** What the model has to say about a fleet, as facts: fleet/verdict/verdict.ts puts them into words and looks for remedies. */

import { QUEUES, type QueueName, queueNames } from "../../catalogue/queues";
import type { Evaluation, QueueResult, Situation } from "../model/evaluate";
import { type Fleet, type FleetHost, hostOf, poolsOf } from "../model/fleet";
import { leastRedisMiB, redisPeak, volumeAfterAYear } from "../sizing/state";

/** At and above it waiting times climb steeply, and a shared graph that shows it may show all there is. */
export const BUSY = 0.7;
/** docs.joinmastodon.org/admin/scaling and operators: no more threads in one process pay off, since they share a core. */
export const MOST_THREADS = 25;
/** Round trips of two measured milliseconds cost nine tenths of a worker (docs/capacity.md). */
export const FAR_MS = 2;
/** A queue that waits longer for its turn than this after an outage counts as starved. */
export const STARVED_HOURS = 0.25;

/** Errors stop the preview, warnings stop nobody. */
export const ERRORS = ["web", "behind", "slow", "memory", "connections", "redis"] as const;
export const WARNINGS = ["busy", "starved", "shared", "threads", "processes", "far", "volume"] as const;

export interface Finding {
  kind: (typeof ERRORS)[number] | (typeof WARNINGS)[number];
  /** The queue, or the setting's key, that it is about. */
  about: string;
}

/** A fleet with what the model found. */
export interface Judged {
  fleet: Fleet;
  situation: Situation;
  evaluation: Evaluation;
  found: readonly Finding[];
}

/** Everything that the model finds. Queues without any process are not its subject: catalogue/queues.ts refuses them. */
export function findings(fleet: Fleet, situation: Situation, evaluation: Evaluation): Finding[] {
  const main = hostOf(evaluation.hosts, "web");
  return [
    // Without CPU for the database no queue moves at all: one thing to say, not seven.
    ...(main.web >= main.cores
      ? [{ kind: "web", about: "main.size" } as const]
      : evaluation.queues
          .filter(({ queue }) => isServed(fleet, queue))
          .flatMap((queue) => ofQueue(queue, situation))),
    ...[evaluation.main, ...evaluation.pools]
      .flatMap(({ problems }) => problems)
      .map(
        ({ key }): Finding => ({
          kind: /onnections$|PoolSize$/.test(key) ? "connections" : "memory",
          about: key,
        }),
      ),
    ...ofState(fleet, situation, evaluation),
    ...fleet.hosts.flatMap(ofHost),
    ...(situation.conditions.rttMs > FAR_MS && poolsOf(fleet.hosts).length > 0
      ? [{ kind: "far", about: "assumptions.rttMs" } as const]
      : []),
  ];
}

export const same = (a: Finding, b: Finding) => a.kind === b.kind && a.about === b.about;

export const isError = ({ kind }: Finding) => (ERRORS as readonly string[]).includes(kind);

/** Whether nothing stops a preview of this fleet. */
export const accepts = (fleet: Fleet, situation: Situation, evaluation: Evaluation) =>
  !findings(fleet, situation, evaluation).some(isError);

const isServed = ({ hosts }: Fleet, queue: QueueName) =>
  hosts.some(
    ({ count, sidekiq }) => count > 0 && sidekiq.some((process) => queueNames(process).includes(queue)),
  );

function ofQueue(
  { queue, utilization, drainHours, starvedHours }: QueueResult,
  { catchUpHours }: Situation,
): Finding[] {
  const found: Finding["kind"][] = [];
  if (utilization >= 1) found.push("behind");
  else if (drainHours === undefined || drainHours > catchUpHours) found.push("slow");
  else if (utilization > BUSY) found.push("busy");
  if (starvedHours > STARVED_HOURS) found.push("starved");
  return found.map((kind) => ({ kind, about: queue }));
}

/** What Redis and the data volume have to hold. Too little Redis for the planned outage itself is the sizing's to say. */
function ofState(
  { volumeGiB }: Fleet,
  { workload, catchUpHours }: Situation,
  { course, main: { redis, redisNeed } }: Evaluation,
): Finding[] {
  // Of a fleet that is too slow the backlog says nothing: another one is needed, and has another.
  const drained = course.queues.every(
    ({ drainHours = Number.POSITIVE_INFINITY }) => drainHours <= catchUpHours,
  );
  const planned = redis.maxMemoryMiB >= leastRedisMiB(redisNeed);
  const full = drained && planned && redisPeak(workload, course).mib > redis.maxMemoryMiB;
  return [
    ...(full ? [{ kind: "redis", about: "main.redis.maxMemoryMiB" } as const] : []),
    ...(volumeAfterAYear(workload.activeUsers, redis) > volumeGiB
      ? [{ kind: "volume", about: "main.volumeGiB" } as const]
      : []),
  ];
}

function ofHost({ key, size, count, sidekiq }: FleetHost): Finding[] {
  if (count === 0) return [];
  const processes = sidekiq.reduce((sum, { replicas }) => sum + replicas, 0);
  return [
    ...(size.cpu === "shared" && cpuBoundQueues(sidekiq).length > 0
      ? [{ kind: "shared", about: `${key}.size` } as const]
      : []),
    ...(processes > size.vcpus ? [{ kind: "processes", about: `${key}.sidekiq` } as const] : []),
    ...sidekiq.flatMap(({ threads }, p) =>
      threads > MOST_THREADS ? [{ kind: "threads", about: `${key}.sidekiq[${p}].threads` } as const] : [],
    ),
  ];
}

/** Queues of a host that the CPU bounds. `scheduler` has one job a minute. */
export function cpuBoundQueues(sidekiq: FleetHost["sidekiq"]): QueueName[] {
  const served = new Set(sidekiq.flatMap(queueNames));
  return [...served].filter((queue) => queue !== "scheduler" && QUEUES[queue].bound === "cpu");
}
