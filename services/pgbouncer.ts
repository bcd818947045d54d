import { comeBackUnnoticed, dropIn, hostFile, step } from "./hostFile";
import type { MainInputs } from "./inputs";
import { DATABASE_USER, POSTGRES_UNITS } from "./postgres";
import { service } from "./service";
import type { MainSizes, PgbouncerSizing } from "./sizes";

export const PGBOUNCER_PORT = 6432;

export const pgbouncerIni = (sizing: PgbouncerSizing): string =>
  hostFile("pgbouncer/pgbouncer.ini", {
    PORT: PGBOUNCER_PORT,
    POOL: sizing.defaultPoolSize,
    RESERVE: sizing.reservePoolSize,
    CLIENTS: sizing.maxClientConnections,
  });

/**
 * pgbouncer's auth_file. It has the password itself, not its SCRAM verifier: pgbouncer also logs in to Postgres by SCRAM, and a verifier
 * made elsewhere is of no use for that.
 */
export const pgbouncerUserlist = (password: string): string =>
  `"${DATABASE_USER}" "${password.replaceAll('"', '""')}"\n`;

export const pgbouncer = service({
  name: "pgbouncer",
  packages: ["pgbouncer"],
  ports: [{ port: PGBOUNCER_PORT, from: "workers" }],
  // 2 kB per connection (pgbouncer.org/features). Our allowance.
  memory: () => [{ item: "pgbouncer", mib: 16 }],
  ready: [{ missing: "! pooled", what: `pgbouncer on ${PGBOUNCER_PORT}` }],
  shown: ({ pgbouncer: { defaultPoolSize, maxClientConnections } }: MainSizes) =>
    `pgbouncer (pool of ${defaultPoolSize} for ${maxClientConnections} clients)`,
  files: ({ sizing, secrets }: MainInputs) => [
    step("pgbouncer/65-pgbouncer"),
    { path: "/etc/pgbouncer/pgbouncer.ini", content: pgbouncerIni(sizing.pgbouncer) },
    {
      path: "/etc/pgbouncer/userlist.txt",
      content: pgbouncerUserlist(secrets.postgresPassword),
      mode: "0640",
      owner: "root:postgres",
    },
    dropIn("pgbouncer", "pgbouncer/pgbouncer.conf", { POSTGRES: POSTGRES_UNITS }),
    ...comeBackUnnoticed("pgbouncer"),
  ],
});
