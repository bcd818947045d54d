/** One way for all of this project's commands to read their command line, to print help, and to report mistakes. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/** A mistake that the user can correct in the command line: shown without a stack trace. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>["values"];

export interface CommandLine<O extends Options> {
  /** Printed by `--help`, and after a mistake. */
  help: string;
  options: O;
  /** Words that may appear without dashes, at most one of them: `capacity` in `npm run bench -- capacity`. */
  words?: readonly string[];
  /** Words that are followed by a value, and what it is: `{ restore: "FILE" }`. */
  followed?: Readonly<Record<string, string>>;
}

/**
 * @returns undefined if help was asked for
 * @throws UsageError for an unknown option, a missing value or a stray word
 */
export function readCommandLine<O extends Options>(
  args: string[],
  { help, options, words = [], followed = {} }: CommandLine<O>,
): { values: Values<O>; word: string | undefined; operand: string | undefined } | undefined {
  const wrong = (what: string) => new UsageError(`${what}\n\n${help.trimEnd()}`);
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { ...options, help: { type: "boolean" } as const },
      allowPositionals: true,
    });
    if ((values as { help?: boolean }).help) return undefined;
    const [word, ...more] = positionals;
    const what = word === undefined ? undefined : followed[word];
    const operand = what ? more.shift() : undefined;
    const stray = word !== undefined && !words.includes(word) ? word : more[0];
    if (stray !== undefined)
      throw wrong(
        `"${stray}" is not expected here${words.length > 0 ? `; write ${words.join(" or ")}, or nothing` : ""}.`,
      );
    if (what && !operand) throw wrong(`${word} is followed by ${what}.`);
    return { values: values as Values<O>, word, operand };
  } catch (error) {
    if (!(error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS")) throw error;
    // Node's message continues with how to write an argument that begins with a dash.
    throw wrong(`${(error as Error).message.split(". ")[0]?.replace(/\.$/, "")}.`);
  }
}

/** An integer from an option. */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(`--${option} is ${text}; write a whole number from ${least} to ${most}.`);
  return value;
}

/**
 * Runs a command. Help goes to stdout. A mistake that the user can correct goes to stderr unchanged; a bug goes there with its stack trace.
 *
 * @param isUsers whether an error other than a UsageError is the user's mistake
 */
export async function runCommand<O extends Options>(
  line: CommandLine<O>,
  run: (values: Values<O>, word: string | undefined, operand: string | undefined) => unknown,
  isUsers: (error: unknown) => boolean = () => false,
): Promise<void> {
  try {
    const read = readCommandLine(process.argv.slice(2), line);
    if (read) await run(read.values, read.word, read.operand);
    else process.stdout.write(`${line.help.trimEnd()}\n`);
  } catch (error) {
    const ours = error instanceof UsageError || isUsers(error);
    process.stderr.write(`${ours ? (error as Error).message.trimEnd() : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}

/** Ends a command whose exit code is an answer: with that code, or with 2 and the message if there is none. */
export function exitWith(answer: Promise<number>): void {
  answer.then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      console.error(error.message);
      process.exitCode = 2;
    },
  );
}
