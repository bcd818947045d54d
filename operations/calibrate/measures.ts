/** What is read from main's Prometheus, and the form in which it is kept. What the metrics mean: services/watch/probe. */
import { z } from "zod";

/** Seconds of a window. */
export const STEP = 600;

/** `W` is the window. Counters as what was added in it; `increase` knows when one began anew. */
export const MEASURES = {
  jobs: "sum by (pool, service, queue) (increase(mastodon_pool_jobs_total[W]))",
  seconds: "sum by (pool, service, queue) (increase(mastodon_pool_job_seconds_total[W]))",
  cpu: "sum by (pool, service) (increase(mastodon_pool_cpu_seconds_total[W]))",
  steal:
    "sum by (pool) (increase(mastodon_machine_steal_seconds_total[W])) / sum by (pool) (increase(mastodon_machine_cpu_seconds_total[W]) - increase(mastodon_machine_idle_seconds_total[W]))",
  machines: "mastodon_pool_machines",
  backlog: "sum by (queue) (mastodon_queue_backlog)",
  queries: "increase(mastodon_pgbouncer_queries_total[W])",
  reads: "sum(increase(mastodon_redis_reads_total[W]))",
  requests: "sum(increase(mastodon_web_requests_total[W]))",
  people: "increase(mastodon_people_total[W])",
  // In most moments Ruby is busy with something else: the shorter pings are the path's.
  ping: "quantile by (pool) (0.5, quantile_over_time(0.25, mastodon_machine_ping_seconds[W]))",
  activeUsers: "max(mastodon_active_users)",
  databaseBytes: "max(mastodon_database_bytes)",
  feedBytes: "avg(avg_over_time(mastodon_feed_bytes[W]))",
  sampledJobs: "sum by (queue) (increase(mastodon_queue_sampled_jobs_total[W]))",
  sampledBytes: "sum by (queue) (increase(mastodon_queue_sampled_bytes_total[W]))",
} as const;
export type Measure = keyof typeof MEASURES;
export const MEASURE_NAMES = Object.keys(MEASURES) as Measure[];

const oneSeries = z.strictObject({
  labels: z.record(z.string(), z.string()),
  /** By window; null where nothing is known. */
  values: z.array(z.number().nullable()),
});

/** What `--save` writes and `--from` reads. */
export const exportSchema = z.strictObject({
  format: z.literal(1),
  stack: z.string(),
  /** Seconds since 1970 at which the first window begins. */
  from: z.int(),
  step: z.int().min(1),
  windows: z.int().min(1),
  series: z.record(z.enum(MEASURE_NAMES as [Measure, ...Measure[]]), z.array(oneSeries)),
});
export type Export = z.infer<typeof exportSchema>;
export type Series = Export["series"][Measure][number];

/** The query of a measure for windows of so many seconds. */
export const queryOf = (measure: Measure, step: number) => MEASURES[measure].replaceAll("[W]", `[${step}s]`);

/** Prometheus' answer to a range query. */
interface Matrix {
  status: string;
  error?: string;
  data?: { result: { metric: Record<string, string>; values: [number, string][] }[] };
}

/** Puts answers for parts of the time together. */
export class Collected {
  private readonly series = Object.fromEntries(
    MEASURE_NAMES.map((measure) => [measure, new Map<string, Series>()]),
  ) as Record<Measure, Map<string, Series>>;

  constructor(private readonly frame: Pick<Export, "stack" | "from" | "step" | "windows">) {}

  /** @throws Error in Prometheus' own words */
  add(measure: Measure, answer: string): void {
    const { status, error, data } = JSON.parse(answer) as Matrix;
    if (status !== "success" || !data) throw new Error(error ?? `it answered with ${status}`);
    for (const { metric, values } of data.result) {
      const { __name__: _, ...labels } = metric;
      const of = this.series[measure];
      const key = JSON.stringify(Object.entries(labels).sort());
      const series = of.get(key) ?? { labels, values: new Array(this.frame.windows).fill(null) };
      of.set(key, series);
      for (const [time, text] of values) {
        const value = Number(text);
        const at = Math.round((time - this.frame.from) / this.frame.step) - 1;
        if (Number.isFinite(value) && at >= 0 && at < this.frame.windows) series.values[at] = value;
      }
    }
  }

  export(): Export {
    return {
      format: 1,
      ...this.frame,
      series: Object.fromEntries(
        MEASURE_NAMES.map((measure) => [measure, [...this.series[measure].values()]]),
      ) as Export["series"],
    };
  }
}
