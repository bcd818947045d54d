/** `npm run calibrate -- --stack NAME`: a week of main's measurements as `workload`. */
import { readFileSync, writeFileSync } from "node:fs";
import { exitWith, readCommandLine, UsageError, wholeNumber } from "../../tools/commandLine";
import { withStackKey } from "../ssh";
import { readStackState } from "../stackState";
import { machinesOf } from "../status/machines";
import { askMain, frameOf } from "./ask";
import { learn } from "./learn";
import { type Export, exportSchema, STEP } from "./measures";
import { Sample } from "./sample";
import { type KnownStack, readKnownStack } from "./stack";
import { learnedText } from "./text";
import { known, type Week, weekOf } from "./windows";

const HELP = `npm run calibrate -- [--stack NAME] [--days N] [--out FILE] [--save FILE]
npm run calibrate -- --from FILE [--stack NAME] [--out FILE]

Reads what main has measured, and prints it as YAML for the stack file, each value with its spread: people and the jobs that come
with and without them, what a job of each queue costs, web's CPU, the round trip, the tailnet's CPU, sizes of feeds and jobs. It asks
main's Prometheus over the tailnet, with the stack's own ssh key, and changes nothing (docs/capacity.md, "Calibrate").

  --stack NAME   the stack's name, or ORGANIZATION/PROJECT/STACK (default: prod)
  --days N       so many days up to now, of the 30 that main keeps (default: 7)
  --out FILE     writes the YAML there
  --save FILE    also writes what was read, for --from
  --from FILE    reads what was saved, and asks nobody

Exits with 0 if a week was read, with 1 if it was less, with 2 if it is not enough.`;

const EXIT = { week: 0, less: 1 } as const;

const DAY = 86_400;
/** A day has a night, and eight blocks to draw from. */
const LEAST_DAYS = 1;
const ENOUGH_DAYS = 7;
const KEPT_DAYS = 30;
/** Of a week, a window may be missing now and then: a reboot, an upgrade. */
const ENOUGH_SHARE = 0.9;

const OPTIONS = {
  stack: { type: "string", default: "prod" },
  days: { type: "string" },
  out: { type: "string" },
  save: { type: "string" },
  from: { type: "string" },
} as const;

function readExport(file: string): Export {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`--from is ${file}, which cannot be read: ${(error as Error).message}`);
  }
  try {
    return exportSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageError(`--from is ${file}, which is not what --save writes.`);
  }
}

async function ask(stack: string, days: number, say: Surroundings["say"]): Promise<Export> {
  const { resources } = await readStackState(stack);
  const { main, privateKey } = machinesOf(stack, resources);
  const frame = frameOf(stack, Date.now() / 1000, STEP, (days * DAY) / STEP);
  return withStackKey(privateKey, (ssh) =>
    askMain({ name: main.host, command: ssh(main) }, frame, (line) => say(`${main.host}: ${line}`)),
  );
}

/** @throws UsageError if it is not enough */
export function requireEnough(week: Week): void {
  const days = (known(week) * week.step) / DAY;
  if (days < LEAST_DAYS * ENOUGH_SHARE)
    throw new UsageError(
      days === 0
        ? "Main has measured no jobs in that time. It counts them from the first `pulumi up` with this version on, if main.watch is on: come back in a week."
        : `Only ${(days * 24).toFixed(1)} hours are known. A day is the least, with its night, and a week is better: come back later, or ask for more with --days.`,
    );
}

/** Where it writes, and where stacks are; the tests have their own. */
export interface Surroundings {
  print: (text: string) => void;
  say: (line: string) => void;
  readStack: (name: string) => KnownStack;
}

const OURS: Surroundings = {
  print: (text) => process.stdout.write(text),
  say: (line) => process.stderr.write(`${line}\n`),
  readStack: readKnownStack,
};

/** @returns the exit code */
export async function calibrate(args: string[], { print, say, readStack } = OURS): Promise<number> {
  const line = readCommandLine(args, { help: HELP, options: OPTIONS });
  if (!line) {
    print(`${HELP.trimEnd()}\n`);
    return 0;
  }
  const { stack, from, out, save, days } = line.values;
  if (from !== undefined && (save ?? days) !== undefined)
    throw new UsageError("--from reads what is there; --days and --save do not go with it.");
  const wanted = days === undefined ? ENOUGH_DAYS : wholeNumber("days", days, LEAST_DAYS, KEPT_DAYS);
  const own = readStack(stack);
  const read = from === undefined ? await ask(stack, wanted, say) : readExport(from);
  if (save !== undefined) writeFileSync(save, `${JSON.stringify(read)}\n`);
  const week = weekOf(read);
  requireEnough(week);
  const learned = learn(week, own.settings);
  const { defaults } = new Sample(week, own.settings);
  const text = learnedText({ stack, week, learned, defaults }, own);
  if (out === undefined) print(text);
  else writeFileSync(out, text);
  for (const { what, why } of learned.left) say(`left as it is: ${what}: ${why}`);
  const enough = known(week) * week.step >= ENOUGH_SHARE * ENOUGH_DAYS * DAY;
  if (!enough)
    say("That is less than a week: weekends may differ, and the spread is that of these days only.");
  return enough ? EXIT.week : EXIT.less;
}

if (require.main === module) exitWith(calibrate(process.argv.slice(2)));
