import type { Rehearsal } from "../rehearsal";
import type { Report } from "../report";

export interface StepInputs {
  rehearsal: Rehearsal;
  report: Report;
}

/** False: what follows makes no sense. */
export type Step = (inputs: StepInputs) => Promise<boolean>;
