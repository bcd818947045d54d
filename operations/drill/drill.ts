/** A drill: the newest backup restored to this second on another machine, and compared with main. */
import type { Result } from "../../tools/run";
import { type Place, runThere } from "../there";
import { readCopy, readMain } from "./facts";
import { type Outcome, outcomeOf } from "./outcome";
import { machineScript, mainScript } from "./scripts";

export interface DrillArgs {
  main: Place;
  /** The machine that the copy is restored on. */
  machine: Place;
  /** The stack's own key of the repository: what is left of it when main is lost. */
  repositoryKey: string;
  /** Major version of Postgres to try an upgrade to; 0 for none. */
  nextMajor: (major: number) => number;
  /** Where the copy goes on the machine. */
  folder: string;
  progress: (line: string) => void;
}

/** The drill did not come to a result. */
export class DrillError extends Error {}

/** Archiving retries for minutes before it gives up on a bucket. */
const ARCHIVE_SECONDS = 900;
/** Up to 20 GB, pg_amcheck looks for every row in every index: about a minute per GB. */
const THOROUGH_BYTES = 20e9;
const SCRIPT = ["bash", "-s"];

/** @throws DrillError if main could not be asked, or the machine came to no result */
export async function drill(args: DrillArgs): Promise<Outcome> {
  const { main, machine, progress } = args;
  const name = `drill-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;
  const before = readMain(
    await said(main, { run: SCRIPT, input: mainScript({ name, limitSeconds: ARCHIVE_SECONDS }), progress }),
  );
  // Only in this process' memory and in pipes.
  const configuration = withKey(
    await said(main, { run: ["cat", "/etc/pgbackrest.conf"], input: "" }),
    args.repositoryKey,
  );
  const nextMajor = args.nextMajor(before.major);
  const script = machineScript({
    name,
    main: before,
    nextMajor,
    folder: args.folder,
    thoroughBytes: THOROUGH_BYTES,
  });
  const result = await runThere(machine, {
    run: SCRIPT,
    input: `${script}${configuration}END\n`,
    alive: true,
    progress,
  });
  const copy = readCopy(result.stdout);
  if (!copy) throw broken(machine, result);
  return outcomeOf(before, copy, machine.name, nextMajor);
}

/** Keeps the outcome on main, where `mastodon-drill status` shows it. */
export async function record(main: Place, outcome: Outcome): Promise<void> {
  await said(main, { run: ["mastodon-drill", "record"], input: `${JSON.stringify(outcome)}\n` });
}

/**
 * Main's configuration of pgBackRest with the stack's key in place of main's. They are the same, unless the stack's is wrong: then nothing
 * could be restored without main.
 */
export function withKey(configuration: string, key: string): string {
  const line = /^repo1-cipher-pass=.*$/m;
  if (!line.test(configuration))
    throw new DrillError("main's /etc/pgbackrest.conf has no repo1-cipher-pass: run pulumi up first");
  return configuration.replace(line, () => `repo1-cipher-pass=${key}`);
}

/** Standard output of a command that has to work. */
async function said(place: Place, options: Parameters<typeof runThere>[1]): Promise<string> {
  const result = await runThere(place, options);
  if (result.code !== 0) throw broken(place, result);
  return result.stdout;
}

/** The last line is the reason of ssh (255), docker (125 to 127) or the script; after a signal it only says what was going on. */
function broken({ name }: Place, { code, stderr }: Result): DrillError {
  const last = stderr.trim().split("\n").at(-1) ?? "";
  return new DrillError(
    last === "" || (code > 128 && code < 255)
      ? `${name}: the connection ended (exit code ${code})${last ? ` after: ${last}` : ""}`
      : `${name}: ${last}`,
  );
}
