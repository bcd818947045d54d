/** A week of an instance whose figures are known, as main would have measured it, with the noise that real ones have. */
import { QUEUE_NAMES, type QueueName } from "../../../catalogue/queues";
import { perQueue } from "../../../fleet/model/workload";
import {
  type Export,
  MEASURE_NAMES,
  type Measure,
  type Series,
} from "../../../operations/calibrate/measures";
import { random } from "../../../operations/calibrate/regression";

export interface TrueQueue {
  /** Jobs/s without people, and for each person who was seen within ten minutes. */
  base: number;
  perPerson: number;
  cpuMs: number;
  waitMs: number;
  roundTrips: number;
  redisTrips: number;
  jobBytes: number;
}

export interface Truth {
  queues: Record<QueueName, TrueQueue>;
  /** People within ten minutes at the busiest and the quietest hour; and in a month. */
  people: { busy: number; night: number; month: number };
  web: { base: number; perPerson: number; queriesPerRequest: number; readsPerRequest: number };
  queryMs: number;
  redisTripMs: number;
  rttMs: number;
  tailnetMs: number;
  feedBytes: number;
  /** What a second of a pool's CPU is worth in the model. */
  speed: Readonly<Record<string, number>>;
}

const queue = (
  [base, perPerson]: [number, number],
  [cpuMs, waitMs]: [number, number],
  [roundTrips, redisTrips]: [number, number],
  jobBytes: number,
): TrueQueue => ({ base, perPerson, cpuMs, waitMs, roundTrips, redisTrips, jobBytes });

/** Unlike the model's defaults in every figure: they cannot be right by chance. */
export const TRUTH: Truth = {
  queues: {
    default: queue([6, 0.05], [11, 4], [16, 5], 700),
    push: queue([0.6, 0.02], [10, 400], [4.4, 5.5], 3100),
    ingress: queue([5, 0.004], [36, 60], [24, 11], 2000),
    mailers: queue([0.05, 0.001], [70, 220], [9, 2], 1200),
    pull: queue([1.5, 0.006], [14, 90], [8, 2.4], 500),
    scheduler: queue([0.057, 0], [30, 0], [20, 20], 600),
    fasp: queue([0, 0], [10, 250], [5, 4], 900),
  },
  people: { busy: 500, night: 120, month: 5200 },
  web: { base: 0.25, perPerson: 0.0022, queriesPerRequest: 6, readsPerRequest: 8 },
  queryMs: 0.41,
  redisTripMs: 0.045,
  rttMs: 2.4,
  tailnetMs: 0.16,
  feedBytes: 71_000,
  speed: { main: 0.7, general: 1 },
};

/** Who serves what: pool, service, and its share of each queue's jobs. */
const PROCESSES: [pool: string, service: string, share: Partial<Record<QueueName, number>>][] = [
  [
    "main",
    "sidekiq-default-1",
    { default: 0.1, push: 0.1, ingress: 0.15, mailers: 0.3, pull: 0.2, fasp: 0.3 },
  ],
  ["main", "sidekiq-scheduler-1", { scheduler: 1 }],
  ["general", "sidekiq-default-1", { default: 0.5, ingress: 0.4 }],
  [
    "general",
    "sidekiq-push-1",
    { default: 0.4, push: 0.9, ingress: 0.45, mailers: 0.7, pull: 0.8, fasp: 0.7 },
  ],
];

export interface WeekOptions {
  days?: number;
  truth?: Truth;
  seed?: number;
  /** How much each queue has its own ups and downs, apart from those of people. */
  own?: number;
  /** A queue whose jobs are always so many for each of another's. */
  tied?: { queue: QueueName; to: QueueName; each: number };
}

