/**
 * The move, by dump or by replication. Until main has taken over, the old instance can be started again, and is: whatever fails, it is started,
 * and main is as it was before.
 */
import { createHash } from "node:crypto";
import { UsageError } from "../../tools/commandLine";
import { Clock, LONG } from "./clock";
import { redisAlong } from "./findings/redis";
import { onMain } from "./onMain";
import { onOld } from "./onOld";
import { forgetRole, Replication } from "./replication";
import { differentRows, rowsOf, totalRows } from "./rows";
import { MOVED_SECRETS, type MovedSecret } from "./secretNames";
import { readSecrets } from "./secrets";
import { stream } from "./stream";
import type { Look } from "./text";
import { fileThere, scriptThere, type Where } from "./there";

export interface Move {
  where: Where;
  /** Main, as ssh knows it. */
  main: string;
  look: Look;
  by: "dump" | "replication";
  /** One line of progress. */
  say: (line: string) => void;
  /** Waits until the site may go down, once main follows; at once if absent. */
  ready?: () => Promise<void>;
  /** Whether the user has asked to stop: asked before each step. */
  aborted?: () => boolean;
}

export interface Moved {
  downSeconds: number;
  /** What took how long, in seconds. */
  steps: Readonly<Record<string, number>>;
  /** Of a move by dump. */
  dump?: { bytes: number; rows: number; tables: number };
  /** How long main took to follow before, in seconds, of a move by replication. */
  copySeconds?: number;
}

const FOLDER = "/srv/data/moving";
/** The passphrase is main's own, in a file there. */
const ENCRYPTED = `umask 077; home=$(mktemp -d); trap 'rm -rf "$home"' EXIT; gpg --batch --quiet --homedir "$home" --pinentry-mode loopback --passphrase-file /etc/mastodon-host/secrets/backup-key --symmetric --cipher-algo AES256 --compress-algo none >${FOLDER}/old.dump.gpg`;

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

/** Bytes that the move takes on main's volume: by dump, the database and a quarter of it for the dump; by replication, the whole cluster. */
const needs = ({ look: { facts }, by }: Pick<Move, "look" | "by">): number =>
  by === "dump" ? ((facts.database?.bytes ?? 0) * 5) / 4 : (facts.database?.clusterBytes ?? 0) * 1.1;

/** Before anything stops: main is new, has room, and has the same keys; and it can be done that way. */
export async function checkMain(args: Omit<Move, "say">): Promise<void> {
  const { where, main, look, by } = args;
  const { possible, why } = look.plan.physical;
  if (by === "replication" && !possible)
    throw new UsageError(`It cannot move by replication: ${why}. It can by dump: --by dump.`);
  await onMain(main, "check.sh", 120, {
    BYTES: String(Math.ceil(needs(args))),
    KEYS: await keysOf(where),
  });
}

/** @throws UsageError that says what failed and what runs now */
export async function move(args: Move): Promise<Moved> {
  const { where, main, say, by } = args;
  const clock = new Clock(say, args.aborted ?? (() => false));
  const replication = by === "replication" ? new Replication(args) : undefined;
  // Before anything else is restored.
  let since = "9";
  try {
    say("main: Mastodon stops; it is empty");
    since = (await onMain(main, "prepare.sh", 300)).trim();
    if (replication) await follow(replication, args, clock);
    const copySeconds = replication && clock.again();
    await clock.step("stop", "the old instance stops: its site is down from now on", () =>
      onOld(where, "stop.sh", 180, { MOVING: fileThere("moving.py") }),
    );
    const dump = replication ? await takeCopy(replication, clock) : await takeDump(args, clock);
    await clock.step(START, "main migrates the database if it has to, and starts", () =>
      onMain(main, "start.sh", LONG, redisAlong(args.look.facts) === undefined ? { FEEDS: "rebuild" } : {}),
    );
    const downSeconds = clock.total;
    if (replication) await forgetRole(where);
    return {
      downSeconds,
      steps: clock.steps,
      ...(dump ? { dump } : {}),
      ...(copySeconds === undefined ? {} : { copySeconds }),
    };
  } catch (error) {
    const { message } = error as Error;
    say(`failed: ${message}`);
    // Until main has been told to start, it does nothing: then the old instance may start whatever main says.
    await giveBack({ where, main, say, loss: "", since, regardless: clock.steps[START] === undefined });
    throw new UsageError(`The move failed, and the old instance runs again. ${message}`);
  } finally {
    replication?.close();
  }
}

const START = "start";

/** A day for what comes after the files: what was written while they travelled. */
const CATCH_UP_SECONDS = 24 * 3600;

async function follow(replication: Replication, { say, ready }: Move, clock: Clock): Promise<void> {
  await clock.step("copy", "main copies the old server, which goes on serving", () => replication.begin());
  await clock.step("follow", "main reads what was written meanwhile", () =>
    replication.follows(true, CATCH_UP_SECONDS),
  );
  say("main follows the old server");
  await ready?.();
  // However long that took.
  await replication.follows(true, CATCH_UP_SECONDS);
}

async function takeCopy(replication: Replication, clock: Clock): Promise<undefined> {
  await clock.step("last", "main gets the last of it", () => replication.follows(false, 300));
  await clock.step("promote", "main's copies take the place of the empty ones", () => replication.promote());
}

async function takeDump({ where, main, look }: Move, clock: Clock): Promise<Moved["dump"]> {
  const bytes = await clock.step("dump", "the dump travels to main", (progress) =>
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
  const database = redisAlong(look.facts);
  if (database !== undefined)
    await clock.step("redis", "Redis: queues and feeds", async (progress) => {
      await stream({
        from: where.host,
        script: scriptThere("redis.sh", where),
        to: main,
        command: `umask 077; mkdir -p ${FOLDER} && cat >${FOLDER}/dump.rdb`,
        what: "Redis' dump",
        progress,
      });
      await onMain(main, "redis.sh", 1800, { DATABASE: database });
    });
  return { bytes, rows: totalRows(rows), tables: rows.size };
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
  if (emptied) {
    say("main starts, empty");
    await onMain(main, "start.sh", 1800);
  }
  await forgetRole(where);
}
