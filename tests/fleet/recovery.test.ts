import fc from "fast-check";
import { recover } from "../../fleet/model/recovery";
import { serviceOf } from "../../fleet/model/stations";
import { workloadOf } from "../../fleet/model/workload";
import { CONDITIONS, fleet, mainHost, sidekiq, sized } from "../support/fleets";

/** The closed formula: hours to drain `hours` of outage while load and capacity stay what they are. */
const drainHours = (hours: number, capacity: number, arrivals: number) => hours / (capacity / arrivals - 1);

/** One queue on one process, so that capacity and load are two numbers; the same all day. */
function one(jobsPerSecond: number, cpuMs: number) {
  const { queues, ...rest } = workloadOf({
    activeUsers: 1,
    nightPercent: 100,
    webCores: 0,
    queues: { default: { jobsPerSecond, cpuMs, waitMs: 0, roundTrips: 0, redisTrips: 0 } },
  });
  const silent = Object.fromEntries(
    Object.entries(queues).map(([queue, load]) => [
      queue,
      queue === "default" ? load : { ...load, jobsPerSecond: 0 },
    ]),
  ) as typeof queues;
  const host = mainHost(sized("c-2"), sidekiq(["default"], 5));
  return serviceOf(fleet(host), { queues: silent, ...rest }, { ...CONDITIONS, safetyFactor: 1 });
}

test("the closed formula T = D / (μ/λ − 1) and the simulation agree within 1 %, where load and capacity are constant", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 12, noNaN: true }),
      fc.double({ min: 1.2, max: 20, noNaN: true }),
      fc.double({ min: 1, max: 200, noNaN: true }),
      (hours, ratio, cpuMs) => {
        const capacity = 1000 / cpuMs;
        const formula = drainHours(hours, capacity, capacity / ratio);
        fc.pre(formula < 40);
        const course = recover(one(capacity / ratio, cpuMs), 1, { hours, hoursBeforeBusiest: 0 });
        expect((course.queues[0]?.drainHours ?? Number.NaN) / formula).toBeGreaterThan(0.99);
        expect((course.queues[0]?.drainHours ?? Number.NaN) / formula).toBeLessThan(1.01);
      },
    ),
  );
});

test("twice the load recovers in the time of the outage, three times in half of it", () => {
  const outage = { hours: 2, hoursBeforeBusiest: 0 };
  expect(recover(one(50, 10), 1, outage).queues[0]?.drainHours).toBeCloseTo(2, 9);
  expect(recover(one(100 / 3, 10), 1, outage).queues[0]?.drainHours).toBeCloseTo(1, 9);
});

test("the first job of the outage waits longest: as long as the outage, since the first come is the first served", () => {
  const { queues, hours, backlog } = recover(one(50, 10), 1, { hours: 2, hoursBeforeBusiest: 0 });
  expect(queues[0]?.worstLatencyHours).toBeCloseTo(2, 6);
  expect(hours[0]).toBe(0);
  expect(backlog[0]?.at(0)).toBe(0);
  // 2 h × 50 jobs/s wait at its end, and nothing at the end of the course.
  expect(Math.max(...(backlog[0] ?? []))).toBeCloseTo(360_000, 3);
  expect(backlog[0]?.at(-1)).toBe(0);
});

test("what arrives faster than it can be done never drains, and waits ever longer", () => {
  const { queues } = recover(one(110, 10), 1, { hours: 2, hoursBeforeBusiest: 0 });
  expect(queues[0]?.drainHours).toBeUndefined();
  // After 50 hours 48 × 100 of 50 × 110 jobs are done: the oldest came at hour 43.6.
  expect(queues[0]?.worstLatencyHours).toBeCloseTo(50 - (48 * 100) / 110, 6);
});

test("queues that nothing arrives for have drained at once", () => {
  expect(recover(one(50, 10), 1, { hours: 2, hoursBeforeBusiest: 0 }).queues[1]?.drainHours).toBeLessThan(
    0.2,
  );
});