export function syntheticWeek(options: WeekOptions = {}): Export {
  const { days = 7, truth = TRUTH, seed = 7, own = 0.25, tied } = options;
  const [step, from] = [600, 1_795_910_400];
  const windows = (days * 86_400) / step;
  const next = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  /** Around 1. */
  const about = (spread: number) => Math.max(1 + spread * normal(), 0);
  const counted = (expected: number) => Math.max(Math.round(expected + Math.sqrt(expected) * normal()), 0);

  const series = new Map<string, { measure: Measure; series: Series }>();
  const put = (measure: Measure, w: number, value: number, labels: Record<string, string> = {}) => {
    const key = `${measure} ${JSON.stringify(labels)}`;
    const one = series.get(key) ?? { measure, series: { labels, values: new Array(windows).fill(null) } };
    one.series.values[w] = value;
    series.set(key, one);
  };
  for (let w = 0; w < windows; w++) {
    const hour = (w * step) / 3600;
    const { busy, night, month } = truth.people;
    const weekend = Math.floor(hour / 24) % 7 >= 5 ? 0.8 : 1;
    const course = (busy + night) / 2 + ((busy - night) / 2) * Math.cos((2 * Math.PI * (hour - 20)) / 24);
    const people = counted(course * weekend * about(0.05));
    const done = perQueue((name) => {
      const { base, perPerson } = truth.queues[name];
      // Periodic jobs come by the clock.
      return counted((base + perPerson * people) * step * about(name === "scheduler" ? 0 : own));
    });
    if (tied) done[tied.queue] = Math.round(done[tied.to] * tied.each);
    const trips = { queries: 4 * step, reads: 12 * step, main: 0, general: 0 };
    for (const [pool, service, shares] of PROCESSES) {
      const speed = truth.speed[pool] ?? 1;
      let cpu = 0.006 * step;
      for (const name of QUEUE_NAMES) {
        const share = shares[name];
        if (share === undefined) continue;
        const { cpuMs, waitMs, roundTrips, redisTrips } = truth.queues[name];
        const jobs = Math.round(done[name] * share * (share === 1 ? 1 : about(0.1)));
        const own = jobs * (roundTrips + redisTrips);
        const answers = roundTrips * truth.queryMs + redisTrips * truth.redisTripMs;
        const path = pool === "main" ? 0 : (roundTrips + redisTrips) * truth.rttMs;
        cpu += (jobs * cpuMs * about(0.02)) / 1000 / speed;
        put("jobs", w, jobs, { pool, service, queue: name });
        put("seconds", w, (jobs * (cpuMs / speed + waitMs + answers + path) * about(0.02)) / 1000, {
          ...{ pool, service, queue: name },
        });
        trips.queries += jobs * roundTrips;
        trips.reads += jobs * redisTrips;
        if (pool !== "main") trips.general += own;
      }
      put("cpu", w, cpu, { pool, service });
    }
    const requests = counted((60 + people * 0.25) * about(0.1) * 60);
    trips.queries += requests * truth.web.queriesPerRequest;
    trips.reads += requests * truth.web.readsPerRequest;
    const onMain = (service: string, seconds: number) =>
      put("cpu", w, (seconds * about(0.02)) / (truth.speed.main ?? 1), { pool: "main", service });
    onMain("web", (truth.web.base + truth.web.perPerson * people) * step);
    onMain("postgresql", (trips.queries * truth.queryMs * 0.75) / 1000 + 0.01 * step);
    onMain("pgbouncer", (trips.queries * truth.queryMs * 0.25) / 1000);
    onMain("redis-server", (trips.reads * truth.redisTripMs) / 1000 + 0.002 * step);
    onMain("tailscaled", (trips.general * truth.tailnetMs) / 1000 + 0.003 * step);
    put("cpu", w, (trips.general * truth.tailnetMs * about(0.02)) / 1000 + 0.003 * step, {
      ...{ pool: "general", service: "tailscaled" },
    });
    // Read by another clock than the jobs.
    put("queries", w, trips.queries * about(0.01));
    put("reads", w, trips.reads * about(0.01));
    put("requests", w, requests);
    put("people", w, people);
    put("steal", w, 0, { pool: "main" });
    put("steal", w, 0, { pool: "general" });
    put("machines", w, 2, { pool: "general" });
    put("ping", w, 0.0003 * about(0.1), { pool: "main" });
    put("ping", w, (0.3 + truth.rttMs * about(0.1)) / 1000, { pool: "general" });
    put("activeUsers", w, month);
    put("databaseBytes", w, 40 * 2 ** 30);
    put("feedBytes", w, truth.feedBytes * about(0.05));
    for (const name of QUEUE_NAMES) {
      put("backlog", w, 0, { queue: name });
      const seen = done[name] > 0 ? 3 : 0;
      put("sampledJobs", w, seen, { queue: name });
      put("sampledBytes", w, seen * truth.queues[name].jobBytes * about(0.1), { queue: name });
    }
  }
  return {
    ...{ format: 1, stack: "prod", from, step, windows },
    series: Object.fromEntries(
      MEASURE_NAMES.map((name) => [
        name,
        [...series.values()].filter(({ measure }) => measure === name).map((one) => one.series),
      ]),
    ) as Export["series"],
  };
}
