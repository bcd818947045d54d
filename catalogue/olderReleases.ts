/** Mastodon's minor releases in their order, for an instance that moves in, and what each of them asks for. */

export interface UpstreamMinor {
  /** Two numbers: "4.3". */
  minor: string;
  /** The oldest versions of Postgres and Redis, as in `server_version` ("9.5") and `redis_version`. */
  postgres: number;
  redis: number;
}

/**
 * Each release's own notes ("Dependencies" in v4.0.4, v4.2.23, v4.3.17, v4.4.8, v4.5.11; README.md at v4.7.3). Those before 4.0 say
 * Postgres 9.5 (lib/tasks/db.rake); 4.1 is taken as 4.0, and 4.6 as 4.5.
 */
export const UPSTREAM_MINORS: readonly UpstreamMinor[] = [
  ...["3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "4.0", "4.1"].map((minor) => ({
    minor,
    postgres: 9.5,
    redis: 4,
  })),
  { minor: "4.2", postgres: 10, redis: 4 },
  { minor: "4.3", postgres: 12, redis: 4 },
  { minor: "4.4", postgres: 13, redis: 6.2 },
  { minor: "4.5", postgres: 14, redis: 7 },
  { minor: "4.6", postgres: 14, redis: 7 },
  { minor: "4.7", postgres: 14, redis: 7 },
];

/**
 * The newest schema that `tootctl maintenance fix-duplicates` knows; with a later one it asks before it goes on
 * (lib/mastodon/cli/maintenance.rb, MAX_SUPPORTED_VERSION; its maintainers no longer follow the schema, mastodon#40366). 4.2's.
 */
export const FIX_DUPLICATES_UP_TO = "20230907150100";
