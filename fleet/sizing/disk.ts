/** What has to fit on a droplet's root disk. The data volume is separate. */
import type { DropletSize } from "../../catalogue/droplets";
import type { SidekiqProcess } from "../../catalogue/queues";
import { WATCH_DISK_MIB } from "../../services/watch";
import type { Problem } from "../../settings/problem";
import { swapMiB } from "./memory";

export interface DiskLine {
  item: string;
  gib: number;
}

/** Debian with its packages takes 2 GiB; security updates and what apt keeps of them take as much again. Our allowance. */
const SYSTEM_GIB = 4;
/** services/system/journald.conf. */
const JOURNAL_GIB = 1;
/** The unpacked images of one release: web's and streaming's. */
const IMAGES_GIB = { main: 1.4 + 0.5, worker: 1.4 };
/** The new release is pulled before the old one is removed. */
const RELEASES = 2;
/** Five files of 20 MB for each container (services/docker/daemon.json). */
const CONTAINER_LOG_GIB = 0.1;
/** Uploads of up to 99 MB in progress, before and after ffmpeg. Our allowance. */
const TEMPORARY_GIB = 2;
/** nginx: two weeks of logs (our allowance), the page cache, and the space that it keeps free next to the media cache (services/nginx). */
const NGINX = [
  { item: "nginx's logs", gib: 1 },
  { item: "page cache", gib: 1 },
  { item: "free space beyond the media cache", gib: 2 },
];

const containersOf = (sidekiq: readonly SidekiqProcess[]) =>
  sidekiq.reduce((sum, { replicas }) => sum + replicas, 0);

const common = (role: keyof typeof IMAGES_GIB, memoryMiB: number, containers: number): DiskLine[] => [
  { item: "system", gib: SYSTEM_GIB },
  { item: "journal", gib: JOURNAL_GIB },
  { item: "images of two releases", gib: IMAGES_GIB[role] * RELEASES },
  { item: "containers' logs", gib: containers * CONTAINER_LOG_GIB },
  { item: "temporary files", gib: TEMPORARY_GIB },
  { item: "swap", gib: swapMiB(memoryMiB) / 1024 },
];

/** @param cacheGiB the limit of the media cache */
export const mainDisk = (
  { memoryMiB }: Pick<DropletSize, "memoryMiB">,
  sidekiq: readonly SidekiqProcess[],
  cacheGiB: number,
): DiskLine[] => [
  // Web, streaming and a tootctl.
  ...common("main", memoryMiB, containersOf(sidekiq) + 3),
  ...NGINX,
  { item: "measurements", gib: WATCH_DISK_MIB / 1024 },
  { item: "media cache", gib: cacheGiB },
];

export const workerDisk = (
  { memoryMiB }: Pick<DropletSize, "memoryMiB">,
  sidekiq: readonly SidekiqProcess[],
): DiskLine[] => common("worker", memoryMiB, containersOf(sidekiq));

export const totalGiB = (lines: readonly DiskLine[]) => lines.reduce((sum, { gib }) => sum + gib, 0);

/** The media cache has to shrink: nothing else on main's disk depends on a setting. */
export function diskProblems(
  main: { size: DropletSize; sidekiq: readonly SidekiqProcess[]; cacheGiB: number },
  pools: readonly { key: string; size: DropletSize; sidekiq: readonly SidekiqProcess[] }[],
): Problem[] {
  const { size, sidekiq, cacheGiB } = main;
  const without = totalGiB(mainDisk(size, sidekiq, 0));
  const most = Math.floor(size.diskGiB - without);
  return [
    ...(cacheGiB <= most
      ? []
      : [
          most >= 1
            ? {
                key: "media.cacheGiB",
                message: `is ${cacheGiB}, but on the ${size.diskGiB} GiB disk of ${size.slug} everything else takes ${without.toFixed(1)} (${listed(mainDisk(size, sidekiq, 0))}); write at most ${most}, or a main.size with a larger disk`,
              }
            : tooSmall("main", size, mainDisk(size, sidekiq, 1)),
        ]),
    ...pools
      .map(({ key, size, sidekiq }) => ({ key, size, lines: workerDisk(size, sidekiq) }))
      .filter(({ size, lines }) => totalGiB(lines) > size.diskGiB)
      .map(({ key, size, lines }) => tooSmall(key, size, lines)),
  ];
}

const tooSmall = (key: string, { slug, diskGiB }: DropletSize, lines: readonly DiskLine[]): Problem => ({
  key: `${key}.size`,
  message: `is ${slug} with a disk of ${diskGiB} GiB, but what it has to hold takes ${totalGiB(lines).toFixed(1)} (${listed(lines)}); write a size with a larger disk`,
});

const listed = (lines: readonly DiskLine[]) =>
  lines
    .filter(({ gib }) => gib > 0)
    .map(({ item, gib }) => `${item} ${Number(gib.toFixed(1))}`)
    .join(", ");
