/** What a rehearsal checks, with a verdict and a time for each check, during the run and at the end. */
import { markdownTable } from "../report/markdownTable";

export interface Check {
  step: string;
  promise: string;
  /** What went wrong; undefined if nothing did. */
  failure: string | undefined;
  seconds: number;
  /** A figure that the check measured. */
  figure: string | undefined;
}

export class Report {
  readonly checks: Check[] = [];
  private step = "";

  begin(step: string): void {
    this.step = step;
    process.stdout.write(`\n${step}\n`);
  }

  /** Runs a check; a string that it returns is a figure worth showing. A failed check does not end the others. */
  async check(promise: string, run: () => Promise<unknown>): Promise<boolean> {
    const start = Date.now();
    let failure: string | undefined;
    let figure: string | undefined;
    try {
      const result = await run();
      if (typeof result === "string") figure = result;
    } catch (error) {
      failure = (error as Error).message;
    }
    const seconds = (Date.now() - start) / 1000;
    this.checks.push({ step: this.step, promise, failure, seconds, figure });
    process.stdout.write(
      `  ${failure === undefined ? "✓" : "✗"} ${promise} (${figure ? `${figure}, ` : ""}${seconds.toFixed(1)} s)\n`,
    );
    if (failure !== undefined) process.stdout.write(`${failure.replaceAll(/^/gm, "      ")}\n`);
    return failure === undefined;
  }

  get failed(): number {
    return this.checks.filter(({ failure }) => failure !== undefined).length;
  }

  /** Minutes of each step, and of all. */
  private minutes(): string {
    const steps = new Map<string, number>();
    for (const { step, seconds } of this.checks) steps.set(step, (steps.get(step) ?? 0) + seconds);
    const minutes = (seconds: number) => (seconds / 60).toFixed(1);
    const all = [...steps.values()].reduce((sum, seconds) => sum + seconds, 0);
    return [
      ...[...steps].map(([step, seconds]) => `${step} ${minutes(seconds)}`),
      `all ${minutes(all)}`,
    ].join(", ");
  }

  markdown(title: string): string {
    const rows = this.checks.map(({ step, promise, failure, seconds, figure }) =>
      [step, promise, failure === undefined ? "✓" : `✗ ${failure}`, figure ?? "", seconds.toFixed(1)].map(
        (text) => text.replaceAll("\n", "<br>"),
      ),
    );
    return [
      `# ${title}`,
      "",
      `${this.closing()}. Minutes: ${this.minutes()}.`,
      "",
      ...markdownTable(["step", "promise", "verdict", "figure", "s"], rows),
      "",
    ].join("\n");
  }

  /** In a form for CI. */
  closing(): string {
    return `${this.checks.length - this.failed} passed, ${this.failed} failed`;
  }
}
