/** How fast single processes work. */

import type { QueueName } from "../../catalogue/queues";
import { ASSUMED_SIGNATURES, MEASURED_SIGNATURES } from "../../catalogue/yardstick";
import { evaluate, type Situation } from "../../fleet/model/evaluate";
import type { FleetHost } from "../../fleet/model/fleet";
import { perQueue, type QueueLoad } from "../../fleet/model/workload";
import { findings } from "../../fleet/verdict/findings";
import { fleet, mainHost, poolHost, sidekiq, sized } from "../support/fleets";

const NOTHING: QueueLoad = { jobsPerSecond: 0, cpuMs: 10, waitMs: 0, roundTrips: 0, redisTrips: 0 };

function situation(loads: Partial<Record<QueueName, Partial<QueueLoad>>>, rttMs = 1): Situation {
  return {
    workload: {
      activeUsers: 0,
      databaseGiB: 0,
      queues: perQueue((queue) => ({ ...NOTHING, ...loads[queue] })),
      tripCosts: { databaseMs: 0.25, redisMs: 0.05 },
      webCores: 0,
      nightShare: 1,
    },
    conditions: { sharedCpu: 0.7, rttMs, tailnetMs: 0, safetyFactor: 1 },
    outage: { hours: 2, hoursBeforeBusiest: 0 },
    catchUpHours: 2,
  };
}

function result(queue: QueueName, of: Situation, main: FleetHost, ...pools: FleetHost[]) {
  const found = evaluate(fleet(main, ...pools), of).queues.find((one) => one.queue === queue);
  if (!found) throw new Error(queue);
  return found;
}

const main = (...processes: Parameters<typeof sidekiq>[]) =>
  mainHost(sized("c-4"), ...processes.map((args) => sidekiq(...args)));
const capacity = (...args: Parameters<typeof result>) => result(...args).capacity;

test("one process has one core, whatever its threads; a second one has another, until the droplet has no more", () => {
  const load = situation({ default: { cpuMs: 20 } });
  expect(capacity("default", load, main([["default"], 5]))).toBeCloseTo(50, 9);
  expect(capacity("default", load, main([["default"], 25]))).toBeCloseTo(50, 9);
  expect(capacity("default", load, main([["default"], 5, 2]))).toBeCloseTo(100, 9);
  expect(capacity("default", load, main([["default"], 5, 8]))).toBeCloseTo(200, 9);
});

test("a shared vCPU gives 70 % of a dedicated one", () => {
  const host = mainHost(sized("s-4vcpu-8gb"), sidekiq(["default"], 5, 8));
  expect(capacity("default", situation({ default: { cpuMs: 20 } }), host)).toBeCloseTo(140, 9);
});

test("jobs that wait for others are bound by threads: CPU, wait, and each round trip to main", () => {
  const load = situation({ push: { cpuMs: 10, waitMs: 200, roundTrips: 10 } }, 5);
  // 10 + 200 + 10 × 0.25 ms in the database; workers add 10 × 5 ms of way.
  expect(capacity("push", load, main([["push"], 2]))).toBeCloseTo(2 / 0.2125, 9);
  const pool = poolHost(sized("c-2"), 3, sidekiq(["push"], 2));
  expect(capacity("push", load, main([["default"], 2]), pool)).toBeCloseTo(6 / 0.2625, 9);
});

test("the database of every worker's jobs takes CPU of main, after web", () => {
  const load = situation({ default: { cpuMs: 20, roundTrips: 40 } });
  const pool = poolHost(sized("c-32"), 1, sidekiq(["default"], 25, 32));
  // 10 ms of database a job: four cores do 400, and 100 when web takes three of them.
  expect(capacity("default", load, main([["push"], 2]), pool)).toBeCloseTo(400, 6);
  const busyWeb = { ...load, workload: { ...load.workload, webCores: 3 } };
  expect(capacity("default", busyWeb, main([["push"], 2]), pool)).toBeCloseTo(100, 6);
});

