/** A week cut into blocks, and what of the stack's own settings it takes to read it. */
import { dropletSize } from "../../catalogue/droplets";
import { QUEUE_NAMES } from "../../catalogue/queues";
import { type Conditions, coreSpeed } from "../../fleet/model/fleet";
import { type Workload, workloadOf } from "../../fleet/model/workload";
import { situationOf } from "../../fleet/situation";
import type { Settings } from "../../settings/schema";
import { resamplesOf, type Weights } from "./regression";
import type { Row, Week, Window } from "./windows";

export type StackSettings = Pick<Settings, "main" | "workers" | "workload" | "recovery" | "assumptions">;

export interface SampleOptions {
  /** Windows of so many seconds are one: long enough that a clock's jitter does not count. */
  rowSeconds?: number;
  /** Drawn as a whole, because what happens in one hour goes on in the next. */
  blockSeconds?: number;
  resamples?: number;
}

/** Several windows in a row, added up. */
export interface Span {
  block: number;
  /** Hour of the day, UTC. */
  hour: number;
  windows: readonly Window[];
}

export class Sample {
  readonly all: Weights;
  readonly drawn: readonly Weights[];
  /** What the model reckons with if nothing is measured, and what it reckons with now: what is not learned stays like that. */
  readonly defaults: Workload;
  readonly kept: Workload;
  private readonly conditions: Conditions;
  private readonly rowWindows: number;
  private readonly blockWindows: number;

  constructor(
    readonly week: Week,
    readonly settings: StackSettings,
    { rowSeconds = 1800, blockSeconds = 3 * 3600, resamples = 200 }: SampleOptions = {},
  ) {
    this.rowWindows = Math.max(Math.round(rowSeconds / week.step), 1);
    // At least eight, or nothing could be said about the spread.
    const most = Math.max(Math.floor(week.windows.length / 8 / this.rowWindows), 1);
    const wanted = Math.round(blockSeconds / week.step / this.rowWindows);
    this.blockWindows = this.rowWindows * Math.min(Math.max(wanted, 1), most);
    const blocks = Math.ceil(week.windows.length / this.blockWindows);
    this.all = new Array<number>(blocks).fill(1);
    this.drawn = resamplesOf(blocks, resamples);
    this.conditions = situationOf(settings).conditions;
    const { activeUsers, nightPercent } = settings.workload;
    this.defaults = workloadOf({ activeUsers, nightPercent, queues: {} });
    this.kept = workloadOf(settings.workload);
  }

  blockOf(window: number): number {
    return Math.floor(window / this.blockWindows);
  }

  /** Windows in groups that lie in one block. @param seconds rows of the usual length if absent */
  spans(seconds?: number): Span[] {
    const { windows, step } = this.week;
    const size = seconds === undefined ? this.rowWindows : Math.max(Math.round(seconds / step), 1);
    const found = new Map<string, Span & { windows: Window[] }>();
    windows.forEach((window, w) => {
      const block = this.blockOf(w);
      const key = `${block} ${Math.floor((w % this.blockWindows) / size)}`;
      const span = found.get(key) ?? { block, hour: Math.floor(window.begin / 3600) % 24, windows: [] };
      span.windows.push(window);
      found.set(key, span);
    });
    return [...found.values()].filter((span) => span.windows.length === size);
  }

  /** Dedicated vCPUs of the model in a second of a pool's CPU; undefined for a pool that the stack no longer has. */
  speed(pool: string): number | undefined {
    const slug =
      pool === "main"
        ? this.settings.main.size
        : this.settings.workers.find(({ name }) => name === pool)?.size;
    const size = slug === undefined ? undefined : dropletSize(slug);
    // Time that the host gave to others is not in a process' CPU, but it is in the model's shared vCPU.
    const stolen = Math.min(this.week.steal.get(pool) ?? 0, 0.9);
    return size && coreSpeed(size, this.conditions) / (1 - stolen);
  }

  machines(pool: string): number {
    return pool === "main" ? 1 : Math.max(this.week.machines.get(pool) ?? 1, 1);
  }

  /** CPU of some of main's services, in the model's vCPUs. */
  cpuOnMain(rows: readonly Row[], services: readonly string[]): number {
    const speed = this.speed("main") ?? 1;
    return rows.reduce(
      (sum, { pool, service, cpu }) =>
        pool === "main" && services.includes(service) ? sum + cpu * speed : sum,
      0,
    );
  }
}

export const rowsOf = ({ windows }: Span): Row[] => windows.flatMap(({ rows }) => rows);

/** Jobs by queue. */
export const sumsOf = (rows: readonly Pick<Row, "jobs">[]): number[] =>
  QUEUE_NAMES.map((_, q) => rows.reduce((sum, { jobs }) => sum + (jobs[q] ?? 0), 0));

/** Jobs vary as counts do: rows with many of them are as certain, relatively, as their root. */
export const weightOf = (jobs: readonly number[]) => 1 / (1 + jobs.reduce((sum, one) => sum + one, 0));

/** undefined if one of them is not known. */
export function total(span: Span, of: (window: Window) => number | undefined): number | undefined {
  const values = span.windows.map(of);
  return values.every((one) => one !== undefined) ? values.reduce((sum, one) => sum + one, 0) : undefined;
}
