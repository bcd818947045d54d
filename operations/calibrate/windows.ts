/** A saved week as windows: what was done and used in each. */
import { QUEUE_NAMES, type QueueName } from "../../catalogue/queues";
import { perQueue } from "../../fleet/model/workload";
import type { Export, Measure } from "./measures";

/** What one service of a pool did in a window: Sidekiq's containers have jobs. */
export interface Row {
  pool: string;
  service: string;
  /** CPU seconds, as that machine's. */
  cpu: number;
  /** By queue, in the order of QUEUE_NAMES: jobs that ended, and seconds that they took. */
  jobs: readonly number[];
  seconds: readonly number[];
}

export interface Window {
  /** Seconds since 1970. */
  begin: number;
  rows: readonly Row[];
  /** Jobs that came in by queue: those done, and by how much the backlog grew. */
  arrivals: readonly number[] | undefined;
  queries: number | undefined;
  reads: number | undefined;
  requests: number | undefined;
  people: number | undefined;
}

export interface Week {
  from: number;
  step: number;
  windows: readonly Window[];
  /** Mean machines of a pool, and the share of its busy time that other customers took. */
  machines: ReadonlyMap<string, number>;
  steal: ReadonlyMap<string, number>;
  /** Pings of each pool by window. */
  pings: ReadonlyMap<string, readonly (number | null)[]>;
  feedBytes: readonly (number | null)[];
  sampled: Record<QueueName, readonly { jobs: number; bytes: number }[]>;
  activeUsers: number | undefined;
  databaseBytes: number | undefined;
}

const mean = (values: readonly (number | null)[]) => {
  const known = values.filter((one) => one !== null);
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0) / known.length;
};

const last = (values: readonly (number | null)[] = []) => values.findLast((one) => one !== null) ?? undefined;

export function weekOf({ from, step, windows, series }: Export): Week {
  const of = (measure: Measure) => series[measure] ?? [];
  const only = (measure: Measure) => of(measure)[0]?.values;
  const byLabel = <T>(measure: Measure, label: string, value: (values: readonly (number | null)[]) => T) =>
    new Map(of(measure).map(({ labels, values }) => [labels[label] ?? "", value(values)]));
  const byQueue = (measure: Measure, pool: string, service: string) =>
    QUEUE_NAMES.map(
      (queue) =>
        of(measure).find(
          ({ labels }) => labels.pool === pool && labels.service === service && labels.queue === queue,
        )?.values,
    );
  const services = of("cpu").map(({ labels: { pool = "", service = "" }, values }) => ({
    ...{ pool, service, values },
    jobs: byQueue("jobs", pool, service),
    seconds: byQueue("seconds", pool, service),
  }));
  const backlog = byLabel("backlog", "queue", (values) => values);
  const rowsAt = (w: number): Row[] =>
    services.flatMap(({ pool, service, values, jobs, seconds }) => {
      const cpu = values[w];
      // A queue that has had no job yet has no counter.
      return cpu === null || cpu === undefined
        ? []
        : [
            {
              pool,
              service,
              cpu,
              jobs: jobs.map((one) => one?.[w] ?? 0),
              seconds: seconds.map((one) => one?.[w] ?? 0),
            },
          ];
    });
  const arrivalsAt = (w: number, rows: readonly Row[]) => {
    if (w === 0 || !rows.some(({ service }) => service.startsWith("sidekiq-"))) return undefined;
    const grown = QUEUE_NAMES.map((queue) => {
      const [before, after] = [backlog.get(queue)?.[w - 1], backlog.get(queue)?.[w]];
      return typeof before === "number" && typeof after === "number" ? after - before : undefined;
    });
    return grown.every((one) => one !== undefined)
      ? grown.map((more, q) => Math.max(more + rows.reduce((sum, { jobs }) => sum + (jobs[q] ?? 0), 0), 0))
      : undefined;
  };
  const at = (measure: Measure, w: number) => only(measure)?.[w] ?? undefined;
  const values = (measure: Measure, queue: QueueName) =>
    of(measure).find(({ labels }) => labels.queue === queue)?.values ?? [];
  return {
    ...{ from, step },
    windows: Array.from({ length: windows }, (_, w) => {
      const rows = rowsAt(w);
      return {
        begin: from + step * w,
        rows,
        arrivals: arrivalsAt(w, rows),
        queries: at("queries", w),
        reads: at("reads", w),
        requests: at("requests", w),
        people: at("people", w),
      };
    }),
    machines: byLabel("machines", "pool", (values) => mean(values) ?? 0),
    steal: byLabel("steal", "pool", (values) => mean(values) ?? 0),
    pings: byLabel("ping", "pool", (values) => values),
    feedBytes: only("feedBytes") ?? [],
    sampled: perQueue((queue) => {
      const [jobs, bytes] = [values("sampledJobs", queue), values("sampledBytes", queue)];
      return Array.from({ length: windows }, (_, w) => ({ jobs: jobs[w] ?? 0, bytes: bytes[w] ?? 0 }));
    }),
    activeUsers: last(only("activeUsers")),
    databaseBytes: last(only("databaseBytes")),
  };
}

/** Windows in which Sidekiq's work is known. */
export const known = ({ windows }: Week) => windows.filter(({ arrivals }) => arrivals !== undefined).length;
