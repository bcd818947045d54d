/** How much CPU the capacity model and its search take, as the median of some runs: on a busy machine the clock says less. */
import { type Evaluation, evaluate, type Situation } from "../fleet/model/evaluate";
import { type Fleet, fleetOf } from "../fleet/model/fleet";
import { workloadOf } from "../fleet/model/workload";
import { propose } from "../fleet/proposal/propose";
import { judge } from "../fleet/verdict/verdict";

const RUNS = 15;

const CPU_BOUND = { queues: { default: 8, ingress: 4 }, threads: 5, replicas: 1 } as const;
const FEDERATION = {
  queues: { push: 6, ingress: 4, mailers: 2, pull: 2, fasp: 1 },
  threads: 15,
  replicas: 1,
} as const;
const SCHEDULER = { queues: ["scheduler"], threads: 2, replicas: 1 } as const;

function fleetWith(pools: number, count: number, size: string): Fleet {
  const fleet = fleetOf({
    main: { size, volumeGiB: 100, sidekiq: [SCHEDULER] },
    // All pools differ, so that no result can be computed once for all of them.
    workers: Array.from({ length: pools }, (_, i) => ({
      name: `pool-${i}`,
      size: "c-2",
      count,
      sidekiq: [
        { ...CPU_BOUND, threads: 5 + (i % 4) },
        { ...FEDERATION, threads: 15 + (i % 7) },
      ],
    })),
  });
  if (!fleet) throw new Error(`${size} is not in the catalogue`);
  return fleet;
}

const situation = (activeUsers: number): Situation => ({
  workload: workloadOf({ activeUsers, nightPercent: 20, queues: {} }),
  conditions: { sharedCpu: 0.7, rttMs: 1, tailnetMs: 0.1, safetyFactor: 1.5 },
  outage: { hours: 2, hoursBeforeBusiest: 0 },
  catchUpHours: 2,
});

function milliseconds(run: () => unknown): number {
  const times = Array.from({ length: RUNS }, () => {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  }).sort((a, b) => a - b);
  return times[Math.floor(RUNS / 2)] ?? Number.NaN;
}

const drain = ({ queues }: Evaluation) =>
  Math.max(...queues.map(({ drainHours }) => drainHours ?? Number.POSITIVE_INFINITY));

const small = fleetWith(1, 2, "g-4vcpu-16gb");
const large = fleetWith(50, 10, "g-40vcpu-160gb");
const CASES: [string, Fleet, number][] = [
  ["2 workers in 1 pool, accepted", small, 5_000],
  ["500 workers in 50 pools, accepted", large, 40_000],
  ["500 workers in 50 pools, too much for them", large, 82_000],
];

export function benchCapacity(): void {
  const unit = milliseconds(() => judge(small, situation(5_000)));
  for (const [title, fleet, users] of CASES) {
    const when = situation(users);
    const { evaluation, problems } = judge(fleet, when);
    const [model, verdict] = [
      milliseconds(() => evaluate(fleet, when)),
      milliseconds(() => judge(fleet, when)),
    ];
    console.log(
      `${title} (${users} users, drained after ${drain(evaluation).toFixed(1)} h, ${problems.length} problems): ` +
        `model ${model.toFixed(1)} ms, verdict ${verdict.toFixed(1)} ms, ${(verdict / unit).toFixed(1)} times the first`,
    );
    for (const { key, message } of problems) console.log(`    ${key} ${message}`);
  }

  for (const users of [300, 6_000, 60_000]) {
    const wanted = { situation: situation(users), volumeGiB: 50, overrides: {} };
    const { fleet } = propose(wanted) ?? {};
    const hosts = fleet?.hosts.map(({ count, size }) => `${count} × ${size.slug}`).join(" and ");
    console.log(
      `the cheapest fleet for ${users} users (${hosts}): ${milliseconds(() => propose(wanted)).toFixed(0)} ms`,
    );
  }
}
