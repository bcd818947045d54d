/** Major versions of Postgres that this program knows. */

/** Debian 13's own. The others come from the Postgres project's repository for it (apt.postgresql.org has 14 to 18 for trixie). */
export const DEBIANS_POSTGRES = 17;

/**
 * In order. Mastodon 4.7 asks for 14 or later; postgres-upgrade copies a running cluster with pg_backup_start, which 14 does not have.
 */
export const POSTGRES_VERSIONS = [15, 16, 17, 18] as const;
