/** How fast a fleet works: who serves which jobs, and what they share meanwhile. */

import type { DropletSize } from "../../catalogue/droplets";
import { QUEUE_NAMES, queueNames, type SidekiqProcess, weightOf } from "../../catalogue/queues";
import { type Conditions, coreSpeed, type Fleet, hostOf, indexOfRole } from "./fleet";
import type { Workload } from "./workload";

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
  /** Core seconds of one job in Postgres, Redis and, for a worker's job, in tailscaled, on main. */
  mainSeconds: number;
  /** Of them in Redis, which has one core. */
  redisSeconds: number;
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
  /** Redis' one core. */
  redisCores: number;
  /** Indices of the hosts where the database and web are. */
  database: number;
  web: number;
  /** Jobs/s of each queue at the busy hour, in the order of QUEUE_NAMES. */
  arrivals: readonly number[];
  webCores: number;
}

export function serviceOf(fleet: Fleet, workload: Workload, conditions: Conditions): Service {
  const database = indexOfRole(fleet.hosts, "database");
  // Machines of one kind and place are alike: the costs of their jobs are reckoned once.
  const known = new Map<string, Costs[]>();
  const costsOn = (size: DropletSize, remote: boolean): Costs[] => {
    const key = `${size.slug} ${remote}`;
    const costs = known.get(key) ?? costsOf(workload, conditions, coreSpeed(size, conditions), remote);
    known.set(key, costs);
    return costs;
  };
  return {
    database,
    web: indexOfRole(fleet.hosts, "web"),
    stations: fleet.hosts.flatMap(({ size, sidekiq, count }, host) =>
      sidekiq
        .filter(({ replicas }) => replicas * count > 0)
        .map((process) => ({
          host,
          strict: Array.isArray(process.queues),
          serves: servedBy(process, costsOn(size, host !== database)),
          threads: process.threads * process.replicas * count,
          cores: coreSpeed(size, conditions) * process.replicas * count,
        })),
    ),
    hostCores: fleet.hosts.map(({ size, count }) => size.vcpus * coreSpeed(size, conditions) * count),
    redisCores: coreSpeed(hostOf(fleet.hosts, "database").size, conditions),
    arrivals: QUEUE_NAMES.map((queue) => workload.queues[queue].jobsPerSecond),
    webCores: workload.webCores * conditions.safetyFactor,
  };
}

type Costs = Omit<Served, "weight">;

/** Of one job of each queue, in the order of QUEUE_NAMES. CPU with the safety factor; waiting without. */
function costsOf(
  { queues, tripCosts }: Workload,
  { rttMs, tailnetMs, safetyFactor }: Conditions,
  speed: number,
  remote: boolean,
): Costs[] {
  return QUEUE_NAMES.map((name, queue) => {
    const { cpuMs, waitMs, roundTrips, redisTrips } = queues[name];
    const trips = remote ? roundTrips + redisTrips : 0;
    const ruby = cpuMs * safetyFactor;
    const redis = redisTrips * tripCosts.redisMs * safetyFactor;
    const answers = roundTrips * tripCosts.databaseMs * safetyFactor + redis;
    const tailnet = trips * tailnetMs * safetyFactor;
    return {
      queue,
      threadSeconds: (ruby / speed + waitMs + answers + trips * rttMs) / 1000,
      rubySeconds: ruby / 1000,
      hostSeconds: (ruby + tailnet) / 1000,
      mainSeconds: (answers + tailnet) / 1000,
      redisSeconds: redis / 1000,
    };
  });
}

const servedBy = (process: SidekiqProcess, costs: readonly Costs[]): Served[] =>
  queueNames(process).map((name) => ({
    ...(costs[QUEUE_NAMES.indexOf(name)] as Costs),
    weight: weightOf(process, name),
  }));
