/** `npm run drill -- --stack NAME --on WHERE`: proves that the newest backup can be restored. */
import { exitWith, readCommandLine, UsageError } from "../../tools/commandLine";
import { DEFAULT_FOLDER, stackDrill } from "./stackDrill";
import { outcomeText } from "./text";

const HELP = `npm run drill -- --on docker [--stack NAME]
npm run drill -- --on HOST [--stack NAME]

Restores the newest backup to this second on another machine, compares the copy with main, checks it, says how long all of
that took, and removes it. Main only notes a restore point and counts its rows. The result is kept there: mastodon-drill status.

  --stack NAME       the stack's name, or ORGANIZATION/PROJECT/STACK (default: prod)
  --on docker        in a Debian container on this machine, which needs room for the whole database
  --on HOST          on any Debian 13 that ssh reaches as root; Postgres and pgBackRest are installed there if they are missing
  --folder DIR       where the copy goes there (default: ${DEFAULT_FOLDER})
  --host-key KEY     HOST's public host key ("ssh-ed25519 AAAA…"); ssh then uses the stack's own key, and none of yours
  --json             prints the result as JSON
  --help             this

Exits with 0 if the drill passed, with 1 if it failed, with 2 if it came to no result.`;

async function main(): Promise<number> {
  const line = readCommandLine(process.argv.slice(2), {
    help: HELP,
    options: {
      stack: { type: "string", default: "prod" },
      on: { type: "string" },
      folder: { type: "string", default: DEFAULT_FOLDER },
      "host-key": { type: "string" },
      json: { type: "boolean" },
    },
  });
  if (!line) {
    console.log(HELP);
    return 0;
  }
  const { stack, on, folder, json, "host-key": hostKey } = line.values;
  if (!on) throw new UsageError(`Say where the copy goes: --on docker, or --on HOST.\n\n${HELP}`);
  if (on.startsWith("-") || /[\s@]/.test(on))
    throw new UsageError(`--on is ${on}; write docker, or a host's name.`);
  if (!/^\/[\w./-]+$/.test(folder))
    throw new UsageError(`--folder is ${folder}; write an absolute path, such as /mnt.`);
  if (on === "docker" && hostKey) throw new UsageError("--host-key is for --on HOST.");
  const { ok } = await stackDrill(
    stack,
    { on, folder, hostKey },
    (progress) => console.error(progress),
    (outcome) =>
      process.stdout.write(json ? `${JSON.stringify(outcome, null, 2)}\n` : outcomeText(stack, outcome)),
  );
  return ok ? 0 : 1;
}

exitWith(main());
