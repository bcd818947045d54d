/** What an instance asks of its machines. */

import { fanOut, INCOMING_SHARE, perActivity } from "../../fleet/model/activities";
import type { Activity } from "../../fleet/model/jobs";
import { REQUESTS, requestMs } from "../../fleet/model/web";
import {
  busyHoursOf,
  courseOfDay,
  jobsPerSecond,
  meanOfDay,
  type WorkloadSettings,
  workloadOf,
} from "../../fleet/model/workload";
import { redisNeedOf } from "../../fleet/sizing/state";

const users = (activeUsers: number, more: Partial<WorkloadSettings> = {}) =>
  workloadOf({ activeUsers, nightPercent: 20, queues: {}, ...more });

test("a local post makes the jobs that were counted: 281 with 100 local followers and 176 servers, 108 with 26 and 78", () => {
  const nothing = { incoming: perActivity(() => 0), localPosts: 1, localActions: 0, mails: 0 };
  const jobs = (localFeeds: number, servers: number) => {
    const {
      scheduled: _,
      fasp: __,
      pushUpdate: ___,
      ...made
    } = fanOut(nothing, { feeds: 0, localFeeds, servers });
    return Object.values(made).reduce((sum, one) => sum + one, 0);
  };
  expect([jobs(100, 176), jobs(26, 78)]).toEqual([280, 108]);
});

test("an incoming post makes a job for each feed, a follow is accepted and told of, a like is told of", () => {
  const of = (activity: Activity) =>
    fanOut(
      {
        incoming: perActivity((one) => (one === activity ? 1 : 0)),
        localPosts: 0,
        localActions: 0,
        mails: 0,
      },
      { feeds: 8, localFeeds: 20, servers: 60 },
    );
  expect(of("text")).toMatchObject({
    distribution: 1,
    feedInsert: 8,
    linkCrawl: 1,
    notification: 0,
    delivery: 0,
  });
  expect(of("boostOfKnown")).toMatchObject({ distribution: 1, feedInsert: 8, linkCrawl: 0 });
  expect(of("follow")).toMatchObject({ distribution: 0, notification: 1, delivery: 1, mail: 1 });
  expect(of("like")).toMatchObject({ distribution: 0, feedInsert: 0, notification: 1, delivery: 0 });
});

test("the shares of activities and of requests are wholes", () => {
  const sum = (parts: readonly number[]) => parts.reduce((all, part) => all + part, 0);
  expect(sum(Object.values(INCOMING_SHARE))).toBeCloseTo(1, 12);
  expect(sum(REQUESTS.map(({ percent }) => percent))).toBeCloseTo(100, 9);
  // As docs/capacity.md has it.
  expect(requestMs).toBeCloseTo(14.5, 1);
});

test("a quieter night makes a busier day of the same number of jobs", () => {
  const [flat, steep] = [users(1000, { nightPercent: 100 }), users(1000, { nightPercent: 20 })];
  expect(steep.queues.push.jobsPerSecond / flat.queues.push.jobsPerSecond).toBeCloseTo(1 / 0.6, 9);
  // 0.3 posts to 60 servers, three likes and follows; and 2 % of what comes in is a follow to accept.
  const aDay = 1000 * (0.3 * 61 + 3) + 0.02 * 22_000 * 10;
  expect(flat.queues.push.jobsPerSecond).toBeCloseTo(aDay / 86_400, 9);
});

test("what came in, as measured, takes the place of what is derived, and does not change how much people read and write", () => {
  const [derived, measured] = [users(1000), users(1000, { incomingPerSecond: 20 })];
  expect(measured.queues.ingress.jobsPerSecond).toBeCloseTo(20, 9);
  const ratio = 20 / derived.queues.ingress.jobsPerSecond;
  expect(measured.queues.pull.jobsPerSecond / derived.queues.pull.jobsPerSecond).toBeCloseTo(ratio, 1);
  // Each post is distributed; the entries of the feeds are as many as before.
  const distributed =
    0.65 * (20 - derived.queues.ingress.jobsPerSecond) + 0.22 * (20 - derived.queues.ingress.jobsPerSecond);
  expect(measured.queues.default.jobsPerSecond - derived.queues.default.jobsPerSecond).toBeCloseTo(
    distributed,
    9,
  );
  expect(measured.webCores).toBeGreaterThan(derived.webCores);
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
  expect(derived.webCores).toBeCloseTo(0.62, 2);
  expect(users(2000, { webCores: 0.3 }).webCores).toBe(0.3);
  expect(jobsPerSecond(measured) - jobsPerSecond(derived)).toBeCloseTo(
    7 - derived.queues.push.jobsPerSecond,
    9,
  );
});

test("the scheduler's jobs do not grow with the users", () => {
  expect(users(100_000).queues.scheduler).toEqual(users(10).queues.scheduler);
});

test("a base stays when the people change, and the slope grows with them", () => {
  const queues = { push: { basePerSecond: 2, perThousandUsers: 3, cpuMs: 8 }, pull: { basePerSecond: 0.5 } };
  const web = { baseCores: 0.25, perThousandUsers: 0.5 };
  for (const [people, push, cores] of [
    [1000, 5, 0.75],
    [4000, 14, 2.25],
  ] as const) {
    const workload = users(people, { queues, web });
    expect(workload.queues.push).toMatchObject({ jobsPerSecond: push, cpuMs: 8 });
    expect(workload.queues.push.roundTrips).toBe(users(people).queues.push.roundTrips);
    expect(workload.queues.pull.jobsPerSecond).toBe(0.5);
    expect(workload.queues.default).toEqual(users(people).queues.default);
    expect(workload.webCores).toBe(cores);
  }
});

test("measured bytes decide what Redis has to hold, and measured CPU what a round trip costs", () => {
  const outage = { hours: 2, hoursBeforeBusiest: 0 };
  const rates = { default: { jobsPerSecond: 10 } };
  const need = (more: Partial<WorkloadSettings>) =>
    redisNeedOf(users(1000, { queues: rates, ...more }), outage);
  expect(need({ feedBytes: 170_000 }).feedsMiB).toBeCloseTo(2 * need({}).feedsMiB, 9);
  const bigger = need({ queues: { default: { jobsPerSecond: 10, jobBytes: 1600 } } });
  expect((bigger.jobsMiB - need({}).jobsMiB) * 2 ** 20).toBeCloseTo(
    1000 * 10 * 3600 * busyHoursOf(0.2, 0 - 2, 2),
    3,
  );
  expect(users(1000, { queryMs: 0.5 }).tripCosts).toEqual({ ...users(1000).tripCosts, databaseMs: 0.5 });
  expect(users(1000, { redisTripMs: 0 }).tripCosts).toEqual({ ...users(1000).tripCosts, redisMs: 0 });
});
