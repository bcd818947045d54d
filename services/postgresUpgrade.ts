/** A living main takes a newer major version of Postgres. */
import { command, step, unit } from "./hostFile";
import type { MainInputs } from "./inputs";
import { PGBOUNCER_PORT } from "./pgbouncer";
import { CACHE_REDIS_PORT } from "./redis";
import { service } from "./service";

export const postgresUpgrade = service({
  name: "Postgres' upgrades",
  hostEnv: ({ settings: { upgrade } }: MainInputs) => ({
    POSTGRES_COPY: upgrade.postgresCopy,
    POSTGRES_KEEP_DAYS: upgrade.postgresKeepDays,
  }),
  files: () => [
    step("postgres/85-postgres-upgrade"),
    command("postgres/postgres-upgrade", { PGBOUNCER: PGBOUNCER_PORT, CACHE_REDIS: CACHE_REDIS_PORT }),
    unit("postgres/postgres-upgrade.service"),
  ],
});
