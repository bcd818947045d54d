/** Memory limits and defaults from a machine's RAM and cores. Each service says what it needs itself. */
import type { MemoryLine } from "../../services/service";
import { SYSTEM_MIB } from "../../services/system";
import { SECOND_WEB, WEB_SHARED_MIB } from "../../services/web";

/**
 * ffmpeg with Mastodon's arguments on the largest file that Mastodon accepts, 2160p in 10 bits: 1,354 MiB on two CPUs, and it never sees
 * more (services/containers/ffmpeg). 1080p60 takes 384 (docs/capacity.md, "Memory").
 */
const FFMPEG_MIB = 1408;
/** tootctl, a console, migrations: Rails needs 300 MiB before it does anything. Our allowance. */
export const TOOLS_MIB = 768;
/**
 * Limit of a container that is expected to need `mib`. If it may start ffmpeg, there is room for one; if not, a quarter on top, because a
 * process that is killed loses its jobs. The machine's own share stays free, so that a container reaches its own limit first.
 */
export function containerLimitMiB(mib: number, transcodes: boolean, host: { memoryMiB: number }): number {
  const limit = transcodes ? mib + FFMPEG_MIB : Math.ceil((mib * 1.25) / 16) * 16;
  return Math.max(Math.min(limit, host.memoryMiB - SYSTEM_MIB), mib);
}

/** Puma's threads per process: the default of mastodon/mastodon:config/puma.rb. */
export const WEB_THREADS = 5;

/** A process at its largest, as published. */
const WEB_PROCESS_MOST_MIB = 512;

/**
 * Half of the cores, the rest is Postgres' and Sidekiq's; not below config/puma.rb's default of 2. A quarter of the RAM
 * is the limit, even for processes that are as large as any, and one process the least.
 */
export function webProcesses(host: { memoryMiB: number; vcpus: number }): number {
  const byCores = Math.max(Math.ceil(host.vcpus / 2), 2);
  const byMemory = Math.floor((host.memoryMiB / 4 - WEB_SHARED_MIB) / WEB_PROCESS_MOST_MIB);
  return Math.max(Math.min(byCores, byMemory), 1);
}

/** Measured: 124 MiB, 181 with 1,000 sockets. In steps of 8 MiB, a little above. */
export const streamingNeedMiB = (sockets: number): number => Math.ceil((128 + 0.06 * sockets) / 8) * 8;

/** The container's limit. Published: up to 0.5 GiB for 1,200 sockets (docs.joinmastodon.org/admin/scaling). */
export const streamingLimitMiB = (needMiB: number): number => Math.max(Math.ceil(needMiB * 1.5), 192);

/** Rails' cache, which evicts when it is full: 1/32 of the RAM. */
export function cacheRedisMaxMemoryMiB(memoryMiB: number): number {
  return Math.max(Math.floor(memoryMiB / 32), 64);
}

/**
 * Up to 4 GiB of RAM, as much swap as RAM (redis.io/docs/latest/operate/oss_and_stack/management/admin): the limits leave only a few
 * percent there. Above, 2 GiB: for what comes and goes and has no room in RAM (FFMPEG_MIB + TOOLS_MIB - services/sidekiq.ts's
 * PASSING_MIB). More would not help: a swapped Redis or Postgres is worse than a restarted container.
 */
export function swapMiB(memoryMiB: number): number {
  return memoryMiB <= 4096 ? memoryMiB : 2048;
}

/** What Postgres may keep of its database in RAM: shared_buffers, and the kernel's cache in what nothing else is reckoned with. */
export const cacheMiB = (
  host: { memoryMiB: number },
  { memory, postgres }: { memory: readonly MemoryLine[]; postgres: { sharedBuffersMiB: number } },
): number =>
  postgres.sharedBuffersMiB +
  // A second web is there for minutes.
  Math.max(host.memoryMiB - totalMiB(memory.filter(({ item }) => item !== SECOND_WEB)), 0);

export function totalMiB(lines: readonly MemoryLine[]): number {
  return lines.reduce((sum, { mib }) => sum + mib, 0);
}
