/** People who read, post and listen on a main, and jobs in its queues, while something happens. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Machine } from "../../../lab/machine";
import { redis, sql } from "../boot/ask";
import { someonesToken } from "../person";

const PROGRAM = readFileSync(join(__dirname, "load.py"), "utf8");
/** Numbers of jobs that each run may use. */
const JOBS = 1_000_000;

export interface Load {
  /** By status, or by the error. */
  answers: Record<string, number>;
  /** In seconds. */
  slowest: number;
  /** How often somebody began to listen. */
  streams: number;
  failures: string[];
  jobs: number;
  /** The number of the first job. */
  first: number;
}

export class Traffic {
  private next = 0;

  private constructor(
    private readonly main: Machine,
    private readonly token: string,
  ) {}

  static async on(main: Machine): Promise<Traffic> {
    const token = await someonesToken(main);
    main.write("/root/load.py", PROGRAM);
    return new Traffic(main, token);
  }

  async during<T>(happen: () => Promise<T>): Promise<Load & { happened: T }> {
    const first = this.next;
    this.next += JOBS;
    await this.main.run("rm -f /run/load.stop");
    const load = this.main.run(`python3 /root/load.py ${this.token} ${first}`, { timeout: 580 });
    await sleep(2000);
    try {
      const happened = await happen();
      await sleep(2000);
      await this.main.run("touch /run/load.stop");
      return { ...(JSON.parse(await load) as Omit<Load, "first">), happened, first };
    } finally {
      await this.main.run("touch /run/load.stop");
      await load.catch(() => undefined);
    }
  }

  /** No request failed, and each job was done at its first try. */
  async nothingLost({ answers, failures, jobs, first }: Load): Promise<void> {
    expect(failures).toEqual([]);
    expect(Object.keys(answers)).toEqual(["200"]);
    expect(jobs).toBeGreaterThan(30);
    const count = (which: string) =>
      sql(
        this.main,
        `SELECT count(*) FROM measured WHERE job >= ${first} AND job < ${first + JOBS} AND ${which}`,
      );
    await this.main.waitFor(
      `all of ${jobs} jobs`,
      90,
      async () => (await count("executions > 0")) === `${jobs}`,
    );
    expect(await count("attempts > 1")).toBe("0");
    expect(await redis(this.main, "ZCARD retry")).toBe("0");
  }
}
