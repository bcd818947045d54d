/** `npm run adopt`: takes in an instance that runs elsewhere. */
import { createInterface } from "node:readline";
import { StackFileError } from "../../settings/stackFile/stackFile";
import { checkStackName } from "../../settings/stackFile/stackNames";
import { runCommand, UsageError, wholeNumber } from "../../tools/commandLine";
import { look } from "./look";
import { checkMain, giveBack, type Move, move } from "./move";
import { movedText, returnedText } from "./movedText";
import { mainOf } from "./onMain";
import { checkOld, returnToOld } from "./returnToOld";
import { takeSecrets } from "./secrets";
import { checkHost } from "./ssh";
import { ROOT, readNewStack } from "./stack";
import { lookText, range } from "./text";
import type { Where } from "./there";

const HELP = `npm run adopt -- look --from HOST [options]
npm run adopt -- secrets --from HOST --stack STACK
npm run adopt -- move --from HOST --stack STACK --yes
npm run adopt -- back --from HOST --stack STACK
npm run adopt -- return --from HOST --stack STACK --yes

Takes in an instance that runs elsewhere (docs/moving-in.md).

  look              reads what the old server is like, and says what keeps the instance from moving, how long it would be
                    down and what to do. Changes nothing there. Exits with 1 if something keeps it from moving

  secrets           sets the old instance's keys as secrets of the new stack, before its first up. None is printed
  move              looks, then stops the old instance, brings database and Redis to main, compares, and starts main. If
                    anything fails, the old instance is started again
  back              starts the old instance again and empties main: the way back until DNS has moved

  return            the way back after that: main finishes its jobs and stops, what was written on it goes to the old server, and
                    the old instance starts with it. Its release has to be main's

  --from HOST       the old server, as ssh knows it
  --compose DIR     folder of its compose file, if there are several
  --env FILE        its .env.production, if it is not where Mastodon is
  --stack STACK     where it is going; compares it with Pulumi.STACK.yaml
  --to HOST         main, as ssh knows it (default: the stack's output)
  --by WAY          move: dump (default), or replication: main first follows the old server, which goes on serving, and the
                    site is down for a minute. The look says whether that is possible. In a terminal, it waits for Enter
  --yes             move, return: do it, instead of saying what would be done; back: give up posts that were made on main
  --patience MIN    minutes that one query may take there (default: 2)
  --json            print the facts, findings and plan as JSON
  --help            this
`;

const OPTIONS = {
  from: { type: "string" },
  compose: { type: "string" },
  env: { type: "string" },
  stack: { type: "string" },
  patience: { type: "string", default: "2" },
  json: { type: "boolean" },
  to: { type: "string" },
  yes: { type: "boolean" },
  by: { type: "string", default: "dump" },
} as const;

const WORDS = ["look", "secrets", "move", "back", "return"] as const;

function whereOf(values: { from?: string; compose?: string; env?: string }): Where {
  if (values.from === undefined) throw new UsageError(`Say where the instance runs: --from HOST.\n\n${HELP}`);
  if (values.compose !== undefined && values.env !== undefined)
    throw new UsageError(
      "--compose and --env exclude each other: containers have their variables from compose.",
    );
  for (const name of ["compose", "env"] as const)
    if (values[name] !== undefined && !values[name].startsWith("/"))
      throw new UsageError(
        `--${name} is ${values[name]}; write a path from the root, such as /home/mastodon/live.`,
      );
  return { host: checkHost("from", values.from), compose: values.compose ?? "", env: values.env ?? "" };
}

type Values = {
  from?: string;
  compose?: string;
  env?: string;
  stack?: string;
  patience: string;
  json?: boolean;
  to?: string;
  yes?: boolean;
  by: string;
};

async function runLook(values: Values): Promise<void> {
  const where = whereOf(values);
  const stack = values.stack === undefined ? undefined : readNewStack(values.stack);
  const patience = wholeNumber("patience", values.patience, 1, 600);
  process.stderr.write(`Looking at ${where.host}; each query gives up after ${patience} min.\n`);
  const found = await look(where, patience, stack);
  process.stdout.write(values.json ? `${JSON.stringify(found, null, 2)}\n` : lookText(found));
  if (found.findings.some(({ level }) => level === "refusal")) process.exitCode = 1;
}

