import type { Run } from "../../doubles/engine/engineStack";
import type { Report } from "../report";
import type { Needs, World } from "../world";

/** What a step is given: those parts of the world, and where to report. */
export type Inputs<Parts extends keyof World> = Needs<Parts> & { report: Report };

export type StepInputs = World & { report: Report; event?: RegExp | undefined };

/** @returns false where what follows makes no sense */
export type Step = (world: StepInputs) => Promise<boolean>;

/** @throws Error with what the engine says is wrong, where it failed */
export function succeeded(run: Run): Run {
  const errors = run.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
  if (!run.ok) throw new Error(errors.join("\n") || run.output.slice(-3000));
  return run;
}
