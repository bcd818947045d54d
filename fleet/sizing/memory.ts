import { mayTranscode, queueNames, type SidekiqProcess } from "../../catalogue/queues";

/** A part of what a machine has to keep in RAM. */
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

/**
 * ffmpeg with Mastodon's arguments on the largest file that Mastodon takes, 2160p in 10 bits: 1,354 MiB on two CPUs, and it never
 * sees more (machines/files/common/container/ffmpeg). 1080p60 takes 384 (docs/capacity.md, "Memory").
 */
export const FFMPEG_MIB = 1408;
/** tootctl, a console, migrations: Rails takes 300 MiB before it has done anything. Our allowance. */
export const TOOLS_MIB = 768;
/**
 * Of what comes and goes, an ffmpeg or a tootctl, so much is kept free in RAM: a 1080p video. The rest of a 2160p one takes RAM that
 * is free, or for its minutes drives out to swap what nobody uses. Two at once may be one too many: then ffmpeg is killed.
 */
const PASSING_MIB = 448;
/** What a container may have in swap: code that Rails loads and never runs. More would make a busy process slow instead of ending ffmpeg. */
export const CONTAINER_SWAP_MIB = 512;

/** Room for what comes and goes, where something may: web takes uploads and main runs tootctl. */
export const passingMemory = (role: "main" | "worker", processes: readonly SidekiqProcess[]): MemoryLine[] =>
  role === "main" || processes.some(mayTranscode)
    ? [{ item: role === "main" ? "ffmpeg or tootctl" : "ffmpeg", mib: PASSING_MIB }]
    : [];

/**
 * Limit of a container that is expected to take `mib`: room for one ffmpeg where it may start one, a quarter on top where not,
 * because a process that is killed loses its jobs. The machine's own share stays free, so that a container meets its limit first.
 */
export function containerLimitMiB(mib: number, transcodes: boolean, host: { memoryMiB: number }): number {
  const limit = transcodes ? mib + FFMPEG_MIB : Math.ceil((mib * 1.25) / 16) * 16;
  return Math.max(Math.min(limit, host.memoryMiB - SYSTEM_MIB), mib);
}

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

/** Measured: 124 MiB, 181 with 1,000 sockets. Published: up to 0.5 GiB for 1,200 (docs.joinmastodon.org/admin/scaling). */
export function streamingMemoryMiB(memoryMiB: number): number {
  return Math.min(Math.max(Math.floor(memoryMiB / 32), 192), 512);
}

/**
 * What one Sidekiq process takes without ffmpeg. Measured: 300 MiB idle, up to 440 with 2 threads after 16 minutes of work, 498 and
 * rising with 15. Published: 0.35 to 0.8 GiB, taken as 25 threads. A straight line above both, rounded up to 16 MiB.
 */
export function sidekiqMemoryMiB({
  threads,
  memoryMiB,
}: Pick<SidekiqProcess, "threads" | "memoryMiB">): number {
  const [least, most, mostThreads] = [430, 819, 25];
  return memoryMiB ?? Math.ceil((least + ((most - least) * (threads - 1)) / (mostThreads - 1)) / 16) * 16;
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
    mib: sidekiqMemoryMiB(process) * process.replicas,
  }));
}

/**
 * As much as RAM up to 4 GiB (redis.io/docs/latest/operate/oss_and_stack/management/admin), where the limits leave a few per cent;
 * 2 GiB above: what passes and has no room in RAM (FFMPEG_MIB + TOOLS_MIB - PASSING_MIB). More is of no use, since a swapped
 * Redis or Postgres is worse than a restarted container.
 */
export function swapMiB(memoryMiB: number): number {
  return memoryMiB <= 4096 ? memoryMiB : 2048;
}

export function totalMiB(lines: readonly MemoryLine[]): number {
  return lines.reduce((sum, { mib }) => sum + mib, 0);
}
