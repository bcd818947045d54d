/** Sizes of what runs on a machine. fleet/sizing computes them from the machine's RAM and cores. */
import type { SidekiqProcess } from "../catalogue/queues";

export interface PostgresSizing {
  sharedBuffersMiB: number;
  effectiveCacheSizeMiB: number;
  maintenanceWorkMemMiB: number;
  autovacuumWorkMemMiB: number;
  workMemMiB: number;
  maxConnections: number;
  maxWalSizeMiB: number;
  /** WAL that waits for the backup bucket at the most; when there is more, pgBackRest gives it up, so that the volume never fills. */
  archiveLimitMiB: number;
  maxWorkerProcesses: number;
  maxParallelWorkers: number;
  maxParallelWorkersPerGather: number;
  maxParallelMaintenanceWorkers: number;
}

export interface PgbouncerSizing {
  defaultPoolSize: number;
  reservePoolSize: number;
  maxClientConnections: number;
}

/** A Sidekiq process with the memory limit of one replica's container. */
export interface SizedProcess extends SidekiqProcess {
  limitMiB: number;
}

export interface WorkerSizes {
  sidekiq: readonly SizedProcess[];
  swapMiB: number;
}

export interface MainSizes extends WorkerSizes {
  postgres: PostgresSizing;
  pgbouncer: PgbouncerSizing;
  redis: { maxMemoryMiB: number };
  cacheRedis: { maxMemoryMiB: number };
  /** `memoryMiB` is the container's limit, here and below; `needMiB` is what it is expected to take. */
  web: {
    processes: number;
    threads: number;
    memoryMiB: number;
    /** Whether there is memory for a second one while the first is recreated; otherwise requests wait. */
    second: boolean;
  };
  streaming: { processes: 1; memoryMiB: number; needMiB: number };
  /** Whether main measures itself and its workers, and raises alarms. */
  watch: boolean;
  /** Whether there is a worker, which can look at main's ports from outside. */
  lookedAt: boolean;
  /** tootctl and consoles. */
  tools: { memoryMiB: number };
}
