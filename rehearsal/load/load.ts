/** Load: measured jobs that a client on the internet asks for, over HTTPS, at a fixed pace. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Needs } from "../world";
import type { Tick } from "./accounting";

/** The cost of one job. */
export interface Work {
  /** Milliseconds of CPU of a whole core. */
  cpu: number;
  /** The part of a core's speed that its process computes with; a whole core's if absent. */
  vcpu?: number;
  /** Round trips to Postgres, in addition to the two that write. */
  trips: number;
  /** Round trips to Redis, in addition to the one that fetches the job and the one that writes; none if absent. */
  redis?: number;
  /** Milliseconds of waiting. */
  wait: number;
  /** Whether it fails, each time. */
  fails?: boolean;
  /** Whether it signs something: it fails in a release whose keys are not where it looks for them. */
  signs?: boolean;
}

export interface LoadArgs {
  jobsPerSecond: number;
  queue: string;
  work: Work;
  /** Sidekiq's retries; 25 if absent. */
  retry?: number;
  /** Seconds that the client waits for an answer; 5 if absent. */
  patience?: number;
}

/** A request for jobs, in seconds after the load's start. */
export interface Planned {
  seconds: number;
  queue: string;
  count: number;
  work: Work;
}

/** Requests per second. They decide how exactly seconds without service can be measured. */
const REQUESTS_PER_SECOND = 5;

/** Far more than a load ever asks for, so that no number is used twice. */
const NUMBERS = 1_000_000;
let nextNumber = 1;

export class Load {
  readonly ticks: (Tick & { first: number; count: number; problem: string | null })[] = [];
  private readonly process: ChildProcess;
  private readonly ended: Promise<unknown>;

  private constructor({ outside, stack: { site, names } }: Needs<"outside" | "stack">, wanted: object) {
    nextNumber += NUMBERS;
    const [file = "", ...rest] = outside.command(["python3", "-B", join(__dirname, "generator.py")]);
    this.process = spawn(file, rest, { stdio: ["pipe", "pipe", "inherit"] });
    this.ended = new Promise((resolve) => this.process.once("close", resolve));
    const order = { address: site.ipv4, name: names.web, ...wanted };
    this.process.stdin?.write(`${JSON.stringify(order)}\n`);
    if (this.process.stdout)
      createInterface(this.process.stdout).on("line", (line) => this.ticks.push(JSON.parse(line)));
  }

  /** Sends requests at a fixed pace until it is stopped. */
  static start(
    world: Needs<"outside" | "stack">,
    { jobsPerSecond, queue, work, retry = 25, patience }: LoadArgs,
  ): Load {
    const count = Math.max(1, Math.round(jobsPerSecond / REQUESTS_PER_SECOND));
    const rest = { queue, work, retry };
    return new Load(world, { pause: count / jobsPerSecond, first: nextNumber, count, rest, patience });
  }

  /** Sends requests as planned, unless it is stopped earlier. Also records each job's queue. */
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

  /** Stops sending; returns when the last request is answered. */
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
