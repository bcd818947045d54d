/** What runs on a droplet and how big each part may get, from the droplet's RAM and cores. */

import {
  type ConnectionBudget,
  clientConnections,
  connectionBudget,
  maxClientConnections,
} from "./connections";
import type { Host, MainInput, MainOverrides, WorkerInput } from "./hosts";
import {
  cacheRedisMaxMemoryMiB,
  type MemoryLine,
  NGINX_MIB,
  PGBOUNCER_MIB,
  redisMaxMemoryMiB,
  redisMemory,
  SYSTEM_MIB,
  sidekiqMemory,
  sidekiqMemoryMiB,
  streamingMemoryMiB,
  swapMiB,
  WEB_THREADS,
  webMemoryMiB,
  webProcesses,
} from "./memory";
import {
  defaultPoolSize,
  type PgbouncerSizing,
  type PostgresSizing,
  postgresMemory,
  reservePoolSize,
  sizePostgres,
} from "./postgres";
import type { Problem } from "./problem";
import { type SidekiqProcess, sidekiqThreads } from "./queues";
import { connectionProblems, memoryProblems } from "./sizingProblems";

export interface MainSizing {
  postgres: PostgresSizing;
  pgbouncer: PgbouncerSizing;
  redis: { maxMemoryMiB: number };
  cacheRedis: { maxMemoryMiB: number };
  web: { processes: number; threads: number; memoryMiB: number };
  streaming: { processes: 1; memoryMiB: number };
  /** One for each entry of the input, in its order: the limit of one replica. */
  sidekiq: { memoryMiB: number }[];
  /** 0: no swap. */
  swapMiB: number;
  memory: MemoryLine[];
  connections: ConnectionBudget;
  problems: Problem[];
}

export interface WorkerSizing {
  sidekiq: { memoryMiB: number }[];
  swapMiB: number;
  memory: MemoryLine[];
  problems: Problem[];
}

/** Everything on the main droplet. Does not throw: what does not fit is in `problems`. */
export function sizeMain(input: MainInput): MainSizing {
  const sizing = layOutMain(input);
  return {
    ...sizing,
    problems: [
      ...memoryProblems("main.size", "main.sidekiq", input, sizing.memory, (host) =>
        layOutMain({ ...input, ...host }),
      ),
      ...connectionProblems(sizing.connections, input.overrides ?? {}),
    ],
  };
}

/** A worker droplet: Docker and Sidekiq, nothing else. */
export function sizeWorker(input: WorkerInput): WorkerSizing {
  const memory = workerMemory(input.sidekiq);
  const key = input.key ?? "workers.size";
  return {
    sidekiq: sidekiqLimits(input.sidekiq),
    swapMiB: swapMiB(input.memoryMiB),
    memory,
    problems: memoryProblems(key, key.replace(/size$/, "sidekiq"), input, memory, () => ({ memory })),
  };
}

function layOutMain(input: MainInput): Omit<MainSizing, "problems"> {
  const { memoryMiB, overrides = {} } = input;
  const web = sizeWeb(input, overrides);
  const streaming = {
    processes: 1,
    memoryMiB: overrides.streaming?.memoryMiB ?? streamingMemoryMiB(memoryMiB),
  } as const;
  const redis = { maxMemoryMiB: overrides.redis?.maxMemoryMiB ?? redisMaxMemoryMiB(memoryMiB) };
  const cacheRedis = {
    maxMemoryMiB: overrides.cacheRedis?.maxMemoryMiB ?? cacheRedisMaxMemoryMiB(memoryMiB),
  };
  const { postgres, pgbouncer, connections } = sizeDatabase(input, web, overrides);
  return {
    postgres,
    pgbouncer,
    redis,
    cacheRedis,
    web,
    streaming,
    sidekiq: sidekiqLimits(input.sidekiq),
    swapMiB: swapMiB(memoryMiB),
    memory: [
      { item: "system", mib: SYSTEM_MIB },
      { item: "nginx", mib: NGINX_MIB },
      { item: "pgbouncer", mib: PGBOUNCER_MIB },
      ...postgresMemory(postgres, pgbouncer.defaultPoolSize),
      ...redisMemory(redis.maxMemoryMiB, cacheRedis.maxMemoryMiB),
      { item: "web", mib: web.memoryMiB },
      { item: "streaming", mib: streaming.memoryMiB },
      ...sidekiqMemory(input.sidekiq),
    ],
    connections,
  };
}

function sizeWeb(host: Host, overrides: MainOverrides): MainSizing["web"] {
  const processes = overrides.web?.processes ?? webProcesses(host);
  return { processes, threads: overrides.web?.threads ?? WEB_THREADS, memoryMiB: webMemoryMiB(processes) };
}

function sizeDatabase(input: MainInput, web: MainSizing["web"], overrides: MainOverrides) {
  const poolSize = overrides.pgbouncer?.defaultPoolSize ?? defaultPoolSize(input.vcpus);
  const client = clientConnections({
    webProcesses: web.processes,
    webThreads: web.threads,
    mainThreads: sidekiqThreads(input.sidekiq),
    workerThreads: input.workerThreads,
  });
  const pgbouncer = {
    defaultPoolSize: poolSize,
    reservePoolSize: reservePoolSize(poolSize),
    maxClientConnections: overrides.pgbouncer?.maxClientConnections ?? maxClientConnections(client),
  };
  const postgres = sizePostgres({ ...input, poolSize }, overrides.postgres);
  return { postgres, pgbouncer, connections: connectionBudget(client, pgbouncer, postgres) };
}

function workerMemory(sidekiq: readonly SidekiqProcess[]): MemoryLine[] {
  return [{ item: "system", mib: SYSTEM_MIB }, ...sidekiqMemory(sidekiq)];
}

function sidekiqLimits(processes: readonly SidekiqProcess[]): { memoryMiB: number }[] {
  return processes.map(({ threads }) => ({ memoryMiB: sidekiqMemoryMiB(threads) }));
}
