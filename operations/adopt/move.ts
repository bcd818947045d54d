/**
 * The move by dump. Until main has taken over, the old instance can be started again, and is: whatever fails, it is started, and main is as it
 * was before.
 */
import { createHash } from "node:crypto";
import { UsageError } from "../../tools/commandLine";
import { factLines } from "./factLines";
import { comesAlong } from "./findings/redis";
import { lastWords, onMain } from "./onMain";
import { MOVED_SECRETS, type MovedSecret } from "./secretNames";
import { readSecrets } from "./secrets";
import { stream } from "./stream";
import type { Look } from "./text";
import { fileThere, scriptThere, there, type Where } from "./there";

export interface Move {
  where: Where;
  /** Main, as ssh knows it. */
  main: string;
  look: Look;
  /** One line of progress. */
  say: (line: string) => void;
  /** Whether the user has asked to stop: asked before each step. */
  aborted?: () => boolean;
}

export interface Moved {
  downSeconds: number;
  /** What took how long, in seconds. */
  steps: Readonly<Record<string, number>>;
  dumpBytes: number;
  rows: number;
  tables: number;
}

/** Hours are enough for any database that a single main serves. */
const LONG = 6 * 3600;
const FOLDER = "/srv/data/moving";
/** The passphrase is main's own, in a file there. */
const ENCRYPTED = `umask 077; home=$(mktemp -d); trap 'rm -rf "$home"' EXIT; gpg --batch --quiet --homedir "$home" --pinentry-mode loopback --passphrase-file /etc/mastodon-host/secrets/backup-key --symmetric --cipher-algo AES256 --compress-algo none >${FOLDER}/old.dump.gpg`;

/** Runs a script on the old server. @throws UsageError with what it said */
async function onOld(where: Where, name: string, timeout: number, variables?: Record<string, string>) {
  const { code, stdout, stderr } = await there(name, where, timeout, variables);
  if (code !== 0) throw new UsageError(`${where.host}: ${lastWords(stderr) || `${name} ended with ${code}`}`);
  return factLines(stdout);
}

/** Variable and SHA-256 of its value, for main to compare. OTP_SECRET was for one migration only. */
async function keysOf(where: Where): Promise<string> {
  const secrets = await readSecrets(where);
  return Object.entries(secrets)
    .filter(([name]) => name !== "otpSecret")
    .map(
      ([name, value]) =>
        `${MOVED_SECRETS[name as MovedSecret]} ${createHash("sha256").update(value).digest("hex")}`,
    )
    .join("\n");
}

/** Before anything stops: main is new, has room, and has the same keys. */
export async function checkMain({ where, main, look }: Omit<Move, "say">): Promise<void> {
  await onMain(main, "check.sh", 120, {
    DATABASE_BYTES: String(look.facts.database?.bytes ?? 0),
    KEYS: await keysOf(where),
  });
}

/** @throws UsageError that says what failed and what runs now */
export async function move(args: Move): Promise<Moved> {
  const { where, main, say } = args;
  const clock = new Clock(say, args.aborted ?? (() => false));
  // Before anything else is restored.
  let since = "9";
  try {
    say("main: Mastodon stops; it is empty");
    since = (await onMain(main, "prepare.sh", 300)).trim();
    return await takeOver(args, clock);
  } catch (error) {
    const { message } = error as Error;
    say(`failed: ${message}`);
    // Until main has been told to start, it does nothing: then the old instance may start whatever main says.
    await giveBack({ where, main, say, loss: "", since, regardless: clock.steps[START] === undefined });
    throw new UsageError(`The move failed, and the old instance runs again. ${message}`);
  }
}

const START = "start";

