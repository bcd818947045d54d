/**
 * The way back after DNS has moved: what was written on main goes to the old server, whose own database stays there under another name. Until
 * the old instance has it, main can serve again, and does if anything fails.
 */
import { UsageError } from "../../tools/commandLine";
import { Clock, LONG } from "./clock";
import type { Move } from "./move";
import { onMain, scriptOnMain } from "./onMain";
import { onOld } from "./onOld";
import { differentRows, rowsOf, totalRows } from "./rows";
import { stream } from "./stream";
import { fileThere, scriptThere } from "./there";

const DRAIN_SECONDS = 900;

export interface Returned {
  downSeconds: number;
  steps: Readonly<Record<string, number>>;
  rows: number;
  /** The database of before, on the old server. */
  before: string;
}

interface Return extends Pick<Move, "where" | "main" | "say" | "aborted"> {
  /** Seconds for the jobs that wait on main; a quarter of an hour if absent. */
  patience?: number;
}

/** Before anything stops: the old server has room, and its code knows main's database. */
export async function checkOld({ where, main }: Pick<Return, "where" | "main">): Promise<void> {
  const [bytes = "", ...migrations] = (await onMain(main, "leaving.sh", 120, { ACTION: "facts" }))
    .trim()
    .split("\n");
  await onOld(where, "returned.sh", 120, { ACTION: "room", BYTES: bytes, MIGRATIONS: migrations.join("\n") });
}

/** @throws UsageError that says what failed; then main serves */
export async function returnToOld({
  where,
  main,
  say,
  aborted = () => false,
  patience = DRAIN_SECONDS,
}: Return): Promise<Returned> {
  const clock = new Clock(say, aborted);
  try {
    const left = await clock.step(
      "drain",
      "main lets nobody in, finishes its jobs and stops: the site is down from now on",
      () => onMain(main, "leaving.sh", patience + 300, { ACTION: "drain", PATIENCE: String(patience) }),
    );
    const [undone = "0", retries = "0"] = left.trim().split(" ");
    if (left.trim() !== "0 0")
      say(`  given up: ${undone} jobs that were not done, and ${retries} that would have been tried again`);
    await clock.step("dump", "main's database travels to the old server, which restores it", (progress) =>
      stream({
        from: main,
        script: scriptOnMain("leave.sh"),
        to: where.host,
        command: "bash -s",
        before: scriptThere("receive.sh", where),
        what: "the dump",
        progress,
      }),
    );
    const sql = { SQL_ROWS: fileThere("rows.sql") };
    const [there, here] = await clock.step("rows", "rows are counted on both sides", () =>
      Promise.all([
        onOld(where, "rows.sh", LONG, { ...sql, RETURNING: "yes" }).then(
          (facts) => facts.get("rows")?.[0] ?? "",
        ),
        onMain(main, "rows.sh", LONG, sql),
      ]),
    );
    const wrong = differentRows(rowsOf(there), rowsOf(here));
    if (wrong.length > 0)
      throw new UsageError(`The old server has other rows than main: ${wrong.join("; ")}.`);
    const before = await clock.step(
      "exchange",
      "it takes the place of the old database; Redis is emptied there",
      () => onOld(where, "returned.sh", 120, { ACTION: "exchange" }),
    );
    await clock.step("start", "main stays stopped, and the old instance starts", async () => {
      await onMain(main, "leaving.sh", 120, { ACTION: "left" });
      await onOld(where, "start.sh", 180);
    });
    return {
      downSeconds: clock.total,
      steps: clock.steps,
      rows: totalRows(rowsOf(here)),
      before: before.get("before")?.[0] ?? "",
    };
  } catch (error) {
    const { message } = error as Error;
    if (clock.steps.exchange !== undefined)
      throw new UsageError(
        `${message}. The old server may have main's database already: look there before you start either.`,
      );
    say(`failed: ${message}`);
    say("main serves again");
    await onMain(main, "leaving.sh", 900, { ACTION: "stay" });
    await onOld(where, "returned.sh", 120, { ACTION: "forget" });
    throw new UsageError(`Nothing has changed, and main serves again. ${message}`);
  }
}
