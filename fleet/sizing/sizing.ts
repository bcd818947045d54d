/** What runs on a droplet and how big each part may get, from the droplet's RAM and cores. */

import { mayTranscode, type SidekiqProcess, sidekiqThreads } from "../../catalogue/queues";
import type { Problem } from "../../settings/problem";
import {
  type ConnectionBudget,
  clientConnections,
  connectionBudget,
  maxClientConnections,
} from "./connections";
import type { Host, MainInput, WorkerInput } from "./input";
import {
  cacheRedisMaxMemoryMiB,
  containerLimitMiB,
  type MemoryLine,
  NGINX_MIB,
  PGBOUNCER_MIB,
  passingMemory,
  redisMemory,
  SYSTEM_MIB,
  sidekiqMemory,
  sidekiqMemoryMiB,
  streamingMemoryMiB,
  swapMiB,
  TOOLS_MIB,
  WEB_THREADS,
  webMemoryMiB,
  webProcesses,
} from "./memory";
import type { MainOverrides } from "./overrides";
import {
  defaultPoolSize,
  type PgbouncerSizing,
  type PostgresSizing,
  postgresMemory,
  reservePoolSize,
  sizePostgres,
} from "./postgres";
import { connectionProblems, memoryProblems, redisProblems } from "./problems";
import { type RedisNeed, redisMaxMemoryMiB } from "./state";

export interface MainSizing {
  postgres: PostgresSizing;
  pgbouncer: PgbouncerSizing;
  redis: { maxMemoryMiB: number };
  redisNeed: RedisNeed;
  cacheRedis: { maxMemoryMiB: number };
  /** `memoryMiB`: the container's limit, here and below. */
  web: { processes: number; threads: number; memoryMiB: number };
  streaming: { processes: 1; memoryMiB: number };
  /** tootctl and consoles. */
  tools: { memoryMiB: number };
  /** One for each entry of the input, in its order: the limit of one replica. */
  sidekiq: { memoryMiB: number }[];
  swapMiB: number;
  /** What has to be in RAM at once. */
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
      ...memoryProblems(
        "main",
        input,
        sizing.memory,
        (changes) => layOutMain({ ...input, ...changes }).memory,
      ),
      ...redisProblems(sizing.redisNeed, sizing.redis),
      ...connectionProblems(sizing.connections, input.overrides ?? {}),
    ],
  };
}

/** A worker droplet: Docker and Sidekiq, nothing else. */
export function sizeWorker(input: WorkerInput): WorkerSizing {
  const memory = workerMemory(input.sidekiq);
  const key = input.key ?? "workers";
  return {
    sidekiq: sidekiqLimits(input),
    swapMiB: swapMiB(input.memoryMiB),
    memory,
    problems: memoryProblems(key, input, memory, ({ sidekiq = input.sidekiq }) => workerMemory(sidekiq)),
  };
}

function layOutMain(input: MainInput): Omit<MainSizing, "problems"> {
  const { memoryMiB, overrides = {} } = input;
  const web = sizeWeb(input, overrides);
  const streaming = {
    processes: 1,
    memoryMiB: overrides.streaming?.memoryMiB ?? streamingMemoryMiB(memoryMiB),
  } as const;
  const redis = { maxMemoryMiB: overrides.redis?.maxMemoryMiB ?? redisMaxMemoryMiB(input.redisNeed) };
  const cacheRedis = {
    maxMemoryMiB: overrides.cacheRedis?.maxMemoryMiB ?? cacheRedisMaxMemoryMiB(memoryMiB),
  };
  const { postgres, pgbouncer, connections } = sizeDatabase(input, web, overrides);
  return {
    postgres,
    pgbouncer,
    redis,
    redisNeed: input.redisNeed,
    cacheRedis,
    web,
    streaming,
    tools: { memoryMiB: TOOLS_MIB },
    sidekiq: sidekiqLimits(input),
    swapMiB: swapMiB(memoryMiB),
    memory: [
      { item: "system", mib: SYSTEM_MIB },
      { item: "nginx", mib: NGINX_MIB },
      { item: "pgbouncer", mib: PGBOUNCER_MIB },
      ...postgresMemory(postgres, pgbouncer.defaultPoolSize),
      ...redisMemory(redis.maxMemoryMiB, cacheRedis.maxMemoryMiB),
      { item: "web", mib: webMemoryMiB(web.processes) },
      { item: "streaming", mib: streaming.memoryMiB },
      ...sidekiqMemory(input.sidekiq),
      ...passingMemory("main", input.sidekiq),
    ],
    connections,
  };
}

function sizeWeb(host: Host, overrides: MainOverrides): MainSizing["web"] {
  const processes = overrides.web?.processes ?? webProcesses(host);
  return {
    processes,
    threads: overrides.web?.threads ?? WEB_THREADS,
    // POST /api/v1/media transcodes while the client waits (app/controllers/api/v1/media_controller.rb).
    memoryMiB: containerLimitMiB(webMemoryMiB(processes), true, host),
  };
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
  return [
    { item: "system", mib: SYSTEM_MIB },
    ...sidekiqMemory(sidekiq),
    ...passingMemory("worker", sidekiq),
  ];
}

const sidekiqLimits = ({ sidekiq, ...host }: Host & { sidekiq: readonly SidekiqProcess[] }) =>
  sidekiq.map((process) => ({
    memoryMiB: containerLimitMiB(sidekiqMemoryMiB(process), mayTranscode(process), host),
  }));
