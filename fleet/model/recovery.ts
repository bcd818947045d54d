/** What happens after an outage: a fluid simulation of the backlog of each queue, in fixed steps. */

import { share } from "./allocation";
import type { Service } from "./stations";
import { busyHoursOf, courseOfDay } from "./workload";

export interface Outage {
  /** How long nothing works while jobs arrive. */
  hours: number;
  /** Hours from its end to the busiest moment of the day; 0 is the worst. */
  hoursBeforeBusiest: number;
}

/** The backlog's course, from the start of the outage. */
export interface Course {
  /** Hours since the outage began, one for each point of the curves. */
  hours: number[];
  /** Jobs that wait: one curve for each queue, in the order of QUEUE_NAMES. */
  backlog: number[][];
  queues: QueueCourse[];
}

export interface QueueCourse {
  /** Jobs that arrived and were done over the whole course. */
  arrived: number;
  done: number;
  /** Hours from the end of the outage until nothing waits for the first time; undefined if that never happens. */
  drainHours: number | undefined;
  /** The longest that a job waited, in hours. */
  worstLatencyHours: number;
  /** Hours after the outage in which jobs waited and none was taken. */
  starvedHours: number;
}

/** Ten minutes. A day's course is smooth, and a step ends early if a queue runs empty. */
const STEP_HOURS = 1 / 6;
/** Two nights: a backlog that has not drained by then never will. */
export const HORIZON_HOURS = 48;

/**
 * @param until simulate so many hours after the outage; if absent, until everything has drained
 * @param horizon the most hours after the outage, if `until` is absent
 */
export function recover(
  service: Service,
  nightShare: number,
  outage: Outage,
  until?: number,
  horizon = HORIZON_HOURS,
): Course {
  const load = (hours: number) => courseOfDay(nightShare, hours - outage.hours - outage.hoursBeforeBusiest);
  const queues = service.arrivals.map((perSecond) => new Line(perSecond * 3600));
  const course = { hours: [0], backlog: queues.map(() => [0]) };
  const end = outage.hours + (until ?? horizon);
  let now = 0;
  while (now < end - 1e-9) {
    const down = now < outage.hours - 1e-9;
    if (!down && until === undefined && queues.every(({ drainedAt }) => drainedAt !== undefined)) break;
    const most = Math.min(STEP_HOURS, (down ? outage.hours : end) - now);
    const factor = load(now + most / 2);
    const rates = down
      ? queues.map(() => 0)
      : share(
          service,
          queues.map((queue) =>
            queue.backlog > 0 ? Number.POSITIVE_INFINITY : (queue.arrivals * factor) / 3600,
          ),
          service.webCores * factor,
        ).done.map((perSecond) => perSecond * 3600);
    // A queue that runs empty ends the step: from then on, what it does not use goes to the others.
    const step = Math.min(most, ...queues.map((queue, q) => queue.emptyAfter(factor, rates[q] ?? 0)));
    for (const [q, queue] of queues.entries()) {
      queue.advance(now, step, factor, rates[q] ?? 0, down);
      course.backlog[q]?.push(queue.backlog);
    }
    now += step;
    course.hours.push(now);
  }
  return { ...course, queues: queues.map((queue) => queue.result(outage.hours)) };
}

/** An outage's length in hours of the busiest load. */
export const busyHours = (nightShare: number, { hours, hoursBeforeBusiest }: Outage): number =>
  busyHoursOf(nightShare, -hours - hoursBeforeBusiest, hours);

/** One queue, first in, first out. Rates are in jobs per hour. */
class Line {
  backlog = 0;
  drainedAt: number | undefined;
  private done = 0;
  private arrived = 0;
  private starved = 0;
  private worst = 0;
  /** How many jobs had arrived at which time: used to find the oldest that still waits. */
  private readonly log: { at: number; arrived: number }[] = [{ at: 0, arrived: 0 }];
  private oldest = 0;

  constructor(readonly arrivals: number) {}

  emptyAfter(factor: number, rate: number): number {
    const net = rate - this.arrivals * factor;
    return this.backlog > 0 && net > 0 ? this.backlog / net : Number.POSITIVE_INFINITY;
  }

  advance(now: number, step: number, factor: number, rate: number, down: boolean): void {
    const arriving = this.arrivals * factor * step;
    if (this.backlog > 0 && rate === 0 && !down) this.starved += step;
    this.arrived += arriving;
    this.done += rate * step;
    const left = this.backlog + arriving - rate * step;
    // Rounding must not leave a fraction of a job behind.
    this.backlog = left < 1e-6 ? 0 : left;
    this.log.push({ at: now + step, arrived: this.arrived });
    if (this.backlog > 0) this.worst = Math.max(this.worst, now + step - this.oldestArrival());
    else if (!down) this.drainedAt ??= now + step;
  }

  private oldestArrival(): number {
    while ((this.log[this.oldest + 1]?.arrived ?? Number.POSITIVE_INFINITY) <= this.done) this.oldest++;
    const [before, after] = [this.log[this.oldest], this.log[this.oldest + 1]];
    if (!before || !after) return 0;
    return (
      before.at + ((after.at - before.at) * (this.done - before.arrived)) / (after.arrived - before.arrived)
    );
  }

  result(outageHours: number): QueueCourse {
    return {
      arrived: this.arrived,
      done: this.done,
      drainHours: this.drainedAt === undefined ? undefined : Math.max(this.drainedAt - outageHours, 0),
      worstLatencyHours: this.worst,
      starvedHours: this.starved,
    };
  }
}
