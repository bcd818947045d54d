/**
 * The story of docs/capacity.md in small, with jobs of today's Mastodon as they were measured: which quantities shrink, and by what, so that all
 * ratios between them stay.
 *
 * A vCPU is a quarter of a core, for a whole machine and for each Ruby process, which can use at most one. Everything that is not CPU takes
 * four times as long, and a quarter of the jobs arrives: a job keeps a thread as busy as in the story. That is the scale of jobs.
 * Independently, an hour of the story takes some seconds, since an outage and a night are so much longer than a job.
 */
import type { QueueName } from "../../catalogue/queues";
import type { Situation } from "../../fleet/model/evaluate";
import { coreSpeed, type Fleet } from "../../fleet/model/fleet";
import { STORY_TODAY as STORY, STORY_FLEETS } from "../../fleet/model/story";
import { courseOfDay, perQueue } from "../../fleet/model/workload";
import type { Work } from "../load/load";

/** Cores of this machine for each dedicated vCPU of the story. */
export const CORES_PER_VCPU = 0.25;
/** Seconds that an hour of the story takes. With fewer, each job would stand for more of the story's, and chance would decide. */
export const SECONDS_PER_HOUR = 160;

export const inHours = (seconds: number) => seconds / SECONDS_PER_HOUR;

/** Cores of this machine for the host, and for each Sidekiq process on it. */
export function quota({ hosts }: Fleet, host: number): { machine: number; process: number } {
  const found = hosts[host];
  if (!found) throw new Error(`the fleet has no host ${host}`);
  const process = coreSpeed(found.size, STORY.conditions) * CORES_PER_VCPU;
  return { machine: process * found.size.vcpus, process };
}

/** Not replayed: the same few jobs on any instance. */
const LEFT_OUT: QueueName = "scheduler";

/**
 * The input for the model: jobs cost what they cost on a vCPU of a quarter core. Web is not replayed; in none of the layouts does it take
 * anything from Sidekiq (tests/rehearsal/catchUp.test.ts).
 *
 * @param outageHours measured, in the story's hours
 * @param rttMs measured, between a worker and main
 * @param tailnetMs measured: milliseconds of a core of this machine that each round trip takes for the tailnet on each of the two machines
 */
export function situation(outageHours: number, rttMs: number, tailnetMs = 0): Situation {
  const { workload, conditions, outage } = STORY;
  return {
    ...STORY,
    workload: {
      ...workload,
      webCores: 0,
      queues: perQueue((queue) => {
        const { jobsPerSecond, cpuMs, waitMs, roundTrips, redisTrips } = workload.queues[queue];
        return {
          jobsPerSecond: queue === LEFT_OUT ? 0 : jobsPerSecond * CORES_PER_VCPU,
          cpuMs: cpuMs / CORES_PER_VCPU,
          waitMs: waitMs / CORES_PER_VCPU,
          // As many as a job makes here.
          roundTrips: Math.round(roundTrips),
          redisTrips: Math.round(redisTrips),
        };
      }),
      tripCosts: {
        databaseMs: workload.tripCosts.databaseMs / CORES_PER_VCPU,
        redisMs: workload.tripCosts.redisMs / CORES_PER_VCPU,
      },
    },
    conditions: { ...conditions, rttMs, tailnetMs: tailnetMs / CORES_PER_VCPU },
    outage: { ...outage, hours: outageHours },
  };
}

/** Round trips that a measured job makes whatever it is told: it begins and ends with a write; Sidekiq takes it, and it writes to Redis. */
const OWN_TRIPS = 2;
const OWN_REDIS_TRIPS = 2;

/** The cost that a job of the queue is given. Its CPU is the story's; only the vCPU is slower. */
export function workOf(queue: QueueName): Work {
  const { cpuMs, waitMs, roundTrips, redisTrips } = STORY.workload.queues[queue];
  return {
    cpu: cpuMs,
    wait: waitMs / CORES_PER_VCPU,
    trips: Math.max(Math.round(roundTrips) - OWN_TRIPS, 0),
    redis: Math.max(Math.round(redisTrips) - OWN_REDIS_TRIPS, 0),
  };
}

/** A request for jobs of one queue, in seconds after the start of the outage. */
export interface Arrival {
  seconds: number;
  queue: QueueName;
  count: number;
}

/** Seconds between two counts of how many jobs of each queue have come due. More would come in bursts, and a queue be empty between two. */
const TICK = 0.25;

/** The arrivals within that many hours from the start of the outage, following the course of the day. */
export function arrivals(hours: number): Arrival[] {
  const { workload, outage } = STORY;
  const { queues } = situation(outage.hours, 0).workload;
  const due = perQueue(() => 0);
  const plan: Arrival[] = [];
  for (let seconds = 0; seconds < hours * SECONDS_PER_HOUR; seconds += TICK) {
    const hour = inHours(seconds + TICK / 2);
    const load = courseOfDay(workload.nightShare, hour - outage.hours - outage.hoursBeforeBusiest);
    for (const [name, { jobsPerSecond }] of Object.entries(queues)) {
      const queue = name as QueueName;
      due[queue] += jobsPerSecond * load * TICK;
      const count = Math.floor(due[queue]);
      due[queue] -= count;
      if (count > 0) plan.push({ seconds, queue, count });
    }
  }
  return plan;
}

/** Nothing is done during the outage: its jobs come so many times as fast, and those of a second and a queue together. */
export const HASTE = 4;

/** The same arrivals with an outage that is shorter by HASTE. */
export function hastened(plan: readonly Arrival[], outageSeconds: number): Arrival[] {
  const outage = new Map<string, Arrival>();
  const later: Arrival[] = [];
  for (const { seconds, queue, count } of plan) {
    if (seconds >= outageSeconds) {
      later.push({ seconds: seconds - outageSeconds * (1 - 1 / HASTE), queue, count });
      continue;
    }
    const second = Math.floor(seconds / HASTE);
    const key = `${second} ${queue}`;
    outage.set(key, { seconds: second, queue, count: (outage.get(key)?.count ?? 0) + count });
  }
  return [...outage.values(), ...later];
}

/** The story's stages that catch up differently. (d), pgbouncer, is in each of them, since the program makes no instance without it. */
export const LAYOUTS = [
  { name: "a", says: "10 threads", fleet: STORY_FLEETS.tenThreads },
  { name: "b", says: "20 threads", fleet: STORY_FLEETS.twentyThreads },
  { name: "c", says: "split queues", fleet: STORY_FLEETS.split },
  { name: "e", says: "default on a separate droplet", fleet: STORY_FLEETS.defaultOffHost },
] as const;
export type Layout = (typeof LAYOUTS)[number];
