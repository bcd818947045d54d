/** An old server on which nothing is wrong, for tests that change one fact. */

import type { Facts } from "../../../operations/adopt/facts";
import { MOVED_SECRETS } from "../../../operations/adopt/secretNames";
import type { NewStack } from "../../../operations/adopt/stack";
import { plainSettings } from "../../../settings/plain";
import { settingsSchema } from "../../../settings/schema";
import { readExample } from "../../../settings/stackFile/examples";
import { unqualified } from "../../../settings/stackFile/stackFile";

export const GIB = 2 ** 30;
export const TARGET = "v4.7.3";

export const FACTS: Facts = {
  runs: "compose",
  folder: "/srv/mastodon",
  user: "mastodon",
  version: "4.7.2",
  image: "ghcr.io/mastodon/mastodon:v4.7.2",
  names: ["LOCAL_DOMAIN", "SECRET_KEY_BASE", "S3_ENABLED", "S3_BUCKET", "PATH"],
  values: {
    LOCAL_DOMAIN: "shop.example",
    S3_ENABLED: "true",
    S3_BUCKET: "old-media",
    S3_ALIAS_HOST: "media.shop.example",
  },
  secrets: Object.fromEntries(Object.values(MOVED_SECRETS).map((name) => [name, "fits"])),
  services: { web: "Up 3 days", sidekiq: "Up 3 days", streaming: "Up 3 days", db: "Up 3 days" },
  migrations: { code: ["20230907150100", "20260901000000"], database: ["20230907150100", "20260901000000"] },
  database: {
    version: 130_016,
    name: "mastodon_production",
    bytes: 8 * GIB,
    encoding: "UTF8",
    collation: "en_US.utf8",
    provider: "c",
    collationVersion: null,
    walLevel: "replica",
    walSenders: 10,
    clusterBytes: 8 * GIB,
    tablespaces: 0,
    owner: "mastodon",
    askedAs: "mastodon",
    owners: ["mastodon"],
    extensions: ["plpgsql", "pg_stat_statements"],
    tableBytes: 5 * GIB,
    indexBytes: 3 * GIB,
    largest: [{ table: "statuses", bytes: 4 * GIB, rows: 9_000_000 }],
    invalid: [],
  },
  pgDump: "pg_dump (PostgreSQL) 13.16 (Debian 13.16-0+deb11u1)",
  people: { users: 4000, active: 900 },
  listed: {
    own: { files: 10_000, bytes: 9 * GIB },
    others: { files: 5_000, bytes: 2 * GIB },
    pictures: 1_000,
  },
  onDisk: undefined,
  unique: [
    {
      index: "index_statuses_on_uri",
      table: "statuses",
      keys: "uri",
      primary: false,
      missing: false,
      duplicates: 0,
    },
    { index: "accounts_pkey", table: "accounts", keys: "id", primary: true, missing: false, duplicates: 0 },
  ],
  redis: {
    version: "6.0.16",
    valkey: undefined,
    usedBytes: GIB / 4,
    databases: { "0": 5_000 },
    queues: { default: 12, "(dead)": 90_000 },
  },
  machine: {
    vcpus: 6,
    memoryMiB: 16_000,
    architecture: "x86_64",
    os: "Ubuntu 20.04.6 LTS",
    libc: "ldd (Debian GLIBC 2.31-13) 2.31",
    freeBytes: 50 * GIB,
  },
  problems: [],
};

/** The example prod, with what an administrator has set for that server. */
export function newStack(changes: Readonly<Record<string, unknown>> = {}): NewStack {
  const { config, project } = readExample("prod");
  const raw = Object.fromEntries(
    Object.entries({
      ...unqualified(config, project),
      workload: { activeUsers: 6000, databaseGiB: 8 },
      ...changes,
    }).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  const { settings } = plainSettings(raw, settingsSchema.shape);
  const complete = settings as NewStack["settings"];
  return {
    name: "live",
    settings: complete,
    web: complete.webDomain || complete.domain,
    mediaHost: complete.mediaDomain || `media.${complete.webDomain || complete.domain}`,
    mediaBucket: "shop-example-media",
    secrets: Object.keys(MOVED_SECRETS),
  };
}
