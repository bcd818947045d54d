/** docs/sizes.md: what the formulas give for every droplet size with the default settings. */

import { CATALOGUE_CHECKED, type DropletSize, dropletSize, dropletSlugs } from "../catalogue/droplets";
import { sidekiqThreads } from "../catalogue/queues";
import { socketsOf } from "../fleet/model/web";
import { situationOf } from "../fleet/situation";
import { totalMiB } from "../fleet/sizing/memory";
import { type MainSizing, sizeMain, sizeWorker, type WorkerSizing } from "../fleet/sizing/sizing";
import { redisNeedOf } from "../fleet/sizing/state";
import { markdownTable } from "../report/markdownTable";
import type { SizedProcess } from "../services/sizes";
import { settingsSchema } from "../settings/schema";

const { shape } = settingsSchema;
const defaults = {
  main: shape.main.parse(undefined),
  workers: shape.workers.parse(undefined),
  activeUsers: shape.workload.parse(undefined).activeUsers,
};
const situation = situationOf({
  workload: shape.workload.parse(undefined),
  recovery: shape.recovery.parse(undefined),
  assumptions: shape.assumptions.parse(undefined),
});
const redisNeed = redisNeedOf(situation.workload, situation.outage);
const sockets = socketsOf(situation.workload.activeUsers);

export interface SizedDroplet {
  size: DropletSize;
  main: MainSizing;
  /** Of the default pool. */
  worker: WorkerSizing;
}

/** Every size of the catalogue, by memory, then by cores, then by price. */
export function sizedDroplets(): SizedDroplet[] {
  const [pool] = defaults.workers;
  if (!pool) throw new Error("settings/schema/ has no default pool of workers");
  const workerThreads = sidekiqThreads(pool.sidekiq) * pool.count;
  return dropletSlugs()
    .flatMap((slug) => dropletSize(slug) ?? [])
    .sort((a, b) => a.memoryMiB - b.memoryMiB || a.vcpus - b.vcpus || a.priceMonthly - b.priceMonthly)
    .map((size) => ({
      size,
      main: sizeMain({
        ...size,
        sidekiq: defaults.main.sidekiq,
        volumeGiB: defaults.main.volumeGiB,
        workerThreads,
        redisNeed,
        sockets,
      }),
      worker: sizeWorker({ ...size, sidekiq: pool.sidekiq, key: "workers[0]" }),
    }));
}

type Column<T> = [title: string, value: (row: T) => string | number];

const table = <T>(columns: Column<T>[], rows: readonly T[]): string =>
  markdownTable(
    columns.map(([title]) => title),
    rows.map((row) => columns.map(([, value]) => value(row))),
  ).join("\n");

const used = (lines: MainSizing["memory"], { memoryMiB }: DropletSize) =>
  `${totalMiB(lines)} (${Math.round((totalMiB(lines) / memoryMiB) * 100)} %)`;

const SIZE: Column<SizedDroplet>[] = [
  ["RAM", ({ size }) => size.memoryMiB],
  ["vCPUs", ({ size }) => size.vcpus],
];

const POSTGRES: Column<SizedDroplet>[] = [
  ...SIZE,
  ["shared_buffers", ({ main }) => main.postgres.sharedBuffersMiB],
  ["effective_cache_size", ({ main }) => main.postgres.effectiveCacheSizeMiB],
  ["work_mem", ({ main }) => main.postgres.workMemMiB],
  ["maintenance_work_mem", ({ main }) => main.postgres.maintenanceWorkMemMiB],
  ["max_wal_size", ({ main }) => main.postgres.maxWalSizeMiB],
  [
    "max_connections (used)",
    ({ main }) => `${main.postgres.maxConnections} (${main.connections.serverTotal})`,
  ],
  ["pool + reserve", ({ main }) => `${main.pgbouncer.defaultPoolSize} + ${main.pgbouncer.reservePoolSize}`],
  [
    "clients (used)",
    ({ main }) => `${main.pgbouncer.maxClientConnections} (${main.connections.clientTotal})`,
  ],
];