async function takeOver({ where, main, look }: Move, clock: Clock): Promise<Moved> {
  await clock.step("stop", "the old instance stops: its site is down from now on", () =>
    onOld(where, "stop.sh", 180, { MOVING: fileThere("moving.py") }),
  );
  const dumpBytes = await clock.step("dump", "the dump travels to main", (progress) =>
    stream({
      from: where.host,
      script: scriptThere("dump.sh", where),
      to: main,
      command: ENCRYPTED,
      what: "the dump",
      progress,
    }),
  );
  const sql = { SQL_ROWS: fileThere("rows.sql") };
  const [rowsThere] = await clock.step(
    "restore",
    "main restores it; rows are counted on the old server",
    () =>
      Promise.all([
        onOld(where, "rows.sh", LONG, sql).then((facts) => facts.get("rows")?.[0] ?? ""),
        onMain(main, "restore.sh", LONG),
      ]),
  );
  const rows = rowsOf(rowsThere);
  await clock.step("rows", "rows are counted on main", async () => {
    const wrong = differentRows(rows, rowsOf(await onMain(main, "rows.sh", LONG, sql)));
    if (wrong.length > 0)
      throw new UsageError(`Main has other rows than the old server: ${wrong.join("; ")}.`);
  });
  const { redis, values } = look.facts;
  const along = redis !== undefined && comesAlong(redis);
  if (along)
    await clock.step("redis", "Redis: queues and feeds", async (progress) => {
      await stream({
        from: where.host,
        script: scriptThere("redis.sh", where),
        to: main,
        command: `umask 077; mkdir -p ${FOLDER} && cat >${FOLDER}/dump.rdb`,
        what: "Redis' dump",
        progress,
      });
      await onMain(main, "redis.sh", 1800, { DATABASE: values.REDIS_DB || "0" });
    });
  await clock.step(START, "main migrates the database if it has to, and starts", () =>
    onMain(main, "start.sh", LONG, along ? {} : { FEEDS: "rebuild" }),
  );
  return {
    downSeconds: clock.total,
    steps: clock.steps,
    dumpBytes,
    rows: [...rows.values()].reduce((sum, count) => sum + count, 0),
    tables: rows.size,
  };
}

interface Back extends Pick<Move, "where" | "main" | "say"> {
  /** Empty if posts that were made on main may be lost. */
  loss: string;
  /** Databases that were put aside before that stay there: "20261129140000", or empty for the last one. */
  since?: string;
  /** Start the old instance even if main does not answer. */
  regardless: boolean;
}

/** The old instance again, and main as it was: main stops first, so that no job is done twice. */
export async function giveBack({ where, main, say, loss, since = "", regardless }: Back): Promise<void> {
  say("main stops, and has its empty database again");
  const emptied = await onMain(main, "back.sh", 600, { LOSS: loss, SINCE: since }).then(
    () => true,
    (error: Error) => {
      if (!regardless) throw error;
      say(`${error.message}; main stays as it is, stopped`);
      return false;
    },
  );
  say("the old instance starts");
  await onOld(where, "start.sh", 180);
  if (!emptied) return;
  say("main starts, empty");
  await onMain(main, "start.sh", 1800);
}

/** Table → rows. */
export const rowsOf = (text: string): Map<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])]),
  );

/** `statuses: 20 there, 19 on main`. */
export const differentRows = (
  there: ReadonlyMap<string, number>,
  here: ReadonlyMap<string, number>,
): string[] =>
  [...new Set([...there.keys(), ...here.keys()])]
    .filter((table) => there.get(table) !== here.get(table))
    .map(
      (table) =>
        `${table}: ${there.get(table) ?? "no table"} there, ${here.get(table) ?? "no table"} on main`,
    );

const QUIET_MS = 15_000;

/** Says what begins, how long it took, and now and then how far it is. */
class Clock {
  private readonly start = Date.now();
  readonly steps: Record<string, number> = {};

  constructor(
    private readonly say: (line: string) => void,
    private readonly aborted: () => boolean,
  ) {}

  get total(): number {
    return (Date.now() - this.start) / 1000;
  }

  async step<T>(
    name: string,
    what: string,
    run: (progress: (bytes: number) => void) => Promise<T>,
  ): Promise<T> {
    if (this.aborted()) throw new UsageError("Stopped by you.");
    const start = Date.now();
    let bytes = 0;
    this.steps[name] = 0;
    this.say(what);
    const timer = setInterval(() => {
      const passed = bytes > 0 ? `, ${(bytes / 2 ** 20).toFixed(0)} MiB so far` : "";
      this.say(`  ${name}: ${Math.round((Date.now() - start) / 1000)} s${passed}`);
    }, QUIET_MS);
    try {
      return await run((passed) => {
        bytes = passed;
      });
    } finally {
      clearInterval(timer);
      this.steps[name] = (Date.now() - start) / 1000;
    }
  }
}
