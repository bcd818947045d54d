/** `npm run adopt`: takes in an instance that runs elsewhere. */
import { StackFileError } from "../../settings/stackFile/stackFile";
import { checkStackName } from "../../settings/stackFile/stackNames";
import { runCommand, UsageError, wholeNumber } from "../../tools/commandLine";
import { look } from "./look";
import { checkMain, giveBack, move } from "./move";
import { movedText } from "./movedText";
import { mainOf } from "./onMain";
import { takeSecrets } from "./secrets";
import { checkHost } from "./ssh";
import { ROOT, readNewStack } from "./stack";
import { lookText, range } from "./text";
import type { Where } from "./there";

const HELP = `npm run adopt -- look --from HOST [options]
npm run adopt -- secrets --from HOST --stack STACK
npm run adopt -- move --from HOST --stack STACK --yes
npm run adopt -- back --from HOST --stack STACK

Takes in an instance that runs elsewhere (docs/moving-in.md).

  look              reads what the old server is like, and says what keeps the instance from moving, how long it would be
                    down and what to do. Changes nothing there. Exits with 1 if something keeps it from moving

  secrets           sets the old instance's keys as secrets of the new stack, before its first up. None is printed
  move              looks, then stops the old instance, brings database and Redis to main, compares, and starts main. If
                    anything fails, the old instance is started again
  back              starts the old instance again and empties main: the way back until DNS has moved

  --from HOST       the old server, as ssh knows it
  --compose DIR     folder of its compose file, if there are several
  --env FILE        its .env.production, if it is not where Mastodon is
  --stack STACK     where it is going; compares it with Pulumi.STACK.yaml
  --to HOST         main, as ssh knows it (default: the stack's output)
  --yes             move: do it, instead of saying what would be done; back: give up posts that were made on main
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
} as const;

const WORDS = ["look", "secrets", "move", "back"] as const;

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
  const main = await mainFor(values, stack);
  say(`a look at ${where.host}`);
  const found = await look(where, wholeNumber("patience", values.patience, 1, 600), readNewStack(stack));
  const refusals = found.findings.filter(({ level }) => level === "refusal");
  if (refusals.length > 0 || !values.yes) process.stdout.write(lookText(found));
  if (refusals.length > 0) throw new UsageError("The instance cannot move yet; nothing was changed.");
  say("a look at main");
  await checkMain({ where, main, look: found });
  if (!values.yes) {
    process.stdout.write("Nothing was changed. To move: the same command with --yes.\n");
    return;
  }
  say(`the site will be down for ${range(found.plan.total)}; to go back: npm run adopt -- back`);
  let asked = false;
  process.on("SIGINT", () => {
    if (asked) process.exit(130);
    asked = true;
    say("this step ends first, then the old instance starts again; once more to leave at once");
  });
  const moved = await move({ where, main, look: found, say, aborted: () => asked });
  process.stdout.write(movedText(moved, where, stack));
}

async function runBack(values: Values): Promise<void> {
  const where = whereOf(values);
  const main = await mainFor(values, stackOf(values));
  const yes = values.yes === true;
  await giveBack({ where, main, say, loss: yes ? "" : "refused", regardless: false });
  process.stdout.write("The old instance runs again, and main is empty.\n");
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
