/** What the backup bucket holds, and for how long. */

/** How often a dump is written: the setting `backups.dumps`. */
export const DUMPS = ["weekly", "daily"] as const;
export type Dumps = (typeof DUMPS)[number];

/** Each kind of backup has its own folder: what may be done with its objects depends on that (components/bucketRules.ts). */
export const BACKUP_PREFIXES = {
  dumps: "database",
  federation: "federation",
  repository: "pgbackrest",
  redis: "redis",
} as const;

/**
 * Days that S3 keeps a dump, or an object of pgBackRest's repository, after somebody deleted or replaced it: time to notice that main was
 * broken into. Not more: from 1,000 versions in one folder on, pgBackRest 2.55 cannot list the repository as it was
 * (src/storage/s3/storage.c expects a token that S3 only sends with lists of current objects).
 */
export const OLD_VERSIONS_DAYS = 30;

/** pgBackRest's full backups are made weekly. It keeps one that is older than what can be restored, until the next one is, too. */
export const FULL_BACKUP_DAYS = 7;

/** Postgres closes a segment of WAL after so many seconds with a write, and it is in the bucket a second or two later. */
export const ARCHIVE_SECONDS = 50;

/** What is new in Redis is copied that often. */
export const REDIS_SECONDS = 30;

/** Redis' append-only file is copied whole that often, and what was appended to it in parts. More of them would take longer to restore. */
export const REDIS_WHOLE_HOURS = 6;

/** Days that a copy of Redis is kept: after that, its queues and feeds are no longer of use. Chosen. */
export const REDIS_COPIES_DAYS = 7;
