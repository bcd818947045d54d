/** What the model finds in a fleet, as facts; fleet/verdict/verdict.ts puts them into words and looks for remedies. */

import { QUEUES, type QueueName, queueNames } from "../../catalogue/queues";
import type { Evaluation, QueueResult, Situation } from "../model/evaluate";
import { coreSpeed, type Fleet, type FleetHost, hostOf, indexOfRole, poolsOf } from "../model/fleet";
import { PUMA_SHARE } from "../model/web";
import { databaseAfterAYearGiB, neededGiB, workingSetMiB } from "../sizing/database";
import { cacheMiB } from "../sizing/memory";
import { leastRedisMiB, redisPeak } from "../sizing/state";

/** From this utilization on, waiting times climb steeply, and a shared vCPU whose graph shows it may have no more to give. */
export const BUSY = 0.7;
/** docs.joinmastodon.org/admin/scaling and operators: more threads in one process do not pay off, since they share a core. */
export const MOST_THREADS = 25;
/** Round trips of two milliseconds cost a worker nine tenths of its throughput, as measured (docs/capacity.md). */
export const FAR_MS = 2;
/** A queue that waits longer than this for its turn after an outage counts as starved. */
export const STARVED_HOURS = 0.25;

/** Errors stop the preview, warnings stop nobody. */
export const ERRORS = ["web", "behind", "slow", "memory", "connections", "redis", "full"] as const;
export const WARNINGS = [
  "busy",
  "starved",
  "shared",
  "threads",
  "processes",
  "far",
  "volume",
  "cache",
  "puma",
] as const;

export interface Finding {
  kind: (typeof ERRORS)[number] | (typeof WARNINGS)[number];
  place: Place;
}

/** The subject of a finding: a queue, a host of the fleet or a process there (by index), or a setting of the stack. */
export type Place = QueuePlace | HostPlace | { setting: string };
interface QueuePlace {
  queue: QueueName;
}
interface HostPlace {
  host: number;
  /** Index among the host's processes; absent if the finding is about all of them, or about the droplet. */
  process?: number;
}

/** A fleet with what the model found. */
export interface Judged {
  fleet: Fleet;
  situation: Situation;
  evaluation: Evaluation;
  found: readonly Finding[];
}

/** Everything that the model finds. Queues without any process are left out: checks/queues.ts refuses them. */
export function findings(fleet: Fleet, situation: Situation, evaluation: Evaluation): Finding[] {
  const main = hostOf(evaluation.hosts, "web");
  return [
    // Without CPU for the database no queue moves at all: that is one finding, not seven.
    ...(main.web >= main.cores
      ? [{ kind: "web", place: { host: indexOfRole(fleet.hosts, "web") } } as const]
      : evaluation.queues
          .filter(({ queue }) => isServed(fleet, queue))
          .flatMap((queue) => ofQueue(queue, situation))),
    ...[evaluation.main, ...evaluation.pools]
      .flatMap(({ problems }) => problems)
      .map(
        ({ key }): Finding => ({
          kind: /onnections$|PoolSize$/.test(key) ? "connections" : "memory",
          place: { setting: key },
        }),
      ),
    ...ofState(fleet, situation, evaluation),
    ...(pumaProcesses(fleet, situation, evaluation) > evaluation.main.web.processes
      ? [{ kind: "puma", place: { setting: "main.web.processes" } } as const]
      : []),
    ...fleet.hosts.flatMap((one, host) => ofHost(fleet, one, host)),
    ...(situation.conditions.rttMs > FAR_MS && poolsOf(fleet.hosts).length > 0
      ? [{ kind: "far", place: { setting: "assumptions.rttMs" } } as const]
      : []),
  ];
}

/** As many of Puma's processes as web needs at the busy hour: each has one core. */
export function pumaProcesses({ hosts }: Fleet, { conditions }: Situation, evaluation: Evaluation): number {
  const { web } = hostOf(evaluation.hosts, "web");
  return Math.ceil((web * PUMA_SHARE) / coreSpeed(hostOf(hosts, "web").size, conditions));
}

