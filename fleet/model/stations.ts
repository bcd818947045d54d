/** How fast a fleet works: who serves which jobs, and what they share meanwhile. */

import { QUEUE_NAMES, queueNames, type SidekiqProcess, weightOf } from "../../catalogue/queues";
import { type Conditions, coreSpeed, type Fleet, indexOfRole } from "./fleet";
import { DATABASE_MS_PER_ROUND_TRIP, type Workload } from "./workload";

/** A queue as the processes of a station see it. */
export interface Served {
  /** Index into QUEUE_NAMES. */
  queue: number;
  weight: number;
  /** Seconds that one job keeps a thread busy. */
  threadSeconds: number;
  /** Core seconds of one job in Ruby. */
  rubySeconds: number;
  /** Core seconds of one job on the station's host: in Ruby and, on a worker, in tailscaled. */
  hostSeconds: number;
  /** Core seconds of one job on main: in Postgres and, for a worker's job, in tailscaled. */
  mainSeconds: number;
}

/** All processes of one entry in the stack file: they serve the same queues on the same kind of droplet. */
export interface Station {
  /** Index into the fleet's hosts. */
  host: number;
  /** Whether the queues are served in strict order, as listed, or by weight. */
  strict: boolean;
  serves: readonly Served[];
  threads: number;
  /** One per process, whatever its threads: Ruby's global lock. */
  cores: number;
}

/** A fleet with its workload, flattened for the arithmetic. */
export interface Service {
  stations: readonly Station[];
  /** Dedicated vCPUs of all droplets of a host together. */
  hostCores: readonly number[];
  /** Indices of the hosts that run the database and web. */
  database: number;
  web: number;
  /** Jobs/s of each queue at the busy hour, in the order of QUEUE_NAMES. */
  arrivals: readonly number[];
  webCores: number;
}

export function serviceOf(fleet: Fleet, workload: Workload, conditions: Conditions): Service {
  const { rttMs, tailnetMs = 0 } = conditions;
  const database = indexOfRole(fleet.hosts, "database");
  return {
    database,
    web: indexOfRole(fleet.hosts, "web"),
    stations: fleet.hosts.flatMap(({ size, sidekiq, count }, host) =>
      sidekiq
        .filter(({ replicas }) => replicas * count > 0)
        .map((process) => ({
          host,
          strict: Array.isArray(process.queues),
          serves: servedBy(process, workload, {
            speed: coreSpeed(size, conditions),
            ...(host === database ? { rttMs: 0, tailnetMs: 0 } : { rttMs, tailnetMs }),
          }),
          threads: process.threads * process.replicas * count,
          cores: coreSpeed(size, conditions) * process.replicas * count,
        })),
    ),
    hostCores: fleet.hosts.map(({ size, count }) => size.vcpus * coreSpeed(size, conditions) * count),
    arrivals: QUEUE_NAMES.map((queue) => workload.queues[queue].jobsPerSecond),
    webCores: workload.webCores,
  };
}

function servedBy(
  process: SidekiqProcess,
  { queues }: Workload,
  { speed, rttMs, tailnetMs }: { speed: number; rttMs: number; tailnetMs: number },
): Served[] {
  return queueNames(process).map((name) => {
    const { cpuMs, waitMs, roundTrips } = queues[name];
    const databaseMs = roundTrips * DATABASE_MS_PER_ROUND_TRIP;
    return {
      queue: QUEUE_NAMES.indexOf(name),
      weight: weightOf(process, name),
      threadSeconds: (cpuMs / speed + waitMs + databaseMs + roundTrips * rttMs) / 1000,
      rubySeconds: cpuMs / 1000,
      hostSeconds: (cpuMs + roundTrips * tailnetMs) / 1000,
      mainSeconds: (databaseMs + roundTrips * tailnetMs) / 1000,
    };
  });
}
