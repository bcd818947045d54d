/** The story in small: what shrinks, when a backlog counts as gone, and what counts as the model's being right. */

import { QUEUE_NAMES, queueNames } from "../../catalogue/queues";
import { checkQueues } from "../../checks/queues";
import { evaluate, type Situation } from "../../fleet/model/evaluate";
import { STORY_TODAY as STORY } from "../../fleet/model/story";
import { meanOfDay } from "../../fleet/model/workload";
import { busySeconds, cpuSeconds } from "../../rehearsal/catchUp/cores";
import { drainedAt, waitingAt, workedOffAt } from "../../rehearsal/catchUp/drain";
import { askedAt, forecastsIn } from "../../rehearsal/catchUp/forecast";
import {
  error,
  middle,
  middles,
  near,
  requireCalm,
  requireNear,
  requireOrder,
  signed,
} from "../../rehearsal/catchUp/judgement";
import {
  arrivals,
  CORES_PER_VCPU,
  HASTE,
  hastened,
  LAYOUTS,
  quota,
  SECONDS_PER_HOUR,
  situation,
  workOf,
} from "../../rehearsal/catchUp/scale";
import { FLEET, inSmall, PLACES, predicted } from "../../rehearsal/catchUp/tailnetCost";

const drain = (fleet: (typeof LAYOUTS)[number]["fleet"], asked: Situation) =>
  Math.max(...evaluate(fleet, asked).queues.map(({ drainHours }) => drainHours ?? Number.POSITIVE_INFINITY));

describe("the scale", () => {
  const { hours } = STORY.outage;
  const { rttMs, tailnetMs } = STORY.conditions;
  const small = situation(hours, rttMs, tailnetMs);

  test.each(LAYOUTS)(
    "($name) takes as long in small as in the story, by the model, within 5 %",
    ({ fleet }) => {
      const ratio = drain(fleet, small) / drain(fleet, STORY);
      // The periodic jobs are left out, and round trips are whole.
      expect(Math.abs(ratio - 1)).toBeLessThan(0.05);
    },
  );

  test.each(LAYOUTS)("($name) would take as long with the story's web on main", ({ fleet }) => {
    const withWeb = { ...small, workload: { ...small.workload, webCores: STORY.workload.webCores } };
    expect(drain(fleet, withWeb)).toBeCloseTo(drain(fleet, small), 3);
  });

  test("the tailnet's CPU, as measured, is taken of (e)'s worker, and of none that has none", () => {
    const [a, , , e] = LAYOUTS;
    const measured = situation(hours, rttMs, 0.35);
    // 9 ms of Ruby a job of `default`, and 20 round trips of 0.35 ms each.
    expect(drain(e.fleet, measured) / drain(e.fleet, small)).toBeGreaterThan(1.2);
    expect(drain(a.fleet, measured)).toBeCloseTo(drain(a.fleet, small), 6);
  });

  test("a machine has its vCPUs, of which a shared one gives 70 %, and a Ruby process has one of them", () => {
    const [a] = LAYOUTS;
    const e = LAYOUTS[3];
    expect(quota(a.fleet, 0)).toEqual({
      machine: expect.closeTo(6 * 0.7 * CORES_PER_VCPU) as number,
      process: expect.closeTo(0.7 * CORES_PER_VCPU) as number,
    });
    expect(quota(e.fleet, 1)).toEqual({ machine: 2 * CORES_PER_VCPU, process: CORES_PER_VCPU });
    expect(() => quota(a.fleet, 1)).toThrow("the fleet has no host 1");
  });

  test("jobs of a queue keep as many threads busy as in the story, with CPU and with waiting", () => {
    for (const queue of QUEUE_NAMES.filter((name) => name !== "scheduler")) {
      const [here, there] = [small.workload.queues[queue], STORY.workload.queues[queue]];
      expect(here.jobsPerSecond).toBeCloseTo(there.jobsPerSecond * CORES_PER_VCPU);
      expect(here.jobsPerSecond * here.cpuMs).toBeCloseTo(there.jobsPerSecond * there.cpuMs);
      expect(here.jobsPerSecond * here.waitMs).toBeCloseTo(there.jobsPerSecond * there.waitMs);
      expect(workOf(queue).wait).toBe(here.waitMs);
    }
  });

  test("a job is told its measured CPU and four times its waiting, and makes two round trips to each database by itself", () => {
    const { cpuMs, waitMs, roundTrips, redisTrips } = STORY.workload.queues.ingress;
    expect([roundTrips, redisTrips].map(Math.round)).toEqual([19, 9]);
    expect(workOf("ingress")).toEqual({ cpu: cpuMs, wait: 4 * waitMs, trips: 17, redis: 7 });
  });

  test("in two hours of outage arrives what the model counts, queue by queue", () => {
    const counted = new Map<string, number>();
    for (const { queue, count } of arrivals(STORY.outage.hours))
      counted.set(queue, (counted.get(queue) ?? 0) + count);
    // Around six hours before the busiest moment, where the load is the mean of day and night.
    const load = meanOfDay(STORY.workload.nightShare);
    for (const { queue, arrivals: perSecond } of evaluate(LAYOUTS[0].fleet, small).queues) {
      const expected = perSecond * load * STORY.outage.hours * SECONDS_PER_HOUR;
      expect(Math.abs((counted.get(queue) ?? 0) - expected)).toBeLessThan(1.5);
    }
    expect(counted.has("scheduler")).toBe(false);
  });

  test("an outage that is shorter than the story's has the same jobs, and what comes later is as far apart", () => {
    const plan = arrivals(3);
    const outage = 2 * SECONDS_PER_HOUR;
    const short = hastened(plan, outage);
    const jobs = (all: typeof plan, from: number) =>
      all.filter(({ seconds }) => seconds >= from).reduce((sum, { count }) => sum + count, 0);
    expect(jobs(short, 0)).toBe(jobs(plan, 0));
    expect(jobs(short, outage / HASTE)).toBe(jobs(plan, outage));
    const seconds = short.map((one) => one.seconds);
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    expect((seconds.at(-1) ?? 0) - outage / HASTE).toBeCloseTo((plan.at(-1)?.seconds ?? 0) - outage);
  });

  test("the night is quiet: in its two quietest hours comes a third of what came in the outage", () => {
    const plan = arrivals(21);
    const within = (from: number, to: number) =>
      plan
        .filter(({ seconds }) => seconds >= from * SECONDS_PER_HOUR && seconds < to * SECONDS_PER_HOUR)
        .reduce((sum, { count }) => sum + count, 0);
    expect(within(18, 20) / within(0, 2)).toBeCloseTo(1 / 3, 1);
  });
});

