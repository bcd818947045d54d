import type { Run } from "../../doubles/engine/engineStack";
import type { Rehearsal } from "../rehearsal";
import type { Report } from "../report";

export interface StepInputs {
  rehearsal: Rehearsal;
  report: Report;
  /** Of what may happen in `survives`, only that whose promise matches. */
  event?: RegExp | undefined;
}

/** False: what follows makes no sense. */
export type Step = (inputs: StepInputs) => Promise<boolean>;

/** @throws Error with what the engine says is wrong, where it failed */
export function succeeded(run: Run): Run {
  const errors = run.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
  if (!run.ok) throw new Error(errors.join("\n") || run.output.slice(-3000));
  return run;
}
