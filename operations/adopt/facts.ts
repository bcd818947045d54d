/** What `look.sh` prints about a server, read into one value. */
import { z } from "zod";
import { factLines } from "./factLines";

/** How a secret of the old server compares with the format that this program takes. */
export type SecretState = "fits" | "odd" | "missing";

const size = z.object({ files: z.number(), bytes: z.number() });
export type MediaSize = z.infer<typeof size>;

const database = z.object({
  /** `server_version_num`: 130016. */
  version: z.number(),
  name: z.string(),
  bytes: z.number(),
  encoding: z.string(),
  collation: z.string(),
  /** c: the C library; i: ICU; b: Postgres itself. */
  provider: z.string(),
  collationVersion: z.string().nullable(),
  /** Below "replica", Postgres gives no copy of itself. */
  walLevel: z.string(),
  walSenders: z.number(),
  /** All databases of the cluster together. */
  clusterBytes: z.number(),
  /** Beyond Postgres' own two. */
  tablespaces: z.number(),
  owner: z.string(),
  askedAs: z.string(),
  /** Roles that own tables; null if there are no tables. */
  owners: z.array(z.string()).nullable(),
  extensions: z.array(z.string()),
  tableBytes: z.number(),
  indexBytes: z.number(),
  largest: z.array(z.object({ table: z.string(), bytes: z.number(), rows: z.number() })),
  /** Indexes that Postgres does not use, left by an interrupted migration. */
  invalid: z.array(z.string()),
});

const uniqueIndex = z.object({
  index: z.string(),
  table: z.string(),
  keys: z.string(),
  primary: z.boolean(),
  /** It should exist, and does not. */
  missing: z.boolean(),
});

export interface UniqueIndexFact extends z.infer<typeof uniqueIndex> {
  /** Keys that more than one row has; undefined if they could not be counted in time. */
  duplicates: number | undefined;
}

export interface RedisFact {
  /** Of Redis' protocol, also for Valkey. */
  version: string;
  /** For Valkey its own version. */
  valkey: string | undefined;
  usedBytes: number;
  /** Database number → keys. */
  databases: Readonly<Record<string, number>>;
  /** Queue → jobs; retry, schedule and dead in parentheses. */
  queues: Readonly<Record<string, number>>;
}

export interface Facts {
  runs: "compose" | "systemd" | "unknown";
  /** Where Mastodon's files are, on that server. */
  folder: string;
  /** Who runs it, where it is not in containers. */
  user: string;
  /** "4.6.5", "4.6.5+glitch"; empty if unknown. */
  version: string;
  image: string | undefined;
  /** Variables that are set. */
  names: readonly string[];
  /** Values of those that are no secrets. */
  values: Readonly<Record<string, string>>;
  /** Variable → state. */
  secrets: Readonly<Record<string, SecretState>>;
  /** Unit or container → state. */
  services: Readonly<Record<string, string>>;
  /** Versions of migrations; undefined if they could not be listed. */
  migrations: { code: readonly string[] | undefined; database: readonly string[] | undefined };
  database: z.infer<typeof database> | undefined;
  /** What `pg_dump --version` says there: "pg_dump (PostgreSQL) 13.16 (Debian …)"; empty if there is none. */
  pgDump: string;
  people: { users: number; active: number } | undefined;
  /** Media as the database lists them. */
  listed: { own: MediaSize; others: MediaSize; pictures: number } | undefined;
  /** Media on its disk; undefined if they are in S3. */
  onDisk: { path: string; own: MediaSize; others: MediaSize } | undefined;
  unique: readonly UniqueIndexFact[] | undefined;
  redis: RedisFact | undefined;
  machine: {
    vcpus: number;
    memoryMiB: number;
    architecture: string;
    os: string;
    libc: string;
    freeBytes: number;
  };
  /** Why something is not known. */
  problems: readonly string[];
}

const lines = (text: string) => text.split("\n").filter((line) => line !== "");
const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : 0);
/** `key value` or `key<TAB>value` a line. */
const pairs = (text: string, between: string) =>
  Object.fromEntries(
    lines(text).map((line) => {
      const at = line.indexOf(between);
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );

/**
 * @param output of look.sh
 * @throws Error if it did not come to its end
 */
export function readFacts(output: string): Facts {
  const facts = factLines(output);
  const one = (name: string) => facts.get(name)?.[0] ?? "";
  const known = (name: string) => (facts.has(name) ? one(name) : undefined);
  if (!facts.has("end"))
    throw new Error("The look ended early: the connection broke, or bash is older than 4.");
  const json = <T>(name: string, schema: z.ZodType<T>): T | undefined => {
    const text = known(name);
    return text ? schema.parse(JSON.parse(text)) : undefined;
  };
  const under = (prefix: string) =>
    Object.fromEntries(
      [...facts].flatMap(([name, [value = ""]]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
      ),
    );
  const counted = pairs(one("duplicates"), " ");
  const code = known("migrations.code");
  const applied = known("migrations.database");
  const runs = one("runs");
  const disk = json("media.files", z.object({ own: size, others: size }));
  return {
    runs: runs === "compose" || runs === "systemd" ? runs : "unknown",
    folder: one("folder"),
    user: one("user"),
    version: one("version") || versionOfImage(one("image")),
    image: known("image"),
    names: lines(one("names")),
    values: under("value."),
    secrets: under("secret.") as Record<string, SecretState>,
    services: pairs(one("services"), "\t"),
    migrations: {
      code: code ? lines(code) : undefined,
      database: applied === undefined ? undefined : lines(applied),
    },
    database: json("database", database),
    pgDump: one("pgDump"),
    people: json("people", z.object({ users: z.number(), active: z.number() })),
    listed: json("files", z.object({ own: size, others: size, pictures: z.number() })),
    onDisk: disk && { path: one("media.path"), ...disk },
    unique: json("unique", z.array(uniqueIndex))?.map((index) => ({
      ...index,
      duplicates: counted[index.index] === undefined ? undefined : number(counted[index.index] ?? ""),
    })),
    redis: redisOf(known("redis"), one("queues")),
    machine: {
      vcpus: number(one("vcpus")),
      memoryMiB: number(one("memoryMiB")),
      architecture: one("architecture"),
      os: one("os"),
      libc: one("libc"),
      freeBytes: number(one("freeBytes")),
    },
    problems: facts.get("problem") ?? [],
  };
}

/** "ghcr.io/mastodon/mastodon:v4.6.5" → "4.6.5"; empty if the tag is none of a release. */
const versionOfImage = (image: string) => /:v?(\d+\.\d+\.\d+\S*)$/.exec(image)?.[1] ?? "";

function redisOf(info: string | undefined, queues: string): RedisFact | undefined {
  if (info === undefined) return undefined;
  const values = pairs(info, ":");
  return {
    version: values.redis_version ?? "",
    valkey: values.valkey_version,
    usedBytes: number(values.used_memory ?? ""),
    databases: Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => {
        const [, database] = /^db(\d+)$/.exec(name) ?? [];
        return database === undefined ? [] : [[database, number(/keys=(\d+)/.exec(value)?.[1] ?? "")]];
      }),
    ),
    queues: Object.fromEntries(
      lines(queues).map((line) => {
        const [queue = "", jobs = ""] = line.split(" ");
        return [queue, number(jobs)];
      }),
    ),
  };
}