describe("a backlog is gone", () => {
  test("at the first moment at which everything that had come was taken", () => {
    expect(drainedAt([0, 1, 5], [10, 11, 12], 9)).toBe(12);
    // What comes afterwards is another backlog.
    expect(drainedAt([0, 1, 20], [10, 11, 30], 9)).toBe(11);
  });

  test("at once, where nothing waits when work begins", () => {
    expect(drainedAt([], [], 9)).toBe(9);
    expect(drainedAt([1, 20], [2, 30], 9)).toBe(9);
  });

  test("not while one waits", () => {
    expect(drainedAt([0, 1, 5], [10, 11], 9)).toBeUndefined();
  });

  test("whatever the order in which it is told, and where a job is taken as it is put in", () => {
    expect(drainedAt([5, 0, 1], [12, 10, 11], 9)).toBe(12);
    expect(drainedAt([0, 12], [12, 12], 9)).toBe(12);
  });
});

describe("a backlog is worked off", () => {
  const job = (arrived: number, taken?: number, finished?: number) => ({ arrived, taken, finished });

  test("when the last job of it is finished, and not when it is taken", () => {
    expect(workedOffAt([job(0, 10, 30), job(1, 11, 14), job(20, 31, 40)], 9)).toBe(30);
  });

  test("at once, where all was done before work began again", () => {
    expect(workedOffAt([job(0, 1, 2)], 9)).toBe(9);
    expect(workedOffAt([], 9)).toBe(9);
  });

  test("not while one waits or is in work", () => {
    expect(workedOffAt([job(0, 10, 30), job(1)], 9)).toBeUndefined();
    expect(workedOffAt([job(0, 10, 30), job(1, 11)], 9)).toBeUndefined();
  });
});

describe("the judgement", () => {
  const replay = (name: string, measured: number | undefined, predicted: number) => ({
    name,
    measured,
    predicted,
  });

  test("up to 15 % off is near, to either side, and more is not", () => {
    expect(() => requireNear([replay("(a)", 10, 11.4)])).not.toThrow();
    expect(() => requireNear([replay("(a)", 10, 8.6)])).not.toThrow();
    expect(() => requireNear([replay("(a)", 10, 11.6)])).toThrow(
      "(a) caught up in 10.00 h, and the model says 11.60 h: +16 %",
    );
    expect(() => requireNear([replay("(a)", 10, 8.4)])).toThrow("−16 %");
    expect(() => requireNear([replay("(a)", undefined, 20)])).toThrow("(a) has not caught up");
    expect(signed(error(replay("(a)", undefined, 20)))).toBe("−100 %");
  });

  test("of three runs the one in the middle counts, or that the model is between them", () => {
    const [short, right, long] = [replay("(a)", 10, 20), replay("(a)", 19, 20), replay("(a)", 40, 20)];
    expect(middle([long, short, right])).toBe(right);
    expect(middle([replay("(a)", undefined, 20), short, long])).toBe(long);
    expect(near([long, short, long])).toBe(true);
    expect(near([long, short])).toBe(false);
    expect(near([long, long, long])).toBe(false);
    expect(() => requireNear([short, short, short])).toThrow(
      "(a) caught up in 10.00 h, and the model says 20.00 h: +100 %; caught up in",
    );
  });

  test("the order is the model's", () => {
    const [a, b, e] = [replay("(a)", 19, 20), replay("(b)", 21, 20), replay("(e)", 1, 0.7)];
    expect(() => requireOrder([a, b, e])).not.toThrow();
    expect(() => requireOrder([a, b, replay("(e)", 25, 0.7)])).toThrow(
      "(a) later than (e), and measured were 19.00 h and 25.00 h\n(b) later than (e), and measured were 21.00 h and 25.00 h",
    );
    expect(() => requireOrder([a, replay("(b)", undefined, 20)])).toThrow("(a) as late as (b)");
  });

  test("two of which the model says the same have to be alike", () => {
    expect(() => requireOrder([replay("(a)", 10, 20), replay("(b)", 13, 20)])).not.toThrow();
    expect(() => requireOrder([replay("(a)", 10, 20), replay("(b)", 14, 20)])).toThrow("(a) as late as (b)");
  });

  test("on a machine that is busy with something else nothing is said", () => {
    expect(() => requireCalm(0.7, 0.6)).not.toThrow();
    expect(() => requireCalm(0.84, 0.44)).toThrow(
      "84 % of this machine's cores were busy, of which 40 % with something else",
    );
  });
});

