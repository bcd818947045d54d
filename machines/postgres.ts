/** Postgres' and pgbouncer's own files. */
import type { PgbouncerSizing, PostgresSizing } from "../fleet/sizing/postgres";
import { DATABASE_USER } from "./compose";
import { hostFile } from "./template";

/** Debian 13's. Another one needs pg_upgrade first. */
export const POSTGRES_VERSION = 17;

/** What goes to conf.d: the settings that are the same everywhere, then those that follow from the droplet's size. */
export function postgresConf(sizing: PostgresSizing): string {
  const sized = {
    max_connections: sizing.maxConnections,
    shared_buffers: `${sizing.sharedBuffersMiB}MB`,
    effective_cache_size: `${sizing.effectiveCacheSizeMiB}MB`,
    maintenance_work_mem: `${sizing.maintenanceWorkMemMiB}MB`,
    autovacuum_work_mem: `${sizing.autovacuumWorkMemMiB}MB`,
    work_mem: `${sizing.workMemMiB}MB`,
    max_wal_size: `${sizing.maxWalSizeMiB}MB`,
    max_worker_processes: sizing.maxWorkerProcesses,
    max_parallel_workers: sizing.maxParallelWorkers,
    max_parallel_workers_per_gather: sizing.maxParallelWorkersPerGather,
    max_parallel_maintenance_workers: sizing.maxParallelMaintenanceWorkers,
  };
  const lines = Object.entries(sized).map(([name, value]) => `${name} = ${value}\n`);
  return hostFile("main/etc/postgres.conf") + lines.join("");
}

export const pgbouncerIni = (sizing: PgbouncerSizing): string =>
  hostFile("main/etc/pgbouncer.ini", {
    POOL: sizing.defaultPoolSize,
    RESERVE: sizing.reservePoolSize,
    CLIENTS: sizing.maxClientConnections,
  });

/**
 * pgbouncer's auth_file. The password itself and not its SCRAM verifier: pgbouncer logs in to Postgres by SCRAM too, and
 * for that a verifier made elsewhere is no use.
 */
export const pgbouncerUserlist = (password: string): string =>
  `"${DATABASE_USER}" "${password.replaceAll('"', '""')}"\n`;
