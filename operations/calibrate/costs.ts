/** What one job of each queue costs: CPU, round trips, and waiting. docs/capacity.md, "Calibrate". */
import { QUEUE_NAMES } from "../../catalogue/queues";
import { REQUESTS } from "../../fleet/model/web";
import { PathModel } from "./path";
import { type Held, Regression, type Weights } from "./regression";
import { rowsOf, type Sample, sumsOf, total, weightOf } from "./sample";
import { WaitModel } from "./waits";

/** Without so many of a queue, nothing is said of its jobs. */
export const LEAST_JOBS = 500;
/** Without so many round trips, nothing of theirs. */
const LEAST_TRIPS = 10_000;

/** As systemd calls them (services/watch/work.py). */
export const DATABASE = ["postgresql", "pgbouncer"];
export const REDIS = ["redis-server", "redis-server@cache"];

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

export class CostModel {
  private readonly cpu: Regression;
  private readonly sql: Regression;
  private readonly redis: Regression;
  private readonly query: Regression;
  private readonly redisTrip: Regression;
  readonly path: PathModel;
  readonly waits: WaitModel;
  readonly held: Record<"cpuMs" | "roundTrips" | "redisTrips" | "queryMs" | "redisTripMs", Held>;
  readonly jobs = QUEUE_NAMES.map(() => 0);
  /** Pools that worked in that time, and that the stack does not have now. */
  readonly unknownPools: readonly string[];

  constructor(private readonly sample: Sample) {
    const { queues, tripCosts } = sample.kept;
    const columns = (of: "cpuMs" | "roundTrips" | "redisTrips", unit = 1) =>
      QUEUE_NAMES.map((name) => ({ name, fallback: queues[name][of] * unit, least: LEAST_JOBS }));
    const rows = sample.week.windows.flatMap((window) => window.rows);
    const processes = rows.filter(({ service }) => service.startsWith("sidekiq-"));
    // Each process also takes something when it has nothing to do.
    const idle = [...new Set(processes.map(({ pool, service }) => `${pool} ${service}`))];
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
    const pools = [...new Set(["main", ...processes.map(({ pool }) => pool)])];
    this.unknownPools = pools.filter((pool) => sample.speed(pool) === undefined);
    this.readWindows(idle);
    this.readSpans();
    this.path = new PathModel(sample, pools);
    this.waits = new WaitModel(sample);
    const identify = (of: Regression) => of.identify(sample.drawn, sample.all);
    this.held = {
      cpuMs: identify(this.cpu),
      roundTrips: identify(this.sql),
      redisTrips: identify(this.redis),
      queryMs: identify(this.query),
      redisTripMs: identify(this.redisTrip),
    };
  }

  /** Jobs and CPU of each process: read at the same moment, so that short windows will do. */
  private readWindows(idle: readonly string[]): void {
    const { week } = this.sample;
    week.windows.forEach(({ rows }, w) => {
      for (const { pool, service, cpu, jobs } of rows) {
        const speed = this.sample.speed(pool);
        if (!service.startsWith("sidekiq-") || speed === undefined) continue;
        jobs.forEach((one, q) => {
          this.jobs[q] = (this.jobs[q] ?? 0) + one;
        });
        const own = idle.map((name) => (name === `${pool} ${service}` ? week.step : 0));
        this.cpu.add(this.sample.blockOf(w), [...jobs, ...own], [cpu * speed], weightOf(jobs));
      }
    });
  }

  /** What is counted for all jobs together. The counts are read at different times. */
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
    }
  }

  /** Everything, as one way to draw the blocks has it. */
  at(weights: Weights): Costs {
    const byQueue = (of: Regression, held: Held) => of.fit(weights, held).slice(0, QUEUE_NAMES.length);
    const one = (of: Regression, held: Held) => (of.fit(weights, held)[0] ?? 0) * 1000;
    const cpuMs = byQueue(this.cpu, this.held.cpuMs).map((seconds) => seconds * 1000);
    const roundTrips = byQueue(this.sql, this.held.roundTrips);
    const redisTrips = byQueue(this.redis, this.held.redisTrips);
    const queryMs = one(this.query, this.held.queryMs);
    const redisTripMs = one(this.redisTrip, this.held.redisTripMs);
    const trips = QUEUE_NAMES.map((_, q) => (roundTrips[q] ?? 0) + (redisTrips[q] ?? 0));
    const rttMs = this.path.rttMs(weights);
    const pathMs = Number.isFinite(rttMs) ? rttMs : this.sample.settings.assumptions.rttMs;
    const waitMs = this.waits.at(weights, (q) => ({
      cpuMs: cpuMs[q] ?? 0,
      answersMs: (roundTrips[q] ?? 0) * queryMs + (redisTrips[q] ?? 0) * redisTripMs,
      pathMs: (trips[q] ?? 0) * pathMs,
    }));
    const tailnetMs = this.path.tailnetMs(weights, trips);
    return { cpuMs, roundTrips, redisTrips, waitMs, queryMs, redisTripMs, rttMs, tailnetMs };
  }
}
