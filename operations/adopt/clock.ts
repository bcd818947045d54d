/** Steps of a move, one after the other. */
import { UsageError } from "../../tools/commandLine";

/** In seconds: hours are enough for any database that a single main serves. */
export const LONG = 6 * 3600;

const QUIET_MS = 15_000;

/** Says what begins, how long it took, and now and then how far it is. */
export class Clock {
  private start = Date.now();
  steps: Record<string, number> = {};

  constructor(
    private readonly say: (line: string) => void,
    private readonly aborted: () => boolean,
  ) {}

  get total(): number {
    return (Date.now() - this.start) / 1000;
  }

  /** From now on it counts anew. @returns the seconds until now */
  again(): number {
    const { total } = this;
    this.start = Date.now();
    this.steps = {};
    return total;
  }

  async step<T>(
    name: string,
    what: string,
    run: (progress: (bytes: number) => void) => Promise<T>,
  ): Promise<T> {
    if (this.aborted()) throw new UsageError("Stopped by you.");
    const start = Date.now();
    let bytes = 0;
    this.steps[name] = 0;
    this.say(what);
    const timer = setInterval(() => {
      const passed = bytes > 0 ? `, ${(bytes / 2 ** 20).toFixed(0)} MiB so far` : "";
      this.say(`  ${name}: ${Math.round((Date.now() - start) / 1000)} s${passed}`);
    }, QUIET_MS);
    try {
      return await run((passed) => {
        bytes = passed;
      });
    } finally {
      clearInterval(timer);
      this.steps[name] = (Date.now() - start) / 1000;
    }
  }
}
