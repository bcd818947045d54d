/** What one job of each queue costs: CPU, round trips, and waiting. docs/capacity.md, "Calibrate". */
import { QUEUE_NAMES } from "../../catalogue/queues";
import { REQUESTS } from "../../fleet/model/web";
import { type Held, Regression, type Weights } from "./regression";
import { rowsOf, type Sample, total } from "./sample";

/** Without so many of a queue, nothing is said of its jobs. */
export const LEAST_JOBS = 500;
/** Without so many round trips, nothing of theirs. */
const LEAST_TRIPS = 10_000;
/** A process that uses less of a core is calm: its jobs hardly wait for Ruby's lock, or for each other. */
const CALM = 0.5;

/** As systemd calls them (services/watch/work.py). */
export const DATABASE = ["postgresql", "pgbouncer"];
export const REDIS = ["redis-server", "redis-server@cache"];
const TAILNET = "tailscaled";
const RTT_QUANTILE = 0.5;

export interface Costs {
  /** By queue, in the order of QUEUE_NAMES. */
  cpuMs: number[];
  roundTrips: number[];
  redisTrips: number[];
  waitMs: number[];
  queryMs: number;
  redisTripMs: number;
  rttMs: number;
  tailnetMs: number;
}

const perRequest = (of: "sql" | "redis") =>
  REQUESTS.reduce((sum, one) => sum + (one[of] * one.percent) / 100, 0);

const sumsOf = (rows: readonly { jobs: readonly number[] }[]) =>
  QUEUE_NAMES.map((_, q) => rows.reduce((sum, { jobs }) => sum + (jobs[q] ?? 0), 0));
const add = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0);

/** Jobs vary as counts do: rows with many of them are as certain, relatively, as their root. */
const weightOf = (jobs: readonly number[]) => 1 / (1 + add(jobs));

/** Waiting is what is left of a job's time: what it is taken from is added up by block. */
interface Calm {
  seconds: number[];
  /** By pool. */
  jobs: Map<string, number[]>;
}

export class CostModel {
  private readonly cpu: Regression;
  private readonly sql: Regression;
  private readonly redis: Regression;
  private readonly query: Regression;
  private readonly redisTrip: Regression;
  private readonly tailnet: Regression;
  /** The pools of the tailnet's columns after those of the queues. */
  private readonly tailnetPools: string[] = [];
  private readonly calm: Calm[] = [];
  private readonly pings = new Map<string, [value: number, block: number][]>();
  readonly held: Record<"cpuMs" | "roundTrips" | "redisTrips" | "queryMs" | "redisTripMs", Held>;
  readonly jobs = QUEUE_NAMES.map(() => 0);
  readonly calmJobs = QUEUE_NAMES.map(() => 0);
  /** Pools that worked in that time, and that the stack does not have now. */
  readonly unknownPools: readonly string[];
  /** Jobs that workers did. */
  readonly remoteJobs: number;

  constructor(private readonly sample: Sample) {
    const { queues, tripCosts } = sample.kept;
    const columns = (of: "cpuMs" | "roundTrips" | "redisTrips", unit = 1) =>
      QUEUE_NAMES.map((name) => ({ name, fallback: queues[name][of] * unit, least: LEAST_JOBS }));
    const services = sample.week.windows.flatMap(({ rows }) =>
      rows
        .filter(({ service }) => service.startsWith("sidekiq-"))
        .map(({ pool, service }) => `${pool} ${service}`),
    );
    // Each process also takes something when it has nothing to do.
    const idle = [...new Set(services)];
    this.cpu = new Regression([...columns("cpuMs", 1 / 1000), ...idle.map((name) => ({ name }))]);
    const trips = (of: "roundTrips" | "redisTrips", requests: number) =>
      new Regression([
        ...columns(of),
        { name: "requests", fallback: requests, least: LEAST_JOBS },
        { name: "always" },
      ]);
    this.sql = trips("roundTrips", perRequest("sql"));
    this.redis = trips("redisTrips", perRequest("redis"));
    const trip = (ms: number) =>
      new Regression([{ name: "trips", fallback: ms / 1000, least: LEAST_TRIPS }, { name: "always" }]);
    this.query = trip(tripCosts.databaseMs);
    this.redisTrip = trip(tripCosts.redisMs);
    this.tailnetPools.push(
      "main",
      ...new Set(services.map((one) => one.split(" ")[0] ?? "").filter((pool) => pool !== "main")),
    );
    this.tailnet = new Regression([...QUEUE_NAMES, ...this.tailnetPools].map((name) => ({ name })));
    this.unknownPools = this.tailnetPools.filter((pool) => sample.speed(pool) === undefined);
    this.readWindows(idle);
    this.readSpans();
    this.remoteJobs = add(this.tailnet.sums.slice(0, QUEUE_NAMES.length));
    const identify = (of: Regression) => of.identify(sample.drawn, sample.all);
    this.held = {
      cpuMs: identify(this.cpu),
      roundTrips: identify(this.sql),
      redisTrips: identify(this.redis),
      queryMs: identify(this.query),
      redisTripMs: identify(this.redisTrip),
    };
  }

