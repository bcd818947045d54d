import type { ConnectionLine } from "../../services/service";
import type { PgbouncerSizing, PostgresSizing } from "../../services/sizes";
import { SECOND_WEB } from "../../services/web";
import { DIRECT_CONNECTIONS } from "./postgres";

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

/** tootctl, a Rails console, pgbouncer's exporter. Our allowance. */
const PEOPLE_CONNECTIONS = 10;

/** What connects to pgbouncer: main's services, and one connection for every thread of the workers' Sidekiq. */
export const clientConnections = (
  onMain: readonly ConnectionLine[],
  workerThreads: number,
): ConnectionLine[] =>
  [
    ...onMain,
    { item: "Sidekiq on workers", connections: workerThreads },
    // New workers run before the old ones drain.
    { item: "workers that are being replaced", connections: workerThreads },
    { item: "tootctl, console, exporter", connections: PEOPLE_CONNECTIONS },
  ].filter(({ connections }) => connections > 0);

/** What Postgres would have to accept if every client connected to it directly, except during an upgrade. */
export function directConnections(client: readonly ConnectionLine[]): number {
  return total(client.filter(({ item }) => item !== SECOND_WEB)) + total(DIRECT_CONNECTIONS);
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
