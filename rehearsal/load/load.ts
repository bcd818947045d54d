/** Load: measured jobs that somebody on the internet asks for, over HTTPS, at a fixed pace. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Needs } from "../world";
import type { Tick } from "./accounting";

/** What one job costs. */
export interface Work {
  /** Milliseconds of CPU. */
  cpu: number;
  /** Round trips to Postgres, beside the two that write. */
  trips: number;
  /** To Redis, beside the one that takes it and the one that writes; none where absent. */
  redis?: number;
  /** Milliseconds of waiting. */
  wait: number;
  /** It fails, each time. */
  fails?: boolean;
}

export interface LoadArgs {
  jobsPerSecond: number;
  queue: string;
  work: Work;
  /** Sidekiq's, 25 where absent. */
  retry?: number;
  /** Seconds that the one who asks waits for an answer, 5 where absent. */
  patience?: number;
}

/** A request for jobs, so many seconds after the load's start. */
export interface Planned {
  seconds: number;
  queue: string;
  count: number;
  work: Work;
}

/** Requests a second: so much finer than a second is what a figure of seconds without service can be. */
const REQUESTS_PER_SECOND = 5;

/** Far more than a load ever asks for: no number is used twice. */
const NUMBERS = 1_000_000;
let nextNumber = 1;

export class Load {
  readonly ticks: (Tick & { first: number; count: number; problem: string | null })[] = [];
  private readonly process: ChildProcess;
  private readonly ended: Promise<unknown>;

  private constructor({ outside, stack: { site, names } }: Needs<"outside" | "stack">, wanted: object) {
    nextNumber += NUMBERS;
    const [file = "", ...rest] = outside.command(["python3", join(__dirname, "generator.py")]);
    this.process = spawn(file, rest, { stdio: ["pipe", "pipe", "inherit"] });
    this.ended = new Promise((resolve) => this.process.once("close", resolve));
    const order = { address: site.ipv4, name: names.web, ...wanted };
    this.process.stdin?.write(`${JSON.stringify(order)}\n`);
    if (this.process.stdout)
      createInterface(this.process.stdout).on("line", (line) => this.ticks.push(JSON.parse(line)));
  }

  /** At a fixed pace, until it is stopped. */
  static start(
    world: Needs<"outside" | "stack">,
    { jobsPerSecond, queue, work, retry = 25, patience }: LoadArgs,
  ): Load {
    const count = Math.max(1, Math.round(jobsPerSecond / REQUESTS_PER_SECOND));
    const rest = { queue, work, retry };
    return new Load(world, { pause: count / jobsPerSecond, first: nextNumber, count, rest, patience });
  }

  /** As planned, unless it is stopped before. Beside it the queue of each job. */
  static planned(
    world: Needs<"outside" | "stack">,
    plan: readonly Planned[],
  ): { load: Load; queues: Map<number, string> } {
    const queues = new Map<number, string>();
    let number = nextNumber;
    const requests = plan.map(({ seconds, queue, count, work }) => {
      const first = number;
      for (; number < first + count; number++) queues.set(number, queue);
      return [seconds, { first, count, queue, work, retry: 25 }];
    });
    return { load: new Load(world, { plan: requests }), queues };
  }

  /** No further requests; ends with the answer to the last one. */
  async stop(): Promise<void> {
    this.process.stdin?.end();
    await this.ended;
  }

  /** Number of each job whose producer was told that it is in Redis, and when. */
  acknowledged(): Map<number, number> {
    const jobs = new Map<number, number>();
    for (const { first, count, answered, ok } of this.ticks)
      if (ok) for (let i = 0; i < count; i++) jobs.set(first + i, answered);
    return jobs;
  }
}