async function runSecrets(values: Values): Promise<void> {
  const where = whereOf(values);
  const stack = stackOf(values);
  const names = await takeSecrets(where, stack);
  process.stdout.write(
    `Set in Pulumi.${stack}.yaml, encrypted: ${names.join(", ")}.\nCommit that file. Next: pulumi up.\n`,
  );
}

const say = (line: string) =>
  void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

const mainFor = async (values: Values, stack: string) =>
  values.to === undefined ? mainOf(stack) : checkHost("to", values.to);

async function runMove(values: Values): Promise<void> {
  const where = whereOf(values);
  const stack = stackOf(values);
  const by = wayOf(values);
  const main = await mainFor(values, stack);
  say(`a look at ${where.host}`);
  const found = await look(where, wholeNumber("patience", values.patience, 1, 600), readNewStack(stack));
  const refusals = found.findings.filter(({ level }) => level === "refusal");
  if (refusals.length > 0 || !values.yes) process.stdout.write(lookText(found));
  if (refusals.length > 0) throw new UsageError("The instance cannot move yet; nothing was changed.");
  say("a look at main");
  await checkMain({ where, main, look: found, by });
  if (!values.yes) {
    process.stdout.write("Nothing was changed. To move: the same command with --yes.\n");
    return;
  }
  say(
    by === "dump"
      ? `the site will be down for ${range(found.plan.total)}; to go back: npm run adopt -- back`
      : "the old instance goes on serving until main follows it; to go back: npm run adopt -- back",
  );
  let asked = false;
  process.on("SIGINT", () => {
    if (asked) process.exit(130);
    asked = true;
    say("this step ends first, then the old instance starts again; once more to leave at once");
  });
  const ready = process.stdin.isTTY ? enter : undefined;
  const moved = await move({
    where,
    main,
    look: found,
    by,
    say,
    aborted: () => asked,
    ...(ready && { ready }),
  });
  process.stdout.write(movedText(moved, where, stack));
}

/** The site goes down when somebody says so. */
async function enter(): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C is for the whole command, which ends in order.
  terminal.on("SIGINT", () => process.emit("SIGINT"));
  await new Promise<void>((resolve) => {
    terminal.question("Press Enter, and the site goes down for about a minute: ", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  terminal.close();
}

function wayOf({ by }: Values): Move["by"] {
  if (by !== "dump" && by !== "replication")
    throw new UsageError(`--by is ${by}; write dump or replication.`);
  return by;
}

async function runBack(values: Values): Promise<void> {
  const where = whereOf(values);
  const main = await mainFor(values, stackOf(values));
  const yes = values.yes === true;
  await giveBack({ where, main, say, loss: yes ? "" : "refused", regardless: false });
  process.stdout.write("The old instance runs again, and main is empty.\n");
}

async function runReturn(values: Values): Promise<void> {
  const where = whereOf(values);
  const stack = stackOf(values);
  const main = await mainFor(values, stack);
  await checkOld({ where, main });
  if (values.yes !== true) {
    process.stdout.write(
      `${where.host} has room for main's database, and its code knows it. Nothing was changed. To go back: the same command with --yes.\n`,
    );
    return;
  }
  const { downSeconds, rows, before } = await returnToOld({ where, main, say });
  process.stdout.write(returnedText({ where, stack, downSeconds, rows, before }));
}

function stackOf({ stack }: Values): string {
  if (stack === undefined) throw new UsageError("Say where it is going: --stack STACK.");
  checkStackName(ROOT, stack);
  return stack;
}

const COMMANDS: Readonly<Record<(typeof WORDS)[number], (values: Values) => Promise<void>>> = {
  look: runLook,
  secrets: runSecrets,
  move: runMove,
  back: runBack,
  return: runReturn,
};

if (require.main === module)
  runCommand(
    { help: HELP, options: OPTIONS, words: WORDS },
    (values, word) => {
      if (word === undefined) throw new UsageError(`Say what to do: ${WORDS.join(", ")}.\n\n${HELP}`);
      return COMMANDS[word as (typeof WORDS)[number]](values as Values);
    },
    (error) => error instanceof StackFileError,
  );