  /** CPU and busy time of each process: read at the same moment, so that short windows will do. */
  private readWindows(idle: readonly string[]): void {
    const { week } = this.sample;
    week.windows.forEach(({ rows }, w) => {
      const block = this.sample.blockOf(w);
      this.calm[block] ??= { seconds: QUEUE_NAMES.map(() => 0), jobs: new Map() };
      for (const { pool, service, cpu, jobs, seconds } of rows) {
        const speed = this.sample.speed(pool);
        if (!service.startsWith("sidekiq-") || speed === undefined) continue;
        jobs.forEach((one, q) => {
          this.jobs[q] = (this.jobs[q] ?? 0) + one;
        });
        const own = idle.map((name) => (name === `${pool} ${service}` ? week.step : 0));
        this.cpu.add(block, [...jobs, ...own], [cpu * speed], weightOf(jobs));
        if (cpu < CALM * week.step * this.sample.machines(pool)) this.addCalm(block, pool, jobs, seconds);
      }
    });
    for (const [pool, values] of week.pings)
      this.pings.set(
        pool,
        values
          .flatMap((value, w): [number, number][] =>
            value === null ? [] : [[value, this.sample.blockOf(w)]],
          )
          .sort(([a], [b]) => a - b),
      );
  }

  private addCalm(block: number, pool: string, jobs: readonly number[], seconds: readonly number[]): void {
    const calm = this.calm[block] as Calm;
    const of = calm.jobs.get(pool) ?? QUEUE_NAMES.map(() => 0);
    calm.jobs.set(pool, of);
    jobs.forEach((one, q) => {
      of[q] = (of[q] ?? 0) + one;
      calm.seconds[q] = (calm.seconds[q] ?? 0) + (seconds[q] ?? 0);
      this.calmJobs[q] = (this.calmJobs[q] ?? 0) + one;
    });
  }

  /** What is counted for all jobs together, each by its own clock. */
  private readSpans(): void {
    const { sample } = this;
    for (const span of sample.spans()) {
      // Without Sidekiq's part, all of it would be web's.
      if (span.windows.some(({ rows }) => rows.length === 0)) continue;
      const rows = rowsOf(span);
      const jobs = sumsOf(rows);
      const seconds = sample.week.step * span.windows.length;
      const requests = total(span, (window) => window.requests);
      for (const [of, cost, count, services] of [
        [this.sql, this.query, total(span, ({ queries }) => queries), DATABASE],
        [this.redis, this.redisTrip, total(span, ({ reads }) => reads), REDIS],
      ] as const) {
        if (count === undefined || requests === undefined) continue;
        of.add(span.block, [...jobs, requests, seconds], [count], weightOf(jobs));
        cost.add(span.block, [count, seconds], [sample.cpuOnMain(rows, services)], 1 / (1 + count));
      }
      this.addTailnet(span.block, seconds, rows);
    }
  }

  private addTailnet(block: number, seconds: number, rows: ReturnType<typeof rowsOf>): void {
    for (const pool of this.tailnetPools) {
      const speed = this.sample.speed(pool);
      const own = rows.filter((row) => row.pool === pool && row.service === TAILNET);
      if (speed === undefined || own.length === 0) continue;
      // Main's tailscaled has every worker's round trips, a worker's only its own.
      const jobs = sumsOf(rows.filter((row) => (pool === "main" ? row.pool !== "main" : row.pool === pool)));
      const cpu = own.reduce((sum, one) => sum + one.cpu * speed, 0);
      const idle = this.tailnetPools.map((one) => (one === pool ? seconds : 0));
      this.tailnet.add(block, [...jobs, ...idle], [cpu], weightOf(jobs));
    }
  }

