/** The two Redis: one for queues and feeds, stored on the volume, and one for Rails' cache, stored nowhere. */
import { comeBackUnnoticed, dropIn, type HostFile, hostFile, internal, secretFile, step } from "./hostFile";
import type { HostInputs, MainInputs } from "./inputs";
import { service } from "./service";
import type { MainSizes } from "./sizes";

export const REDIS_PORT = 6379;
export const CACHE_REDIS_PORT = 6380;

/** Any value, in the form that Redis' configuration reads. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

/** @param source under services/ */
export const redisConf = (
  source: string,
  { port, maxMemoryMiB, password }: { port: number; maxMemoryMiB: number; password: string },
): string => hostFile(source, { PORT: port, PASSWORD: quoted(password), MAX_MEMORY_MIB: maxMemoryMiB });

const readable = (path: string, content: string): HostFile => ({
  path,
  content,
  mode: "0640",
  owner: "root:redis",
});

/*
 * Memory on top of maxmemory: buffers, fragmentation, and the pages that an AOF rewrite copies. ElastiCache reserves 25 % of a node, and 50
 * % of its smallest. Here it is a third for the Redis that forks, and a fifth for the one that never does.
 */

export const redis = service({
  name: "Redis for queues and feeds",
  packages: ["redis-server"],
  ports: [{ port: REDIS_PORT, from: "workers" }],
  memory: ({ redis }: MainSizes) => [{ item: "Redis", mib: Math.ceil(redis.maxMemoryMiB * 1.5) }],
  ready: [{ missing: `! redis redis ${REDIS_PORT} PING >/dev/null`, what: `Redis on ${REDIS_PORT}` }],
  shown: ({ redis }: MainSizes) => `Redis for queues and feeds (${redis.maxMemoryMiB} MiB)`,
  files: ({ sizing, secrets }: MainInputs) => [
    step("redis/60-redis"),
    internal("redis/redis-import"),
    internal("redis/redis-repair"),
    readable(
      "/etc/redis/mastodon.conf",
      redisConf("redis/redis.conf", {
        ...sizing.redis,
        port: REDIS_PORT,
        password: secrets.redisPassword,
      }),
    ),
    dropIn("redis-server", "redis/redis-server.conf"),
    ...comeBackUnnoticed("redis-server"),
  ],
});

export const cacheRedis = service({
  name: "Redis for the cache",
  ports: [{ port: CACHE_REDIS_PORT, from: "workers" }],
  memory: ({ cacheRedis }: MainSizes) => [
    { item: "Redis cache", mib: Math.ceil(cacheRedis.maxMemoryMiB * 1.25) },
  ],
  ready: [
    {
      missing: `! redis cache-redis ${CACHE_REDIS_PORT} PING >/dev/null`,
      what: `the cache Redis on ${CACHE_REDIS_PORT}`,
    },
  ],
  shown: ({ cacheRedis }: MainSizes) => `Redis for the cache (${cacheRedis.maxMemoryMiB} MiB)`,
  files: ({ sizing, secrets }: MainInputs) => [
    secretFile("cache-redis-password", secrets.cacheRedisPassword),
    readable(
      "/etc/redis/redis-cache.conf",
      redisConf("redis/redis-cache.conf", {
        ...sizing.cacheRedis,
        port: CACHE_REDIS_PORT,
        password: secrets.cacheRedisPassword,
      }),
    ),
    ...comeBackUnnoticed("redis-server@cache"),
  ],
});

/** The client that asks Redis, on any machine. */
export const redisClient = service({
  name: "Redis' client",
  packages: ["redis-tools"],
  files: ({ secrets }: HostInputs) => [secretFile("redis-password", secrets.redisPassword)],
});