test("strict order leaves the last what the first do not need", () => {
  const load = situation({ push: { jobsPerSecond: 80, cpuMs: 10 } });
  expect(capacity("pull", load, main([["push", "pull"], 25]))).toBeCloseTo(20, 9);
  // The other way round pull may take all.
  expect(capacity("pull", load, main([["pull", "push"], 25]))).toBeCloseTo(100, 9);
});

test("weights share by jobs among the queues that have some", () => {
  const load = situation({ push: { jobsPerSecond: 1000 } });
  expect(capacity("pull", load, main([{ push: 3, pull: 1 }, 25]))).toBeCloseTo(25, 9);
  // Push does not use its share up: the rest is pull's.
  const little = situation({ push: { jobsPerSecond: 10 } });
  expect(capacity("pull", little, main([{ push: 3, pull: 1 }, 25]))).toBeCloseTo(90, 9);
});

test("a queue behind others in strict order starves while they catch up, by weight it does not", () => {
  const load = situation({ push: { jobsPerSecond: 50 }, pull: { jobsPerSecond: 5 } });
  // 2 h of 50 jobs/s at 100 − 50.
  expect(result("pull", load, main([["push", "pull"], 25])).starvedHours).toBeCloseTo(2, 1);
  expect(result("pull", load, main([{ push: 10, pull: 1 }, 25])).starvedHours).toBe(0);
});

test("latency: the job itself on an idle fleet, without end on one that falls behind", () => {
  const idle = situation({ push: { jobsPerSecond: 0.01, waitMs: 190 } });
  expect(result("push", idle, main([["push"], 25])).latencySeconds).toBeCloseTo(0.2, 3);
  const busy = situation({ push: { jobsPerSecond: 101 } });
  const { utilization, latencySeconds } = result("push", busy, main([["push"], 25]));
  expect(utilization).toBeCloseTo(1.01, 9);
  expect(latencySeconds).toBeUndefined();
  // M/M/1 at 90 %: ten times the job.
  const single = situation({ push: { jobsPerSecond: 90 } });
  expect(result("push", single, main([["push"], 1])).latencySeconds).toBeCloseTo(0.1, 3);
});

// Measured: 5 threads, 30 round trips a job, WireGuard between the machines (docs/capacity.md).
test.each([
  [2, 58],
  [10, 14],
  [76, 2],
])(
  "at %d ms of way the model does what was measured, %d jobs/s, and up to two fifths more",
  (rttMs, measured) => {
    // 745 jobs/s were measured without any way: 1.34 ms of CPU.
    const load = situation({ default: { cpuMs: 1000 / 745, roundTrips: 30 } }, rttMs);
    const pool = poolHost(sized("c-2"), 1, sidekiq(["default"], 5));
    const modelled = capacity("default", load, main([["push"], 1]), pool);
    expect(modelled / measured).toBeGreaterThan(1);
    expect(modelled / measured).toBeLessThan(1.4);
  },
);

test("each host's CPU at the busy hour: web and the database on main, Ruby where it runs", () => {
  const load = situation({ default: { jobsPerSecond: 10, cpuMs: 20, roundTrips: 40 } });
  const busyWeb = { ...load, workload: { ...load.workload, webCores: 1.5 } };
  const pool = poolHost(sized("c-2"), 3, sidekiq(["default"], 5, 2));
  const { hosts } = evaluate(fleet(main([["push"], 1]), pool), busyWeb);
  expect(hosts).toMatchObject([
    { key: "main", name: "main", cores: 4, web: 1.5, jobs: expect.closeTo(0.1, 9) },
    { key: "workers[0]", name: "general", cores: 6, web: 0, jobs: expect.closeTo(0.2, 9) },
  ]);
});

test("a host is what its roles say, wherever it stands in the list", () => {
  const load = situation({ default: { jobsPerSecond: 10, cpuMs: 20, roundTrips: 40 } });
  const busyWeb = { ...load, workload: { ...load.workload, webCores: 1.5 } };
  const one = fleet(main([["push"], 1]), poolHost(sized("c-2"), 3, sidekiq(["default"], 5, 2)));
  const turned = { ...one, hosts: [...one.hosts].reverse() };
  const [straight, reversed] = [evaluate(one, busyWeb), evaluate(turned, busyWeb)];
  expect(reversed).toEqual({ ...straight, hosts: [...straight.hosts].reverse() });
  expect(findings(turned, busyWeb, reversed)).toEqual(findings(one, busyWeb, straight));
});

