/** What a job waits for others: what is left of its time once its CPU, its round trips and the path are taken off. */
import { QUEUE_NAMES } from "../../catalogue/queues";
import type { Weights } from "./regression";
import type { Sample } from "./sample";
import type { Row } from "./windows";

/** A process that uses less of a core is calm: its jobs hardly wait for Ruby's lock, or for each other. */
const CALM = 0.5;

/** Sums of a block. */
interface Calm {
  seconds: number[];
  /** By pool. */
  jobs: Map<string, number[]>;
}

/** Milliseconds of one job apart from its waiting: in Ruby, as the model has it, in the databases, and for the path if it has one. */
export interface Known {
  cpuMs: number;
  answersMs: number;
  pathMs: number;
}

export class WaitModel {
  private readonly blocks: Calm[] = [];
  /** Jobs by queue that were done while their processes were calm. */
  readonly jobs = QUEUE_NAMES.map(() => 0);
  private readonly seconds = QUEUE_NAMES.map(() => 0);

  constructor(private readonly sample: Sample) {
    const { week } = sample;
    week.windows.forEach(({ rows }, w) => {
      for (const row of rows)
        if (row.service.startsWith("sidekiq-") && row.cpu < CALM * week.step * sample.machines(row.pool))
          this.add(sample.blockOf(w), row);
    });
  }

  private add(block: number, { pool, jobs, seconds }: Row): void {
    if (this.sample.speed(pool) === undefined) return;
    this.blocks[block] ??= { seconds: QUEUE_NAMES.map(() => 0), jobs: new Map() };
    const calm = this.blocks[block];
    const of = calm.jobs.get(pool) ?? QUEUE_NAMES.map(() => 0);
    calm.jobs.set(pool, of);
    const add = (to: number[], q: number, value: number) => {
      to[q] = (to[q] ?? 0) + value;
    };
    jobs.forEach((one, q) => {
      add(of, q, one);
      add(this.jobs, q, one);
      add(calm.seconds, q, seconds[q] ?? 0);
      add(this.seconds, q, seconds[q] ?? 0);
    });
  }

  /** Of each queue; NaN without a job. */
  at(weights: Weights, known: (q: number) => Known): number[] {
    return QUEUE_NAMES.map((_, q) => {
      let [waited, jobs] = [0, 0];
      const { cpuMs, answersMs, pathMs } = known(q);
      this.blocks.forEach((calm, block) => {
        const weight = weights[block] ?? 0;
        waited += weight * 1000 * (calm.seconds[q] ?? 0);
        for (const [pool, counts] of calm.jobs) {
          const count = weight * (counts[q] ?? 0);
          jobs += count;
          const ruby = cpuMs / (this.sample.speed(pool) ?? 1);
          waited -= count * (ruby + answersMs + (pool === "main" ? 0 : pathMs));
        }
      });
      return jobs === 0 ? Number.NaN : Math.max(waited / jobs, 0);
    });
  }

  /** Milliseconds that a job of the queue keeps a thread busy. */
  busyMs = (q: number): number => ((this.seconds[q] ?? 0) * 1000) / (this.jobs[q] ?? 0);
}
