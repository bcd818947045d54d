/** What an instance asks of its machines. */
import { QUEUE_NAMES } from "../../catalogue/queues";
import {
  busyHoursOf,
  courseOfDay,
  jobsPerMonth,
  jobsPerSecond,
  meanOfDay,
  SHARE,
  type WorkloadSettings,
  workloadOf,
} from "../../fleet/model/workload";

const users = (activeUsers: number, more: Partial<WorkloadSettings> = {}) =>
  workloadOf({ activeUsers, nightPercent: 20, queues: {}, ...more });

test("10,000 active users make between 3.0 and 3.5 million jobs a day, as published", () => {
  const perDay = jobsPerMonth(users(10_000)) / 30;
  expect(perDay).toBeGreaterThan(3_000_000);
  expect(perDay).toBeLessThan(3_500_000);
});

test("the shares of the queues add up to all jobs", () => {
  expect(Object.values(SHARE).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  expect([...Object.keys(SHARE), "scheduler"].sort()).toEqual([...QUEUE_NAMES].sort());
});

test("a quieter night makes a busier day of the same number of jobs", () => {
  const [flat, steep] = [users(1000, { nightPercent: 100 }), users(1000, { nightPercent: 20 })];
  expect(steep.queues.push.jobsPerSecond / flat.queues.push.jobsPerSecond).toBeCloseTo(1 / 0.6, 9);
  expect(flat.queues.push.jobsPerSecond).toBeCloseTo((1000 * 325 * 0.22) / 86_400, 9);
});

test("the day: all of the load at the busiest moment, the night's share twelve hours from it, on average the mean", () => {
  expect(courseOfDay(0.2, 0)).toBe(1);
  expect(courseOfDay(0.2, 12)).toBeCloseTo(0.2, 12);
  expect(courseOfDay(0.2, -24)).toBeCloseTo(1, 12);
  const hours = Array.from({ length: 24 }, (_, hour) => courseOfDay(0.2, hour));
  expect(hours.reduce((sum, load) => sum + load, 0) / 24).toBeCloseTo(meanOfDay(0.2), 12);
});

test.each([
  [0.2, -2, 2],
  [0.2, -9.5, 7],
  [0, 3, 30],
  [1, -5, 5],
])(
  "the load at night %d, from hour %d over %d hours, is the sum of the course's minutes",
  (night, start, hours) => {
    const minutes = Array.from(
      { length: hours * 60 },
      (_, i) => courseOfDay(night, start + (i + 0.5) / 60) / 60,
    );
    expect(busyHoursOf(night, start, hours)).toBeCloseTo(
      minutes.reduce((sum, load) => sum + load, 0),
      5,
    );
  },
);

test("what was measured replaces what is derived, value by value; web follows the users", () => {
  const measured = users(2000, {
    queues: { push: { jobsPerSecond: 7 }, pull: { waitMs: 900, cpuMs: undefined } },
  });
  const derived = users(2000);
  expect(measured.queues.push).toEqual({ ...derived.queues.push, jobsPerSecond: 7 });
  expect(measured.queues.pull).toEqual({ ...derived.queues.pull, waitMs: 900 });
  expect(measured.queues.default).toEqual(derived.queues.default);
  expect(derived.webCores).toBe(1);
  expect(users(2000, { webCores: 0.3 }).webCores).toBe(0.3);
  expect(jobsPerSecond(measured) - jobsPerSecond(derived)).toBeCloseTo(
    7 - derived.queues.push.jobsPerSecond,
    9,
  );
});

test("the scheduler's jobs do not grow with the users", () => {
  expect(users(100_000).queues.scheduler).toEqual(users(10).queues.scheduler);
});