const PROCESSES: Column<SizedDroplet>[] = [
  ...SIZE,
  ["Redis maxmemory", ({ main }) => main.redis.maxMemoryMiB],
  ["cache maxmemory", ({ main }) => main.cacheRedis.maxMemoryMiB],
  ["web processes × threads", ({ main: { web } }) => `${web.processes} × ${web.threads}`],
  ["web limit", ({ main }) => main.web.memoryMiB],
  ["streaming limit", ({ main }) => main.streaming.memoryMiB],
  ["swap", ({ main }) => main.swapMiB],
  ["needed, of RAM", ({ main, size }) => used(main.memory, size)],
];

const WORKER: Column<SizedDroplet>[] = [
  ...SIZE,
  ["swap", ({ worker }) => worker.swapMiB],
  ["needed, of RAM", ({ worker, size }) => used(worker.memory, size)],
];

const refusals = (role: Role): Column<SizedDroplet>[] => [
  ["size", ({ size }) => `\`${size.slug}\``],
  ["its size", (row) => row[role].problems.map(({ message }) => message).join("; ")],
];

type Role = "main" | "worker";

const refused = (rows: readonly SizedDroplet[], role: Role) =>
  rows.filter((row) => row[role].problems.length > 0);

/** One row for each combination of RAM and cores, which are the formulas' only inputs, with every size that has it. */
function fitting(rows: readonly SizedDroplet[], role: Role, columns: Column<SizedDroplet>[]): string {
  const alike = new Map<string, SizedDroplet[]>();
  for (const row of rows.filter((row) => row[role].problems.length === 0)) {
    const key = `${row.size.memoryMiB} ${row.size.vcpus}`;
    alike.set(key, [...(alike.get(key) ?? []), row]);
  }
  const slugs = (group: readonly SizedDroplet[]) => group.map(({ size }) => `\`${size.slug}\``).join(" ");
  return table<readonly SizedDroplet[]>(
    [
      ...columns.map(
        ([title, value]): Column<readonly SizedDroplet[]> => [
          title,
          ([first]) => (first ? value(first) : ""),
        ],
      ),
      ["sizes", slugs],
    ],
    [...alike.values()],
  );
}

/** A process of the default fleet in words: `2 × default -c 5`. */
const processes = (sidekiq: readonly SizedProcess[]) =>
  sidekiq
    .map(({ queues, threads, replicas, limitMiB }) => {
      const names = (Array.isArray(queues) ? queues : Object.keys(queues)).join(", ");
      return `${replicas} × ${threads} threads for ${names} (${limitMiB} MiB each)`;
    })
    .join("; ");

export function sizesPage(): string {
  const rows = sizedDroplets();
  const [first] = rows;
  const [pool] = defaults.workers;
  if (!first || !pool) throw new Error("no droplet size, or no default pool");
  return `# Sizes

\`npm run settings\` generates this page from [fleet/](../fleet) and the defaults of [settings/schema/](../settings/schema/). It shows the
values for each droplet size of the catalogue (checked ${CATALOGUE_CHECKED}), in MiB if no unit is given. The formulas and their
sources are in \`fleet/sizing/\`; what each service takes is in its file under \`services/\`. You can override each value with \`main.postgres\`,
\`main.pgbouncer\`, \`main.redis\`, \`main.web\` and so on. \`npm run plan\` shows the values of a stack.

Default Sidekiq: on main ${processes(first.main.sidekiq)};
on each of ${pool.count} worker${pool.count === 1 ? "" : "s"} ${processes(first.worker.sidekiq)}.

## main: Postgres and pgbouncer

${fitting(rows, "main", POSTGRES)}

## main: Redis, web, streaming

"Needed" is the peak memory of everything on the machine, including the system's ${first.main.memory[0]?.mib} MiB. A container's limit is
larger if ffmpeg may run in it ([capacity.md](capacity.md#memory)). Redis' maxmemory is for ${defaults.activeUsers} active users.

${fitting(rows, "main", PROCESSES)}

## main: too small

${table(refusals("main"), refused(rows, "main"))}

## Workers

${fitting(rows, "worker", WORKER)}

## Workers: too small

${table(refusals("worker"), refused(rows, "worker"))}
`;
}
