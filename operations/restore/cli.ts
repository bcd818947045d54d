/** `npm run restore -- --stack NAME --time TIME --to WHERE`: the database of a living stack, as it was at a second. */
import { readFileSync } from "node:fs";
import { exitWith, readCommandLine, UsageError } from "../../tools/commandLine";
import { quoted, withStackKey } from "../ssh";
import { readStackState } from "../stackState";
import { machinesOf } from "../status/machines";
import { runThere } from "../there";
import { request, WORDS } from "./request";

const HELP = `npm run restore -- [--stack NAME]
npm run restore -- [--stack NAME] --time latest|TIME --to main|copy [--redis] [--as-of TIME] [--yes]
npm run restore -- [--stack NAME] --federation FILE.sql.gz.gpg [--yes]
npm run restore -- [--stack NAME] back|confirm|drop-copy [--yes]

Without a time, it says what can be restored. With one, it says what that would take, and with --yes it does it: main fetches the
backup from the bucket and replays everything up to that second. A time is in UTC, such as "2026-11-29 12:34:56+00".

  --to main     in the place of the database in use, which is kept; the site is down meanwhile
  --to copy     next to it, for single rows; the site goes on
  --redis       queues and feeds as they were at that second, too
  --as-of TIME  from the bucket as it was then, after somebody deleted or overwrote what is in it
  --federation FILE
                an export of the accounts, which you fetched from the backup bucket with your own credentials: an instance that nobody
                has used yet becomes the one that it is of, without its posts
  back          puts back what was there before the restore
  confirm       deletes it
  drop-copy     removes the copy
  --yes         does it; without it, nothing is changed
  --stack NAME  the stack's name, or ORGANIZATION/PROJECT/STACK (default: prod)
  --help        this

A new stack, or a new volume, restores itself: docs/recovery.md. Exits with 0 if it was done, with 1 if not, with 2 if main was not asked.`;

function content(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`--federation: ${(error as Error).message}`);
  }
}

async function main(): Promise<number> {
  const line = readCommandLine(process.argv.slice(2), {
    help: HELP,
    options: {
      stack: { type: "string", default: "prod" },
      time: { type: "string" },
      to: { type: "string" },
      redis: { type: "boolean" },
      "as-of": { type: "string" },
      federation: { type: "string" },
      yes: { type: "boolean" },
    },
    words: WORDS,
  });
  if (!line) {
    console.log(HELP);
    return 0;
  }
  const { stack, ...options } = line.values;
  const asked = request(line.word, options);
  const input = options.federation ? content(options.federation) : "";
  const { resources } = await readStackState(stack);
  const { privateKey, main: machine } = machinesOf(stack, resources);
  const { code, stdout } = await withStackKey(privateKey, (ssh) =>
    runThere(
      { name: "main", command: ssh(machine) },
      { run: ["mastodon-restore", ...asked].map(quoted), input, progress: (said) => console.error(said) },
    ),
  );
  process.stdout.write(stdout);
  // ssh's own failure.
  return code === 255 ? 2 : Math.min(code, 1);
}

exitWith(main());
