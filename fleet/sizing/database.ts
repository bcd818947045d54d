/** The size of Postgres' database, and what follows from it: the volume, memory, and the time that a dump takes. */

import type { BackupSizes } from "../../catalogue/price";
import { archiveLimitMiB } from "./postgres";

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

/** A database is that many times as large as its dump, which has no indexes. Published: masto.host, for dumps in the custom format. */
const SHRINKS_AS_DUMP = 4.9;
/** The same for a full backup by pgBackRest, which has them. Chosen. */
const SHRINKS_AS_BACKUP = 3;
/** A day's WAL in the archive, in days of growth. Chosen: each new post also changes pages of some ten indexes. */
const WAL_OF_GROWTH = 10;

/**
 * Bytes of an export of the accounts, for each person. Measured: 50 MB for 1,000 people, who follow 60 accounts elsewhere each, are followed by
 * as many, and have to do with 60,000 different ones. Of each of those it has a key, addresses and a profile, half a kilobyte.
 */
const FEDERATION_BYTES = 50_000;

export const databaseOfDump = (dumpGiB: number) => dumpGiB * SHRINKS_AS_DUMP;

/** What the backups of a database of that size take, for so many people. */
export const backupSizes = (
  databaseGiB: number,
  activeUsers: number,
): Pick<BackupSizes, "fullGiB" | "dailyWalGiB" | "dumpGiB" | "federationGiB"> => ({
  fullGiB: databaseGiB / SHRINKS_AS_BACKUP,
  dailyWalGiB: (WAL_OF_GROWTH * databaseGiBPerYear(activeUsers)) / 365,
  dumpGiB: databaseGiB / SHRINKS_AS_DUMP,
  federationGiB: (activeUsers * FEDERATION_BYTES) / GIB,
});

/** WAL at its largest (fleet/sizing/postgres.ts) shares the volume. */
const WAL_GIB = 4;

interface Redis {
  maxMemoryMiB: number;
}

const besideWaitingWalGiB = (databaseGiB: number, redis: Redis): number =>
  databaseGiB + WAL_GIB + (2 * redis.maxMemoryMiB) / 1024;

/** GiB that such a volume has to hold with so large a database: WAL, WAL that waits for the bucket, and Redis' file twice while it is rewritten. */
export const neededGiB = (databaseGiB: number, redis: Redis, volumeGiB: number): number =>
  besideWaitingWalGiB(databaseGiB, redis) + archiveLimitMiB(volumeGiB) / 1024;

/** The smallest volume that holds so large a database, in tens of GiB. */
export function volumeFor(databaseGiB: number, redis: Redis): number {
  let volumeGiB = Math.ceil(besideWaitingWalGiB(databaseGiB, redis) / 10) * 10;
  while (neededGiB(databaseGiB, redis, volumeGiB) > volumeGiB) volumeGiB += 10;
  return volumeGiB;
}

/** A volume that lasts for a year. */
export const volumeForAYear = (
  workload: { activeUsers: number; databaseGiB: number },
  redis: Redis,
): number => volumeFor(databaseAfterAYearGiB(workload), redis);

/** A volume on which a restore keeps the database that is there until the restored one is confirmed. */
export const volumeForTwo = (databaseGiB: number, redis: Redis): number => volumeFor(2 * databaseGiB, redis);
