/** What the capacity model expects of the fleet, as the page on main draws it next to what is measured. fleet/prediction.ts computes it. */
import type { QueueName } from "../../catalogue/queues";

export interface QueuePrediction {
  /** Jobs/s at the busy hour. */
  jobsPerSecond: number;
  /** Jobs/s that the fleet can do. */
  canDo: number;
  /** CPU seconds of a job. */
  jobSeconds: number;
  /** The first of the queues that share processes with this one, directly or by way of others. They are worked off together. */
  group: QueueName;
  /** Seconds from a job's arrival to its end at the busy hour; null if the queue grows without end. */
  latencySeconds: number | null;
  /** Seconds after the planned outage until nothing waits; null if that never happens. */
  emptySeconds: number | null;
  /** The backlog from the end of the planned outage on: seconds since then, and jobs that wait. It begins with the most. */
  course: [seconds: number, jobs: number][];
}

/** All at the busy hour. */
export interface Prediction {
  outageHours: number;
  queues: Record<QueueName, QueuePrediction>;
  requestsPerSecond: number;
  /** Clients of streaming. */
  sockets: number;
  /** Share of the CPU that is busy, by pool; `main` is one. */
  cpu: Record<string, number>;
}
