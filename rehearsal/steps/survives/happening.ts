/** Something that happens to a living instance. */
import type { Machine } from "../../../lab/machine";
import type { Incident } from "../../load/underLoad";
import type { WorkerMachine } from "../../machines";
import type { World } from "../../world";

/** Who is there when it happens. */
export interface Cast {
  world: World;
  main: Machine;
  worker: WorkerMachine;
  incident: Incident;
}

export interface Happening {
  promise: string;
  happen(cast: Cast): Promise<unknown>;
  /** Whether no job may be lost, for whatever reason. */
  lossless?: boolean;
  /** Whether each request has to be answered, if late: somebody restarts something on purpose. */
  served?: boolean;
  /** Seconds until streaming has to let somebody in again; ten where absent. */
  streaming?: number;
}