export function same(a: Finding, b: Finding): boolean {
  const [one, other] = [a.place, b.place];
  if (a.kind !== b.kind) return false;
  if ("queue" in one) return "queue" in other && one.queue === other.queue;
  if ("setting" in one) return "setting" in other && one.setting === other.setting;
  return "host" in other && one.host === other.host && one.process === other.process;
}

/** The queues that some findings are about. */
export const queuesOf = (found: readonly Finding[]): QueueName[] =>
  found.flatMap(({ place }) => ("queue" in place ? [place.queue] : []));

export const isError = ({ kind }: Finding) => (ERRORS as readonly string[]).includes(kind);

/** Whether no finding stops a preview of this fleet. */
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
  return found.map((kind) => ({ kind, place: { queue } }));
}

/** What Redis and the data volume have to store. If Redis is too small for the planned outage itself, the sizing reports it. */
function ofState(
  { hosts, volumeGiB }: Fleet,
  { workload, catchUpHours }: Situation,
  { course, main }: Evaluation,
): Finding[] {
  // Of a fleet that is too slow the backlog says nothing: another one is needed, and has another.
  const { redis, redisNeed } = main;
  const drained = course.queues.every(
    ({ drainHours = Number.POSITIVE_INFINITY }) => drainHours <= catchUpHours,
  );
  const planned = redis.maxMemoryMiB >= leastRedisMiB(redisNeed);
  const full = drained && planned && redisPeak(workload, course).mib > redis.maxMemoryMiB;
  return [
    ...(full ? [{ kind: "redis", place: { setting: "main.redis.maxMemoryMiB" } } as const] : []),
    ...(neededGiB(workload.databaseGiB, redis, volumeGiB) > volumeGiB
      ? [{ kind: "full", place: { setting: "main.volumeGiB" } } as const]
      : neededGiB(databaseAfterAYearGiB(workload), redis, volumeGiB) > volumeGiB
        ? [{ kind: "volume", place: { setting: "main.volumeGiB" } } as const]
        : []),
    ...(cacheMiB(hostOf(hosts, "database").size, main) < workingSetMiB(databaseAfterAYearGiB(workload))
      ? [{ kind: "cache", place: { host: indexOfRole(hosts, "database") } } as const]
      : []),
  ];
}

function ofHost(fleet: Fleet, one: FleetHost, host: number): Finding[] {
  const { size, count, sidekiq } = one;
  if (count === 0) return [];
  const processes = sidekiq.reduce((sum, { replicas }) => sum + replicas, 0);
  return [
    ...(size.cpu === "shared" && mostlyShared(fleet, one).length > 0
      ? [{ kind: "shared", place: { host } } as const]
      : []),
    ...(processes > size.vcpus ? [{ kind: "processes", place: { host } } as const] : []),
    ...sidekiq.flatMap(({ threads }, process) =>
      threads > MOST_THREADS ? [{ kind: "threads", place: { host, process } } as const] : [],
    ),
  ];
}

/** Queues that the CPU bounds, of a host on shared ones that serves them with more processes than dedicated CPUs do: a fallback is none. */
export function mostlyShared({ hosts }: Fleet, host: FleetHost): QueueName[] {
  const dedicated = hosts.filter(({ size }) => size.cpu === "dedicated");
  return cpuBoundQueues(host.sidekiq).filter(
    (queue) => processesFor([host], queue) > processesFor(dedicated, queue),
  );
}

const processesFor = (hosts: readonly FleetHost[], queue: QueueName) =>
  hosts
    .flatMap(({ count, sidekiq }) =>
      sidekiq.map((process) => (queueNames(process).includes(queue) ? process.replicas * count : 0)),
    )
    .reduce((sum, processes) => sum + processes, 0);

/** Queues of a host that the CPU bounds. `scheduler` has one job a minute. */
function cpuBoundQueues(sidekiq: FleetHost["sidekiq"]): QueueName[] {
  const served = new Set(sidekiq.flatMap(queueNames));
  return [...served].filter((queue) => queue !== "scheduler" && QUEUES[queue].bound === "cpu");
}
