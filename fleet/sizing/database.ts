/** The size of Postgres' database, and what follows from it: the volume, memory, and the time that a dump takes. */

const GIB = 2 ** 30;

/**
 * GiB by which the database grows in a year. Published: 200 MB a day at 500 to 1,000 users (hub.sunny.garden), 93 GB at 30,000
 * accounts, a volume of 550 GiB at toot.community. Most of it are other servers' posts, of which many people's timelines share one
 * copy: hence the fifth root above 1,000 users. Below, fewer people follow fewer accounts: the square root.
 */
export function databaseGiBPerYear(activeUsers: number): number {
  const thousands = activeUsers / 1000;
  return (200e6 * 365 * Math.min(thousands ** 0.5, thousands ** 0.2)) / GIB;
}

/** Today's size, as measured, and one more year. */
export const databaseAfterAYearGiB = ({
  activeUsers,
  databaseGiB,
}: {
  activeUsers: number;
  databaseGiB: number;
}) => databaseGiB + databaseGiBPerYear(activeUsers);

/**
 * Of the database, what is asked for again and again: the posts of the last weeks and the upper levels of the indexes. A year's posts are read in
 * their first two weeks, a twenty-fifth of it. Chosen.
 */
const WORKING_SET = 0.04;

export const workingSetMiB = (databaseGiB: number) => databaseGiB * 1024 * WORKING_SET;

/** GiB an hour. Published: a dump of 18 GB in 85 minutes (woof.group), a dump and its restore of 7 GB in one hour. */
const DUMP_GIB_PER_HOUR = 12;
const RESTORE_GIB_PER_HOUR = 7;

export const dumpHours = (databaseGiB: number) => databaseGiB / DUMP_GIB_PER_HOUR;
export const restoreHours = (databaseGiB: number) => databaseGiB / RESTORE_GIB_PER_HOUR;

/** WAL at its largest (fleet/sizing/postgres.ts) shares the volume. */
const WAL_GIB = 4;

/** GiB of the data volume with so large a database: WAL, and Redis' file twice while it is rewritten. */
export const volumeWithGiB = (databaseGiB: number, redis: { maxMemoryMiB: number }): number =>
  databaseGiB + WAL_GIB + (2 * redis.maxMemoryMiB) / 1024;

/** A volume that lasts for a year, in tens of GiB. */
export const volumeForAYear = (
  workload: { activeUsers: number; databaseGiB: number },
  redis: { maxMemoryMiB: number },
): number => Math.ceil(volumeWithGiB(databaseAfterAYearGiB(workload), redis) / 10) * 10;
