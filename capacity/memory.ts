import { queueNames, type SidekiqProcess } from "./queues";

export interface MemoryLine {
  item: string;
  mib: number;
}

/**
 * Debian, Docker, Tailscale and room for the kernel's own caches. Debian's installation guide (bullseye, 3.4) recommends 512 MiB
 * for a system without a desktop.
 */
export const SYSTEM_MIB = 512;
/** nginx: a few MiB a worker and the keys of the media cache. Our allowance. */
export const NGINX_MIB = 64;
/** pgbouncer: 2 kB a connection (pgbouncer.org/features). Our allowance. */
export const PGBOUNCER_MIB = 16;

/** Puma's threads a process: the default of mastodon/mastodon:config/puma.rb. */
export const WEB_THREADS = 5;

/** The preloaded code that Puma's processes share, and what each adds: 1.3 GiB, the largest published, at 2 × 5. */
const WEB_SHARED_MIB = 320;
const WEB_PROCESS_MIB = 512;

export function webMemoryMiB(processes: number): number {
  return WEB_SHARED_MIB + WEB_PROCESS_MIB * processes;
}

/**
 * Half of the cores, the rest is Postgres' and Sidekiq's; not below config/puma.rb's default of 2. A quarter of the RAM
 * is the limit, one process the least.
 */
export function webProcesses(host: { memoryMiB: number; vcpus: number }): number {
  const byCores = Math.max(Math.ceil(host.vcpus / 2), 2);
  const byMemory = Math.floor((host.memoryMiB / 4 - WEB_SHARED_MIB) / WEB_PROCESS_MIB);
  return Math.max(Math.min(byCores, byMemory), 1);
}

/** Published: 0.13 to 0.5 GiB, the larger for 1,200 connections (docs.joinmastodon.org/admin/scaling). */
export function streamingMemoryMiB(memoryMiB: number): number {
  return Math.min(Math.max(Math.floor(memoryMiB / 16), 192), 512);
}

/**
 * Limit of one Sidekiq process. Operators publish 0.35 to 0.8 GiB; taken as 1 and 25 threads, with a straight line
 * between and a quarter on top, because a process that is killed loses its jobs. Rounded up to 16 MiB.
 */
export function sidekiqMemoryMiB(threads: number): number {
  const [least, most, mostThreads] = [0.35 * 1024, 0.8 * 1024, 25];
  const used = least + ((most - least) * (threads - 1)) / (mostThreads - 1);
  return Math.ceil((used * 1.25) / 16) * 16;
}

/**
 * Queues, feeds and streaming: 1/16 of the RAM. A backlog of 2 h at 2 million jobs a day is 170,000 jobs of about
 * 1 kB.
 */
export function redisMaxMemoryMiB(memoryMiB: number): number {
  return Math.max(Math.floor(memoryMiB / 16), 64);
}

/** Rails' cache, evicted when full: 1/32 of the RAM. */
export function cacheRedisMaxMemoryMiB(memoryMiB: number): number {
  return Math.max(Math.floor(memoryMiB / 32), 64);
}

/**
 * What Redis takes on top of maxmemory: buffers, fragmentation, and the pages that an AOF rewrite copies. ElastiCache
 * sets 25 % of a node aside, 50 % on its smallest: here a third for the Redis that forks, a fifth for the one that
 * never does.
 */
export function redisMemory(redisMiB: number, cacheMiB: number): MemoryLine[] {
  return [
    { item: "Redis", mib: Math.ceil(redisMiB * 1.5) },
    { item: "Redis cache", mib: Math.ceil(cacheMiB * 1.25) },
  ];
}

/** One line for each entry, replicas counted. */
export function sidekiqMemory(processes: readonly SidekiqProcess[]): MemoryLine[] {
  return processes.map((process) => ({
    item: `Sidekiq ${queueNames(process).join(",")}${process.replicas === 1 ? "" : ` × ${process.replicas}`}`,
    mib: sidekiqMemoryMiB(process.threads) * process.replicas,
  }));
}

/**
 * As much swap as RAM up to 4 GiB (redis.io/docs/latest/operate/oss_and_stack/management/admin): there the limits
 * leave a few per cent. None above: a swapped Redis or Postgres is worse than a restarted container.
 */
export function swapMiB(memoryMiB: number): number {
  return memoryMiB <= 4096 ? memoryMiB : 0;
}

export function totalMiB(lines: readonly MemoryLine[]): number {
  return lines.reduce((sum, { mib }) => sum + mib, 0);
}
