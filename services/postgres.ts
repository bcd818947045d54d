import { ARCHIVE_SECONDS } from "../catalogue/backups";
import { DEBIANS_POSTGRES, POSTGRES_VERSIONS } from "../catalogue/postgres";
import { comeBackUnnoticed, file, hostFile, internal, LIBRARY, secretFile, step } from "./hostFile";
import type { MainInputs } from "./inputs";
import { service } from "./service";
import type { MainSizes, PostgresSizing } from "./sizes";

/** Units depend on whichever version serves; those that a machine does not have are ignored. */
export const POSTGRES_UNITS = POSTGRES_VERSIONS.map((version) => `postgresql@${version}-main.service`).join(
  " ",
);

/** The name of the database and of its owner. */
export const DATABASE_NAME = "mastodon";
export const DATABASE_USER = "mastodon";

/** A new session takes up to 10 MB (PGConf.DE 2025, "PostgreSQL Connections Memory Usage"). */
const SESSION_MIB = 10;

/** The content of conf.d: the settings that are the same everywhere, then those that follow from the droplet's size. */
function postgresConf(sizing: PostgresSizing): string {
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
  return hostFile("postgres/postgres.conf", { ARCHIVE_SECONDS }) + lines.join("");
}

export const postgres = service({
  name: "Postgres",
  // Debian's own version. The others come from the Postgres project (clusters.sh).
  packages: [`postgresql-${DEBIANS_POSTGRES}`],
  hostEnv: ({ settings }: MainInputs) => ({ POSTGRES_VERSION: settings.postgresVersion, DEBIANS_POSTGRES }),
  /** At its busiest, without the page cache. */
  memory: ({ postgres, pgbouncer: { defaultPoolSize, reservePoolSize } }: MainSizes) => [
    { item: "Postgres shared buffers", mib: postgres.sharedBuffersMiB },
    {
      item: "Postgres sessions",
      mib: (defaultPoolSize + reservePoolSize) * SESSION_MIB + defaultPoolSize * postgres.workMemMiB,
    },
    // One index build of a migration, and the autovacuum workers, which together take as much.
    { item: "Postgres maintenance", mib: 2 * postgres.maintenanceWorkMemMiB },
  ],
  ready: [{ missing: "! runuser -u postgres -- pg_isready -q", what: "Postgres on 5432" }],
  shown: ({ postgres: { sharedBuffersMiB, maxConnections } }: MainSizes) =>
    `Postgres (${sharedBuffersMiB} MiB shared buffers, ${maxConnections} connections)`,
  files: ({ sizing, secrets }: MainInputs) => [
    step("postgres/55-postgres"),
    file(`${LIBRARY}/clusters.sh`, "postgres/clusters.sh"),
    internal("postgres/postgres-serves"),
    file("/etc/sysctl.d/61-mastodon-main.conf", "postgres/sysctl.conf"),
    file("/etc/postgresql-common/createcluster.conf", "postgres/createcluster.conf"),
    // 55-postgres puts these two on the volume, which is not mounted yet when the bundle is installed on a new machine.
    { path: "/etc/mastodon-host/postgres.conf", content: postgresConf(sizing.postgres) },
    file("/etc/mastodon-host/pg_hba.conf", "postgres/pg_hba.conf"),
    secretFile("postgres-password", secrets.postgresPassword),
    file("/etc/systemd/system/postgresql@.service.d/serves.conf", "postgres/serves.conf"),
    ...comeBackUnnoticed("postgresql@"),
  ],
});
