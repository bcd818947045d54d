/** Between workers and main: the round trip, and what it takes of tailscaled on each side. */
import { QUEUE_NAMES } from "../../catalogue/queues";
import { Regression, type Weights } from "./regression";
import { rowsOf, type Sample, sumsOf, weightOf } from "./sample";
import type { Row } from "./windows";

/** As systemd calls it (services/watch/work.py). */
const TAILNET = "tailscaled";

export class PathModel {
  private readonly tailnet: Regression;
  private readonly pings = new Map<string, [value: number, block: number][]>();
  /** Jobs that workers did. */
  readonly remoteJobs: number;

  /** @param pools main, and those of workers */
  constructor(
    private readonly sample: Sample,
    private readonly pools: readonly string[],
  ) {
    // Jobs stand for their round trips, which are known later. Each tailscaled also takes something for itself.
    this.tailnet = new Regression([...QUEUE_NAMES, ...pools].map((name) => ({ name })));
    for (const span of sample.spans())
      this.add(span.block, sample.week.step * span.windows.length, rowsOf(span));
    for (const [pool, values] of sample.week.pings)
      this.pings.set(
        pool,
        values
          .flatMap((value, w): [number, number][] => (value === null ? [] : [[value, sample.blockOf(w)]]))
          .sort(([a], [b]) => a - b),
      );
    this.remoteJobs = this.tailnet.sums.slice(0, QUEUE_NAMES.length).reduce((sum, one) => sum + one, 0);
  }

  private add(block: number, seconds: number, rows: readonly Row[]): void {
    for (const pool of this.pools) {
      const speed = this.sample.speed(pool);
      const own = rows.filter((row) => row.pool === pool && row.service === TAILNET);
      if (speed === undefined || own.length === 0) continue;
      // Main's tailscaled has every worker's round trips, a worker's only its own.
      const jobs = sumsOf(rows.filter((row) => (pool === "main" ? row.pool !== "main" : row.pool === pool)));
      const cpu = own.reduce((sum, one) => sum + one.cpu * speed, 0);
      const idle = this.pools.map((one) => (one === pool ? seconds : 0));
      this.tailnet.add(block, [...jobs, ...idle], [cpu], weightOf(jobs));
    }
  }

  /** @param trips round trips of one job, by queue. @returns NaN without any */
  tailnetMs(weights: Weights, trips: readonly number[]): number {
    if (this.remoteJobs === 0) return Number.NaN;
    const idle = this.pools.map((_, p) => [
      ...QUEUE_NAMES.map(() => 0),
      ...this.pools.map((__, other) => (other === p ? 1 : 0)),
    ]);
    const found = this.tailnet.fitCombined(weights, [[...trips, ...this.pools.map(() => 0)], ...idle]);
    return (found[0] ?? 0) * 1000;
  }

  /** Sidekiq's ping from workers, less the same on main: what is left is the path. NaN if one of them is not known. */
  rttMs(weights: Weights): number {
    const of = (pool: string) => median(this.pings.get(pool) ?? [], weights);
    const there = this.pools
      .filter((pool) => pool !== "main")
      .map(of)
      .filter(Number.isFinite);
    const mean = there.reduce((sum, one) => sum + one, 0) / there.length;
    return Math.max((mean - of("main")) * 1000, 0);
  }
}

/** The middle one of sorted values, each as often as its block counts. */
function median(values: readonly [value: number, block: number][], weights: Weights): number {
  const all = values.reduce((sum, [, block]) => sum + (weights[block] ?? 0), 0);
  let seen = 0;
  for (const [value, block] of values) {
    seen += weights[block] ?? 0;
    if (seen >= all / 2 && seen > 0) return value;
  }
  return Number.NaN;
}
