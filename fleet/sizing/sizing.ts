/** What runs on a droplet and how large each part may get, from the droplet's RAM and cores. */
import { mayTranscode, type SidekiqProcess } from "../../catalogue/queues";
import { mainServices, workerServices } from "../../services/roles";
import { type ConnectionLine, type MemoryLine, memoryOf } from "../../services/service";
import { sidekiqMemoryMiB } from "../../services/sidekiq";
import type { MainSizes, SizedProcess, WorkerSizes } from "../../services/sizes";
import { webMemoryMiB } from "../../services/web";
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
  streamingLimitMiB,
  streamingNeedMiB,
  swapMiB,
  TOOLS_MIB,
  totalMiB,
  WEB_THREADS,
  webProcesses,
} from "./memory";
import type { MainOverrides } from "./overrides";
import { defaultPoolSize, reservePoolSize, sizePostgres } from "./postgres";
import { connectionProblems, memoryProblems, redisProblems } from "./problems";
import { type RedisNeed, redisMaxMemoryMiB } from "./state";

export interface MainSizing extends MainSizes {
  redisNeed: RedisNeed;
  /** What has to be in RAM at the same time. */
  memory: MemoryLine[];
  connections: ConnectionBudget;
  problems: Problem[];
}

export interface WorkerSizing extends WorkerSizes {
  memory: MemoryLine[];
  problems: Problem[];
}

/** Everything on the main droplet. Does not throw: `problems` says what does not fit. */
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

/** A worker droplet. */
export function sizeWorker(input: WorkerInput): WorkerSizing {
  const sizes = workerSizes(input);
  const memory = memoryOf(workerServices, sizes);
  return {
    ...sizes,
    memory,
    problems: memoryProblems(input.key ?? "workers", input, memory, (changes) =>
      memoryOf(workerServices, workerSizes({ ...input, ...changes })),
    ),
  };
}

/** With a second web during upgrades, if memory and connections suffice for one. */
function layOutMain(input: MainInput): Omit<MainSizing, "problems"> {
  const roomy = layOut(input, true);
  const { clientTotal, clientLimit } = roomy.connections;
  const fits = totalMiB(roomy.memory) <= input.memoryMiB && clientTotal <= clientLimit;
  return fits ? roomy : layOut(input, false);
}

function layOut(input: MainInput, second: boolean): Omit<MainSizing, "problems"> {
  const { memoryMiB, vcpus, overrides = {} } = input;
  const poolSize = overrides.pgbouncer?.defaultPoolSize ?? defaultPoolSize(vcpus);
  const sizes = {
    postgres: sizePostgres({ ...input, poolSize }, overrides.postgres),
    redis: { maxMemoryMiB: overrides.redis?.maxMemoryMiB ?? redisMaxMemoryMiB(input.redisNeed) },
    cacheRedis: {
      maxMemoryMiB: overrides.cacheRedis?.maxMemoryMiB ?? cacheRedisMaxMemoryMiB(memoryMiB),
    },
    web: { ...sizeWeb(input, overrides), second },
    streaming: sizeStreaming(input.sockets, overrides),
    watch: overrides.watch ?? true,
    lookedAt: input.workerThreads > 0,
    tools: { memoryMiB: TOOLS_MIB },
    sidekiq: sizeSidekiq(input),
    swapMiB: swapMiB(memoryMiB),
  } as const;
  const client = clientConnections(connectionsOf(sizes), input.workerThreads);
  const pgbouncer = {
    defaultPoolSize: poolSize,
    reservePoolSize: reservePoolSize(poolSize),
    maxClientConnections: overrides.pgbouncer?.maxClientConnections ?? maxClientConnections(client),
  };
  return {
    ...sizes,
    pgbouncer,
    redisNeed: input.redisNeed,
    memory: memoryOf(mainServices, { ...sizes, pgbouncer }),
    connections: connectionBudget(client, pgbouncer, sizes.postgres),
  };
}

/** What connects to pgbouncer does not depend on pgbouncer's own size. */
const connectionsOf = (sizes: Omit<MainSizes, "pgbouncer">): ConnectionLine[] =>
  mainServices.flatMap(({ connections }) => connections?.(sizes) ?? []);

function sizeWeb(host: Host, overrides: MainOverrides): Omit<MainSizes["web"], "second"> {
  const processes = overrides.web?.processes ?? webProcesses(host);
  return {
    processes,
    threads: overrides.web?.threads ?? WEB_THREADS,
    // POST /api/v1/media transcodes while the client waits (app/controllers/api/v1/media_controller.rb).
    memoryMiB: containerLimitMiB(webMemoryMiB(processes), true, host),
  };
}

/** What is set is what it may take, and what is reckoned with. */
function sizeStreaming(sockets: number, overrides: MainOverrides): MainSizes["streaming"] {
  const needMiB = overrides.streaming?.memoryMiB ?? streamingNeedMiB(sockets);
  return { processes: 1, needMiB, memoryMiB: overrides.streaming?.memoryMiB ?? streamingLimitMiB(needMiB) };
}

const workerSizes = (input: WorkerInput): WorkerSizes => ({
  sidekiq: sizeSidekiq(input),
  swapMiB: swapMiB(input.memoryMiB),
});

const sizeSidekiq = ({ sidekiq, ...host }: Host & { sidekiq: readonly SidekiqProcess[] }): SizedProcess[] =>
  sidekiq.map((process) => ({
    ...process,
    limitMiB: containerLimitMiB(sidekiqMemoryMiB(process), mayTranscode(process), host),
  }));