  /** Everything, as one way to draw the blocks has it. */
  at(weights: Weights): Costs {
    const queues = QUEUE_NAMES.length;
    const cpuMs = this.cpu
      .fit(weights, this.held.cpuMs)
      .slice(0, queues)
      .map((one) => one * 1000);
    const roundTrips = this.sql.fit(weights, this.held.roundTrips).slice(0, queues);
    const redisTrips = this.redis.fit(weights, this.held.redisTrips).slice(0, queues);
    const queryMs = (this.query.fit(weights, this.held.queryMs)[0] ?? 0) * 1000;
    const redisTripMs = (this.redisTrip.fit(weights, this.held.redisTripMs)[0] ?? 0) * 1000;
    const rttMs = this.rtt(weights);
    const known = { cpuMs, roundTrips, redisTrips, queryMs, redisTripMs, rttMs };
    return { ...known, tailnetMs: this.tailnetAt(weights, known), waitMs: this.waits(weights, known) };
  }

  private tailnetAt(weights: Weights, { roundTrips, redisTrips }: Pick<Costs, "roundTrips" | "redisTrips">) {
    if (this.remoteJobs === 0) return Number.NaN;
    const trips = QUEUE_NAMES.map((_, q) => (roundTrips[q] ?? 0) + (redisTrips[q] ?? 0));
    const idle = this.tailnetPools.map((_, p) => [
      ...QUEUE_NAMES.map(() => 0),
      ...this.tailnetPools.map((__, other) => (other === p ? 1 : 0)),
    ]);
    const found = this.tailnet.fitCombined(weights, [[...trips, ...this.tailnetPools.map(() => 0)], ...idle]);
    return (found[0] ?? 0) * 1000;
  }

  /** Sidekiq's ping from workers, less the same on main: what is left is the path. */
  private rtt(weights: Weights): number {
    const pools = [...this.pings.keys()].filter((pool) => pool !== "main");
    const of = (pool: string) => quantile(this.pings.get(pool) ?? [], weights);
    const onMain = of("main");
    const there = pools.map(of).filter(Number.isFinite);
    if (there.length === 0 || !Number.isFinite(onMain)) return Number.NaN;
    return Math.max((add(there) / there.length - onMain) * 1000, 0);
  }

  private waits(weights: Weights, costs: Omit<Costs, "waitMs" | "tailnetMs">): number[] {
    return QUEUE_NAMES.map((_, q) => {
      let [waited, jobs] = [0, 0];
      const [cpu = 0, sql = 0, redis = 0] = [costs.cpuMs[q], costs.roundTrips[q], costs.redisTrips[q]];
      const answers = sql * costs.queryMs + redis * costs.redisTripMs;
      this.calm.forEach((calm, block) => {
        const weight = weights[block] ?? 0;
        waited += weight * 1000 * (calm.seconds[q] ?? 0);
        for (const [pool, counts] of calm.jobs) {
          const path = pool === "main" ? 0 : (sql + redis) * this.path(costs.rttMs);
          const count = weight * (counts[q] ?? 0);
          jobs += count;
          waited -= count * (cpu / (this.sample.speed(pool) ?? 1) + answers + path);
        }
      });
      return jobs === 0 ? Number.NaN : Math.max(waited / jobs, 0);
    });
  }

  private path(rttMs: number) {
    return Number.isFinite(rttMs) ? rttMs : this.sample.settings.assumptions.rttMs;
  }

  /** Milliseconds that a job of the queue keeps a thread busy in calm hours. */
  busyMs(q: number): number {
    const seconds = this.calm.reduce((sum, one) => sum + (one?.seconds[q] ?? 0), 0);
    return (seconds * 1000) / (this.calmJobs[q] ?? 0);
  }
}

/** The middle one of sorted values, each as often as its block counts. */
function quantile(values: readonly [value: number, block: number][], weights: Weights): number {
  const all = values.reduce((sum, [, block]) => sum + (weights[block] ?? 0), 0);
  let seen = 0;
  for (const [value, block] of values) {
    seen += weights[block] ?? 0;
    if (seen >= all * RTT_QUANTILE && seen > 0) return value;
  }
  return Number.NaN;
}
