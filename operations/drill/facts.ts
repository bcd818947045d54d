/** What the scripts of a drill print, read into values. */
import { z } from "zod";

const table = z.object({
  rows: z.number(),
  /** The largest id; null without rows, or without such a column. */
  newest: z.string().nullable(),
  /** `created_at` of that row. */
  at: z.string().nullable(),
});

/** What facts.sql says of a database. */
const database = z.object({
  /** `server_version_num`: 170006. */
  version: z.number(),
  bytes: z.number(),
  tables: z.record(z.string(), table),
  /** Last value; absent if none was given out yet. */
  sequences: z.record(z.string(), z.string()),
  migrations: z.array(z.string()),
  extensions: z.record(z.string(), z.string()),
  /** Indexes that Postgres does not use. */
  invalid: z.array(z.string()),
  /** Tables whose rows no log and no backup has. */
  unlogged: z.array(z.string()),
});
export type TableFacts = z.infer<typeof table>;
export type DatabaseFacts = z.infer<typeof database>;

/** As `pgbackrest info` describes it. */
const backup = z.object({
  label: z.string(),
  type: z.string(),
  timestamp: z.object({ stop: z.number() }),
  info: z.object({ size: z.number() }),
});

/** Main, at the restore point. */
export interface MainFacts {
  /** Major version of Postgres. */
  major: number;
  /** When the restore point was made, ISO 8601. */
  time: string;
  backup: z.infer<typeof backup>;
  /** Just before and just after the restore point. */
  before: DatabaseFacts;
  after: DatabaseFacts;
  /** Just before it. Sequences belong to no snapshot, so `before` may have later ones. */
  sequences: Readonly<Record<string, string>>;
  /** The most that would have been lost with main at that moment, in seconds; undefined if nothing was archived yet. */
  exposedSeconds: number | undefined;
}

const references = z.object({
  /** How many foreign keys were followed. */
  keys: z.number(),
  broken: z.array(z.object({ key: z.string(), table: z.string(), to: z.string(), rows: z.number() })),
});

/** The copy, as far as the drill came. */
export interface CopyFacts {
  /** The step that failed and what it was told; undefined if the machine came to its end. */
  failed: { step: string; said: string } | undefined;
  /** Files of the backup that are damaged or missing, after a restore that failed. */
  damaged: string[];
  /** Seconds. */
  took: { restore: number | undefined; replay: number | undefined; check: number | undefined };
  /** Bytes on its disk after the restore. */
  bytes: number | undefined;
  /** Segments of the log that were replayed. */
  segments: number;
  /** Time of the last transaction that was replayed, ISO 8601; undefined if there was none. */
  reached: string | undefined;
  facts: DatabaseFacts | undefined;
  references: z.infer<typeof references> | undefined;
  /** What pg_amcheck was asked for and printed; nothing printed is good. */
  amcheck: { options: string; output: string } | undefined;
  /** What pg_checksums printed; undefined if the database has no checksums. */
  checksums: string | undefined;
  /** Seconds of pg_upgrade, or why it was not measured. */
  upgrade: { seconds: number } | { unmeasured: string } | undefined;
}

/** Name → value of lines `NAME BASE64`. */
function lines(output: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const line of output.split("\n")) {
    const [, name, value = ""] = /^(\w+) ([A-Za-z0-9+/=]*)$/.exec(line) ?? [];
    if (name) facts.set(name, Buffer.from(value, "base64").toString("utf8").trim());
  }
  return facts;
}

/** @throws Error if main.sh did not come to its end */
export function readMain(output: string): MainFacts {
  const facts = lines(output);
  const json = <T>(name: string, schema: z.ZodType<T>): T => schema.parse(JSON.parse(facts.get(name) ?? ""));
  if (!facts.has("end")) throw new Error("the connection broke before the restore point was in the bucket");
  const exposed = facts.get("exposed");
  return {
    major: Number(facts.get("major")),
    time: facts.get("time") ?? "",
    backup: json("backup", backup),
    before: json("before", database),
    after: json("after", database),
    sequences: json("sequences", z.record(z.string(), z.string())),
    exposedSeconds: exposed ? Number(exposed) : undefined,
  };
}

/** @returns undefined if machine.sh came neither to its end nor to a reason why not */
export function readCopy(output: string): CopyFacts | undefined {
  const facts = lines(output);
  const json = <T>(name: string, schema: z.ZodType<T>): T | undefined => {
    const text = facts.get(name);
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  };
  const seconds = (name: string) => (facts.has(name) ? Number(facts.get(name)) / 1000 : undefined);
  const amcheck = facts.get("amcheck");
  const [reached, size, unmeasured, upgraded] = [
    facts.get("reached"),
    facts.get("size"),
    facts.get("unmeasured"),
    seconds("upgraded"),
  ];
  const failed = facts.get("failed");
  if (failed === undefined && !facts.has("finished")) return undefined;
  return {
    failed: failed === undefined ? undefined : { step: failed, said: facts.get("said") ?? "" },
    damaged: (facts.get("damaged") ?? "").split("\n").filter(Boolean),
    took: { restore: seconds("restored"), replay: seconds("replayed"), check: seconds("checked") },
    bytes: size === undefined ? undefined : Number(size),
    segments: Number(facts.get("segments") ?? 0),
    reached: reached ? new Date(reached).toISOString() : undefined,
    facts: json("facts", database),
    references: json("references", references),
    amcheck: amcheck === undefined ? undefined : { options: facts.get("options") ?? "", output: amcheck },
    checksums: facts.get("checksums"),
    upgrade:
      upgraded !== undefined
        ? { seconds: upgraded }
        : unmeasured !== undefined
          ? { unmeasured: unmeasured.split("\n").at(-1) ?? "" }
          : undefined,
  };
}
