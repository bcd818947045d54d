/** Warnings about single settings of a host, with the smallest change that the model confirms. */

import { VOLUME_USD_PER_GIB_MONTH } from "../../catalogue/droplets";
import type { Problem } from "../../settings/problem";
import { evaluate, type Situation } from "../model/evaluate";
import { indexOfRole } from "../model/fleet";
import { databaseAfterAYearGiB, databaseGiBPerYear, volumeForAYear, workingSetMiB } from "../sizing/database";
import { cacheMiB } from "../sizing/memory";
import { type Change, changedProcess, hostAt, type Place, processAt, sizeLadder } from "./adjustments";
import { FAR_MS, type Finding, type Judged, MOST_THREADS, mostlyShared, pumaProcesses } from "./findings";
import { fixes, recommended, smallest } from "./remedy";

export function hostWarnings(judged: Judged): Problem[] {
  return judged.found.flatMap((finding) => {
    const { kind, place } = finding;
    if (kind === "volume") return [smallVolume(judged, "the volume is full within a year")];
    if (kind === "puma") return [fewProcesses(judged, finding)];
    if (kind === "cache" && "host" in place) return [smallCache(judged, finding, place.host)];
    if (kind === "far") return [farAway(judged.situation, farCost(judged))];
    if (!("host" in place)) return [];
    if (kind === "shared") return [sharedCpu(judged, finding, place.host)];
    if (kind === "processes") return [manyProcesses(judged, finding, place.host)];
    if (kind === "threads" && place.process !== undefined)
      return [manyThreads(judged, finding, [place.host, place.process])];
    return [];
  });
}

function sharedCpu(judged: Judged, finding: Finding, host: number): Problem {
  const { fleet, situation } = judged;
  const queues = mostlyShared(fleet, hostAt(fleet, host)).join(" and ");
  const given = Math.round(situation.conditions.sharedCpu * 100);
  const dedicated = sizeLadder(fleet, host).filter(
    (change) => hostAt(change.fleet, host).size.cpu === "dedicated",
  );
  const why = `, whose shared CPUs may give ${given} % of what they show, and the CPU is what bounds ${queues}`;
  const { key, size } = hostAt(fleet, host);
  return advise(judged, finding, { key: `${key}.size`, is: size.slug }, [dedicated], why);
}

/** Fewer threads; otherwise the same number in more processes. */
function manyThreads(judged: Judged, finding: Finding, place: Place): Problem {
  const { fleet } = judged;
  const { threads, replicas } = processAt(fleet, place);
  const more = Math.ceil((threads * replicas) / MOST_THREADS);
  const split = { threads: Math.ceil((threads * replicas) / more), replicas: more };
  const halved = changedProcess(fleet, place, "threads", split);
  return advise(
    judged,
    finding,
    { key: halved.key, is: String(threads) },
    [
      [changedProcess(fleet, place, "threads", { threads: MOST_THREADS })],
      [{ ...halved, to: `${split.threads} and replicas: ${split.replicas}` }],
    ],
    `, and one process has one core for all of them: more than ${MOST_THREADS} wait for each other`,
  );
}

/** Fewer processes of one kind; otherwise a droplet with as many cores. */
function manyProcesses(judged: Judged, finding: Finding, host: number): Problem {
  const { fleet } = judged;
  const { key, sidekiq, size } = hostAt(fleet, host);
  const processes = sidekiq.reduce((sum, { replicas }) => sum + replicas, 0);
  const fewer = [...sidekiq.entries()]
    .map(([p, { replicas }]) => ({ p, replicas: replicas - (processes - size.vcpus) }))
    .filter(({ replicas }) => replicas >= 1)
    .map(({ p, replicas }) => [changedProcess(fleet, [host, p], "replicas", { replicas })]);
  const why = `, and ${processes} Sidekiq processes share ${size.vcpus} vCPU${size.vcpus === 1 ? "" : "s"}`;
  const now = { key: `${key}.sidekiq`, is: `on ${size.slug}` };
  return advise(judged, finding, now, [...fewer, sizeLadder(fleet, host)], why);
}

