/** The model in one call: from a fleet and its workload to the figures of each queue, host and month. */
import { QUEUE_NAMES, type QueueName, sidekiqThreads } from "../../catalogue/queues";
import { type MainSizing, sizeMain, sizeWorker, type WorkerSizing } from "../sizing/sizing";
import { redisNeedOf } from "../sizing/state";
import { share } from "./allocation";
import { type Conditions, type Fleet, hostOf, monthlyUsd, poolsOf, type Role } from "./fleet";
import { type Course, type Outage, recover } from "./recovery";
import { type Service, serviceOf } from "./stations";
import { socketsOf } from "./web";
import { jobsPerMonth, type Workload } from "./workload";

/** Everything that the model needs besides the fleet. */
export interface Situation {
  workload: Workload;
  conditions: Conditions;
  outage: Outage;
  /** The longest time allowed from the end of the outage until nothing waits. */
  catchUpHours: number;
}

export interface QueueResult {
  queue: QueueName;
  /** Jobs/s at the busy hour. */
  arrivals: number;
  /** Jobs/s that the fleet can do in this queue while every other queue gets its arrivals of the busy hour. */
  capacity: number;
  /** arrivals / capacity. */
  utilization: number;
  /** Seconds from a job's arrival to its end at the busy hour; undefined if the queue grows without end. */
  latencySeconds: number | undefined;
  /** Hours after the outage until nothing waits; undefined if that never happens. */
  drainHours: number | undefined;
  /** The longest that a job waits because of the outage. */
  worstLatencyHours: number;
  /** Hours after the outage in which jobs waited and none was taken. */
  starvedHours: number;
}

/** Dedicated vCPUs of a host, all its droplets together, at the busy hour. */
export interface HostResult {
  key: string;
  name: string;
  roles: readonly Role[];
  cores: number;
  web: number;
  /** Sidekiq and, on main, the database work of every job. */
  jobs: number;
}

export interface Evaluation {
  /** In the order of QUEUE_NAMES. */
  queues: QueueResult[];
  hosts: HostResult[];
  course: Course;
  main: MainSizing;
  /** In the fleet's order. */
  pools: WorkerSizing[];
  price: { dropletsAndVolumeUsd: number; perMillionJobsUsd: number };
}

/**
 * Deterministic and pure. It takes some milliseconds; the sooner the fleet catches up, the fewer.
 *
 * @param horizon the most hours after the outage to simulate: `catchUpHours` if only the verdict counts
 */
export function evaluate(fleet: Fleet, situation: Situation, horizon?: number): Evaluation {
  const { workload, conditions, outage } = situation;
  const service = serviceOf(fleet, workload, conditions);
  const course = recover(service, workload.nightShare, outage, undefined, horizon);
  return {
    queues: QUEUE_NAMES.map((queue, q) => ({
      queue,
      ...busyHour(service, q),
      drainHours: course.queues[q]?.drainHours,
      worstLatencyHours: course.queues[q]?.worstLatencyHours ?? 0,
      starvedHours: course.queues[q]?.starvedHours ?? 0,
    })),
    hosts: hostResults(fleet, service),
    course,
    ...sizeHosts(fleet, situation),
    price: priceOf(fleet, workload),
  };
}

/** The busy hour alone, without the outage: cheaper, for a search that rejects most fleets. */
export const utilizations = (fleet: Fleet, { workload, conditions }: Situation): number[] => {
  const service = serviceOf(fleet, workload, conditions);
  return QUEUE_NAMES.map((_, q) => busyHour(service, q).utilization);
};

function busyHour(service: Service, queue: number) {
  const { arrivals, webCores, stations } = service;
  const demand = arrivals.map((jobs, q) => (q === queue ? Number.POSITIVE_INFINITY : jobs));
  const jobs = arrivals[queue] ?? 0;
  const capacity = share(service, demand, webCores).done[queue] ?? 0;
  const utilization = jobs === 0 ? 0 : jobs / capacity;
  const seconds = stations.flatMap(({ serves }) => serves.filter((served) => served.queue === queue));
  const jobSeconds = Math.max(...seconds.map(({ threadSeconds }) => threadSeconds), 0);
  return {
    arrivals: jobs,
    capacity,
    utilization,
    latencySeconds: latency(utilization, capacity, jobSeconds),
  };
}

/**
 * Waiting and working time, by Sakasegawa's approximation of M/M/c (1977). The number of servers is the number of jobs in work at capacity.
 */
function latency(utilization: number, capacity: number, jobSeconds: number): number | undefined {
  if (utilization >= 1) return undefined;
  const servers = Math.max(capacity * jobSeconds, 1);
  const waiting = utilization ** (Math.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - utilization));
  return jobSeconds * (1 + waiting);
}

function hostResults({ hosts }: Fleet, service: Service): HostResult[] {
  const { spent } = share(service, service.arrivals, service.webCores);
  return hosts.map(({ key, name, roles }, h) => ({
    key,
    name,
    roles,
    cores: service.hostCores[h] ?? 0,
    web: h === service.web ? service.webCores : 0,
    jobs: spent[h] ?? 0,
  }));
}

/** Memory and connections of every host, by the same formulas that size the machines. */
export function sizeHosts(
  { hosts, volumeGiB, overrides }: Fleet,
  { workload, outage }: Pick<Situation, "workload" | "outage">,
): { main: MainSizing; pools: WorkerSizing[] } {
  const [main, pools] = [hostOf(hosts, "database"), poolsOf(hosts)];
  const workerThreads = pools.reduce((sum, { sidekiq, count }) => sum + sidekiqThreads(sidekiq) * count, 0);
  return {
    main: sizeMain({
      ...main.size,
      sidekiq: main.sidekiq,
      workerThreads,
      volumeGiB,
      redisNeed: redisNeedOf(workload, outage),
      sockets: socketsOf(workload.activeUsers),
      overrides,
    }),
    pools: pools.map(({ key, size, sidekiq }) => sizeWorker({ ...size, sidekiq, key })),
  };
}

function priceOf(fleet: Fleet, workload: Workload): Evaluation["price"] {
  const dropletsAndVolumeUsd = monthlyUsd(fleet);
  const millions = jobsPerMonth(workload) / 1_000_000;
  return { dropletsAndVolumeUsd, perMillionJobsUsd: dropletsAndVolumeUsd / millions };
}
