/** Postgres 17 and pgbouncer on a host that they share with Mastodon, from its RAM and cores. */
import type { PostgresSizing } from "../../services/sizes";

export interface PostgresOverrides {
  sharedBuffersMiB?: number | undefined;
  workMemMiB?: number | undefined;
  maintenanceWorkMemMiB?: number | undefined;
  effectiveCacheSizeMiB?: number | undefined;
  maxConnections?: number | undefined;
}

/** Operators of large instances keep max_connections at or below this, with pgbouncer to share it. */
export const MAX_CONNECTIONS_CEILING = 250;

/** Connections directly to 5432, without pgbouncer. */
export const DIRECT_CONNECTIONS = [
  // db:migrate and db:prepare: the pool of config/database.yml, 5 when DB_POOL and MAX_THREADS are unset.
  { item: "migrations", connections: 5 },
  { item: "backup", connections: 1 },
  { item: "monitoring", connections: 2 },
  { item: "people (psql, tootctl maintenance)", connections: 5 },
  // postgresql.org/docs/17/runtime-config-connection.html, the default.
  { item: "superuser_reserved_connections", connections: 3 },
] as const;

const DIRECT_TOTAL = DIRECT_CONNECTIONS.reduce((sum, { connections }) => sum + connections, 0);

/**
 * Sessions that work at once. wiki.postgresql.org/wiki/Number_Of_Database_Connections puts the best number near 2 × cores. Here it is twice
 * that, because a worker's transaction waits for the network between its queries. Never below 20, the default of pgbouncer and of
 * docs.joinmastodon.org/admin/scaling; 160 keeps maxConnections below its ceiling.
 */
export function defaultPoolSize(vcpus: number): number {
  return Math.min(Math.max(4 * vcpus, 20), 160);
}

/** A quarter on top, for clients that have waited for reserve_pool_timeout (5 s): pgbouncer.org/config. */
export function reservePoolSize(poolSize: number): number {
  return Math.ceil(poolSize / 4);
}

/** What Postgres must accept for a pool: the pool, its reserve and the direct connections. */
export function serverConnections(poolSize: number): number {
  return poolSize + reservePoolSize(poolSize) + DIRECT_TOTAL;
}

/** The largest pool that Postgres can serve with this many connections; at least 1. */
export function largestPool(maxConnections: number): number {
  let pool = 1;
  while (serverConnections(pool + 1) <= maxConnections) pool++;
  return pool;
}

/**
 * WAL that may wait on the data volume while the backup bucket cannot be reached: a tenth of the volume, so that everything else always has
 * the rest, and at least 1 GiB. Chosen. archive_timeout closes a segment of 16 MiB every minute: 1 GiB lasts for an hour of a quiet
 * instance, and the 11 GiB of a volume of 110 for half a day.
 */
export const archiveLimitMiB = (volumeGiB: number): number =>
  Math.max(Math.floor((volumeGiB * 1024) / 10), 1024);

export function sizePostgres(
  host: { memoryMiB: number; vcpus: number; poolSize: number; volumeGiB: number },
  overrides: PostgresOverrides = {},
): PostgresSizing {
  const { memoryMiB, vcpus, poolSize, volumeGiB } = host;
  // postgresql.org/docs/17/runtime-config-resource.html: 25 % of a dedicated server. Here Mastodon's own processes take the first 2 GiB.
  // 128 MiB is the default.
  const sharedBuffersMiB = overrides.sharedBuffersMiB ?? Math.max(Math.floor((memoryMiB - 2048) / 4), 128);
  // 1/32 of the RAM, half of pgtune's 1/16 because the host is shared; between the default of 64 MiB and 1 GiB.
  const maintenanceWorkMemMiB =
    overrides.maintenanceWorkMemMiB ?? Math.min(Math.max(Math.floor(memoryMiB / 32), 64), 1024);
  return {
    sharedBuffersMiB,
    // A hint, not an allocation. wiki.postgresql.org/wiki/Tuning_Your_PostgreSQL_Server: half of the RAM is conservative.
    effectiveCacheSizeMiB:
      overrides.effectiveCacheSizeMiB ?? Math.max(Math.floor(memoryMiB / 2), sharedBuffersMiB),
    maintenanceWorkMemMiB,
    // autovacuum_max_workers is 3 by default: together they take one maintenance_work_mem.
    autovacuumWorkMemMiB: Math.max(Math.floor(maintenanceWorkMemMiB / 3), 1),
    // 1/32 of the RAM, divided by the pool's sessions; between the default of 4 MiB and 64 MiB.
    workMemMiB: overrides.workMemMiB ?? Math.min(Math.max(Math.floor(memoryMiB / 32 / poolSize), 4), 64),
    maxConnections: overrides.maxConnections ?? derivedMaxConnections(poolSize),
    // pgtune's 4 GiB for web applications; the default of 1 GiB on small hosts, because WAL shares the data volume.
    maxWalSizeMiB: Math.min(Math.max(Math.floor(memoryMiB / 4), 1024), 4096),
    archiveLimitMiB: archiveLimitMiB(volumeGiB),
    ...parallelism(vcpus),
  };
}

/** Rounded up to tens; never below Postgres' default of 100, never above the ceiling. */
function derivedMaxConnections(poolSize: number): number {
  const needed = Math.ceil(serverConnections(poolSize) / 10) * 10;
  return Math.min(Math.max(needed, 100), MAX_CONNECTIONS_CEILING);
}

/** Half of the cores for parallel queries: web and Sidekiq use the others. Limits and defaults as in pgtune. */
function parallelism(vcpus: number) {
  const half = Math.max(Math.floor(vcpus / 2), 1);
  return {
    maxWorkerProcesses: Math.max(vcpus, 8),
    maxParallelWorkers: half,
    maxParallelWorkersPerGather: Math.min(half, 2),
    maxParallelMaintenanceWorkers: Math.min(half, 4),
  };
}
