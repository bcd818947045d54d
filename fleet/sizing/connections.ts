import { DIRECT_CONNECTIONS, type PgbouncerSizing, type PostgresSizing } from "./postgres";

export interface ConnectionLine {
  item: string;
  connections: number;
}

export interface ConnectionBudget {
  /** Mastodon's connections to pgbouncer. */
  client: ConnectionLine[];
  clientTotal: number;
  clientLimit: number;
  /** Connections to Postgres. */
  server: ConnectionLine[];
  serverTotal: number;
  serverLimit: number;
}

/** The streaming server's pool when DB_POOL is unset (docs.joinmastodon.org/admin/scaling). */
const STREAMING_CONNECTIONS = 10;
/** tootctl, a Rails console, pgbouncer's exporter. Our allowance. */
const PEOPLE_CONNECTIONS = 10;

/** What connects to pgbouncer: a connection for every thread of web and Sidekiq, wherever it runs. */
export function clientConnections(fleet: {
  webProcesses: number;
  webThreads: number;
  mainThreads: number;
  workerThreads: number;
}): ConnectionLine[] {
  return [
    { item: "web", connections: fleet.webProcesses * fleet.webThreads },
    { item: "streaming", connections: STREAMING_CONNECTIONS },
    { item: "Sidekiq on main", connections: fleet.mainThreads },
    { item: "Sidekiq on workers", connections: fleet.workerThreads },
    // New workers are up before the old ones drain.
    { item: "workers that are being replaced", connections: fleet.workerThreads },
    { item: "tootctl, console, exporter", connections: PEOPLE_CONNECTIONS },
  ].filter(({ connections }) => connections > 0);
}

/** What Postgres would have to accept if every client connected straight to it. */
export function directConnections(client: readonly ConnectionLine[]): number {
  return total(client) + total(DIRECT_CONNECTIONS);
}

/** Rounded up to fifties; never below pgbouncer's default of 100. A connection costs 2 kB. */
export function maxClientConnections(client: readonly ConnectionLine[]): number {
  return Math.max(Math.ceil(total(client) / 50) * 50, 100);
}

export function connectionBudget(
  client: ConnectionLine[],
  pgbouncer: PgbouncerSizing,
  postgres: PostgresSizing,
): ConnectionBudget {
  const server = [
    { item: "pgbouncer's pool", connections: pgbouncer.defaultPoolSize },
    { item: "pgbouncer's reserve", connections: pgbouncer.reservePoolSize },
    ...DIRECT_CONNECTIONS,
  ];
  return {
    client,
    clientTotal: total(client),
    clientLimit: pgbouncer.maxClientConnections,
    server,
    serverTotal: total(server),
    serverLimit: postgres.maxConnections,
  };
}

function total(lines: readonly ConnectionLine[]): number {
  return lines.reduce((sum, { connections }) => sum + connections, 0);
}
