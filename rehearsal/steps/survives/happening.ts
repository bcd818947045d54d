/** An event on a living instance. */
import type { Machine } from "../../../lab/machine";
import type { Incident } from "../../load/underLoad";
import type { WorkerMachine } from "../../machines";
import type { World } from "../../world";

/** Who takes part in it. */
export interface Cast {
  world: World;
  main: Machine;
  worker: WorkerMachine;
  incident: Incident;
}

export interface Happening {
  promise: string;
  happen(cast: Cast): Promise<unknown>;
  /** Whether no job may be lost, for any reason. */
  lossless?: boolean;
  /** Whether every request must be answered, even if late, because somebody restarts something on purpose. */
  served?: boolean;
  /** Seconds until streaming has to accept a client again; ten if absent. */
  streaming?: number;
}