export function farAway({ conditions }: Situation, why: string): Problem {
  return {
    key: "assumptions.rttMs",
    message: `is ${conditions.rttMs}, and ${why}; between droplets of one region with a direct path (\`tailscale ping\`) it is about 1: fix the path, and write what it then takes, at most ${FAR_MS}`,
  };
}

/** What the network path costs, shown for the queue that would gain most. */
function farCost({ fleet, situation, evaluation }: Judged): string {
  const conditions = { ...situation.conditions, rttMs: FAR_MS };
  const near = evaluate(fleet, { ...situation, conditions }).queues;
  const [most] = evaluation.queues
    .map(({ queue, capacity }, q) => ({ queue, times: (near[q]?.capacity ?? 0) / capacity }))
    .toSorted((a, b) => b.times - a.times);
  const { roundTrips, redisTrips } = situation.workload.queues[most?.queue ?? "default"];
  return `a job of ${most?.queue} waits for that ${Math.round(roundTrips + redisTrips)} times: at ${FAR_MS} the fleet could do ${most?.times.toFixed(1)} times as much`;
}

/** The volume grows in place, and never shrinks: what lasts a year is enough to begin with. */
export function smallVolume({ fleet, situation, evaluation }: Judged, then: string): Problem {
  const { activeUsers } = situation.workload;
  const to = volumeForAYear(situation.workload, evaluation.main.redis);
  const monthly = databaseGiBPerYear(activeUsers) / 12;
  return recommended(
    {
      key: "main.volumeGiB",
      from: String(fleet.volumeGiB),
      to: String(to),
      fleet: { ...fleet, volumeGiB: to },
      extraUsd: (to - fleet.volumeGiB) * VOLUME_USD_PER_GIB_MONTH,
    },
    `, and the database of ${activeUsers} active users grows by some ${monthly.toFixed(1)} GiB a month: ${then}`,
  );
}

/** More of them where the memory suffices, or else a droplet with more cores, which has more by itself. */
function fewProcesses(judged: Judged, finding: Finding): Problem {
  const { fleet, situation, evaluation } = judged;
  const { processes } = evaluation.main.web;
  const needed = pumaProcesses(fleet, situation, evaluation);
  const more: Change = {
    key: "main.web.processes",
    from: String(processes),
    to: String(needed),
    fleet: {
      ...fleet,
      overrides: { ...fleet.overrides, web: { ...fleet.overrides.web, processes: needed } },
    },
    extraUsd: 0,
  };
  const why = `, and at the busy hour web keeps ${needed} of Puma's processes busy: each has one core, whatever its threads`;
  const ladders = [[more], sizeLadder(fleet, indexOfRole(fleet.hosts, "web"))];
  return advise(judged, finding, { key: more.key, is: more.from }, ladders, why);
}

/** What is not in memory is read from the volume, over the network, for each home feed and each job. */
function smallCache(judged: Judged, finding: Finding, host: number): Problem {
  const { fleet, situation, evaluation } = judged;
  const { key, size } = hostAt(fleet, host);
  const database = databaseAfterAYearGiB(situation.workload);
  const gib = (mib: number) => `${(mib / 1024).toFixed(1)} GiB`;
  const why = `, which leaves Postgres ${gib(cacheMiB(size, evaluation.main))} to keep its database in; of the ${Math.round(database)} GiB in a year, ${gib(workingSetMiB(database))} are in use all the time`;
  return advise(judged, finding, { key: `${key}.size`, is: size.slug }, [sizeLadder(fleet, host)], why);
}

/** @param now the setting and what it is, where no single change fixes it */
function advise(
  judged: Judged,
  finding: Finding,
  { key, is }: { key: string; is: string },
  ladders: Change[][],
  why: string,
): Problem {
  const { situation, found } = judged;
  const change = smallest(ladders, (one) => fixes(one, [finding], found, situation));
  return change
    ? recommended(change, why)
    : { key, message: `is ${is}${why}; no single setting fixes that, \`npm run size\` proposes a fleet` };
}