test("busy is what a core does but idling and waiting for its disk, whoever took it", () => {
  expect(busySeconds("cpu  100 20 30 9999 8888 5 6 7 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")).toBe(1.68);
});

test("a process' CPU is its own, in user and in system mode, whatever its name", () => {
  const stat = "7 (a b) c) S 1 7 7 0 -1 4194560 11 12 13 14 250 50 999 888 20 0 1 0 100 0 0\n";
  expect(cpuSeconds(7, stat)).toBe(3);
});

describe("the tailnet's cost, by the model", () => {
  const ratio = (rttMs: number) => predicted("worker", rttMs) / predicted("main", 0);

  test("a process that Ruby's lock binds loses a little to a short way, and four fifths of it to a long one", () => {
    const { cpuMs } = STORY.workload.queues.default;
    // A quarter core.
    expect(predicted("main", 0)).toBeCloseTo(250 / cpuMs);
    // 5 threads; 13 round trips to the database and 7 to Redis, four times as long as all that is not CPU.
    const jobMs = (rttMs: number) => 4 * (cpuMs + 13 * 0.29 + 7 * 0.06 + 20 * rttMs);
    expect(ratio(inSmall(2))).toBeCloseTo(5_000 / jobMs(2) / (250 / cpuMs));
    expect(ratio(inSmall(10))).toBeCloseTo(5_000 / jobMs(10) / (250 / cpuMs));
  });

  test("every queue is served, and the two that are compared by one process of five threads each", () => {
    const processes = FLEET.hosts.flatMap(({ key, count, sidekiq }) =>
      sidekiq.map((process) => ({ key, process, count })),
    );
    expect(checkQueues(processes)).toEqual([]);
    for (const queue of Object.values(PLACES))
      expect(processes.filter(({ process }) => queueNames(process).includes(queue))).toMatchObject([
        { process: { queues: [queue], threads: 5, replicas: 1 } },
      ]);
  });
});

describe("the watch's forecast", () => {
  const jobs = [
    { arrived: 0, taken: 50, finished: 60 },
    { arrived: 10, taken: undefined, finished: undefined },
  ];
  test.each([
    [5, 1],
    [10, 2],
    [50, 1],
  ])("at %d, %d wait", (at, waiting) => expect(waitingAt(jobs, at)).toBe(waiting));

  const observed = { fleet: LAYOUTS[0].fleet, emptyHours: 0.5, backlog: () => 0 };
  const found = (seconds: number) =>
    `    FAILED:\n    expr: "mastodon:work_done_seconds", time: 1d2h10m,\n        exp: nil\n        got: {__name__="mastodon:work_done_seconds"} ${seconds.toExponential()}\n`;

  test("is compared with what was left", () => {
    const left = [20, 15, 10, 5];
    expect(askedAt(observed)).toEqual(left.map((minutes) => 30 - minutes));
    expect(askedAt({ ...observed, emptyHours: 0.2 })).toEqual([]);
    expect(forecastsIn(left.map((minutes) => found(minutes * 66)).join(""), observed)).toEqual(
      left.map((minutes) => ({ minute: 30 - minutes, off: expect.closeTo(0.1) as number })),
    );
  });

  test("is judged by the middle of each five in a row", () => {
    expect(middles([0.3, -0.1, 0, 0.1, 0.4, 0.5])).toEqual([0.1, 0.1]);
    expect(middles([0.3, -0.1, 0])).toEqual([0]);
    expect(middles([])).toEqual([Number.NaN]);
  });

  test("is infinitely off if there is none", () => {
    const none = `    got: {__name__="mastodon:work_done_seconds"} NaN\n`;
    const offs = forecastsIn(`exp: nil\n${none}`.repeat(4), observed).map(({ off }) => off);
    expect(offs).toEqual(Array(4).fill(Number.POSITIVE_INFINITY));
    expect(middles([...offs.slice(0, 3), 0, 0])).toEqual([Number.POSITIVE_INFINITY]);
  });

  test("is an error if promtool found nothing for one of the questions", () => {
    expect(() => forecastsIn(found(1200), observed)).toThrow("promtool answered 1 of 4 questions");
  });
});