test("the tailnet, where it is told, takes CPU of both ends of a worker's round trips, and none of main's own", () => {
  const load = situation({ default: { jobsPerSecond: 10, cpuMs: 20, roundTrips: 40 } });
  const told = { ...load, conditions: { ...load.conditions, tailnetMs: 0.25 } };
  const pool = poolHost(sized("c-2"), 1, sidekiq(["default"], 25));
  const jobs = (...args: Parameters<typeof fleet>) =>
    evaluate(fleet(...args), told).hosts.map((host) => host.jobs);
  // Ruby 0.2, the database 0.1, the tailnet 0.1 on each side.
  expect(jobs(main([["push"], 1]), pool)).toEqual([expect.closeTo(0.2, 9), expect.closeTo(0.3, 9)]);
  expect(jobs(main([["default"], 25]))).toEqual([expect.closeTo(0.3, 9)]);
  // Beside Ruby, whose lock it does not need: only a droplet without a free vCPU does less.
  const twice = poolHost(sized("c-2"), 1, sidekiq(["default"], 25, 2));
  expect(capacity("default", told, main([["push"], 1]), pool)).toBeCloseTo(50, 9);
  expect(capacity("default", told, main([["push"], 1]), twice)).toBeCloseTo(2000 / 30, 9);
});

test("droplets that sign half as fast as the measured machine count as half as many vCPUs", () => {
  const load = situation({ default: { cpuMs: 20 } });
  const slow = { ...load, conditions: { ...load.conditions, signatures: { c: 2_000 } } };
  expect(capacity("default", slow, main([["default"], 25]))).toBeCloseTo(25, 9);
  const [host] = evaluate(fleet(main([["default"], 25])), slow).hosts;
  expect(host?.cores).toBe(2);
  // Another family is as before, and the catalogue assumes the same for all.
  const shared = mainHost(sized("s-4vcpu-8gb"), sidekiq(["default"], 5, 8));
  expect(capacity("default", slow, shared)).toBeCloseTo(140, 9);
  expect(new Set(Object.values(ASSUMED_SIGNATURES))).toEqual(new Set([MEASURED_SIGNATURES]));
});

test("the safety factor multiplies CPU, of Ruby, the database, web and the tailnet, and no waiting", () => {
  const load = situation({ default: { jobsPerSecond: 10, cpuMs: 20, waitMs: 100, roundTrips: 40 } });
  const told = (safetyFactor: number) => {
    const asked = {
      ...load,
      workload: { ...load.workload, webCores: 1 },
      conditions: { ...load.conditions, tailnetMs: 0.25, safetyFactor },
    };
    return evaluate(fleet(main([["push"], 1]), poolHost(sized("c-2"), 1, sidekiq(["default"], 25))), asked);
  };
  const [once, twice] = [told(1), told(2)];
  for (const [h, { web, jobs }] of once.hosts.entries())
    expect(twice.hosts[h]).toMatchObject({ web: 2 * web, jobs: expect.closeTo(2 * jobs, 9) });
  const latency = ({ queues }: typeof once) => queues[0]?.latencySeconds ?? 0;
  // 20 + 100 + 10 + 40 ms of way, and 40 + 100 + 20 + 40 with twice the CPU.
  expect(latency(once)).toBeCloseTo(0.17, 2);
  expect(latency(twice) / latency(once)).toBeCloseTo(0.2 / 0.17, 1);
});

test("Redis has one core, however many main has", () => {
  const load = situation({ default: { cpuMs: 0.1, redisTrips: 100 } });
  // 5 ms in Redis a job.
  const pool = poolHost(sized("c-32"), 1, sidekiq(["default"], 25, 32));
  expect(capacity("default", load, main([["push"], 2]), pool)).toBeCloseTo(200, 6);
  expect(capacity("default", load, mainHost(sized("c-32"), sidekiq(["push"], 2)), pool)).toBeCloseTo(200, 6);
});
