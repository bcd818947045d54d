/** Reads what a machine printed (questions.sh). */
import type { Answer } from "./schema";

/** By name: the lines of an answer; `NAME.error` has what the question complained of, `NAME.code` its exit code. */
export type Answers = Readonly<Record<string, readonly string[]>>;

/** Seconds that questions.sh gives each question. */
const LIMIT = 9;
/** Exit codes of `timeout`: the question was ended, or killed. */
const ENDED = [124, 137];

export const text = (lines: readonly string[] = []) => lines.join("\n").trim();

/** @returns why a question has no answer; undefined if it has one */
export function trouble(answers: Answers, question: string, fine: readonly number[]): string | undefined {
  const [code] = answers[`${question}.code`] ?? [];
  if (code === undefined || ENDED.includes(Number(code))) return `no answer within ${LIMIT} s`;
  if (fine.includes(Number(code))) return undefined;
  return text(answers[`${question}.error`]).split("\n").at(-1) || `exit code ${code}`;
}

/**
 * @param read what the lines say; if it throws, the answer is unknown
 * @param fine exit codes of an answer
 */
export function read<T>(
  answers: Answers,
  question: string,
  read: (lines: readonly string[]) => T,
  fine: readonly number[] = [0],
): Answer<T> {
  const unknown = trouble(answers, question, fine);
  if (unknown !== undefined) return { unknown };
  try {
    return { value: read(answers[question] ?? []) };
  } catch (error) {
    return { unknown: `unexpected answer: ${(error as Error).message}` };
  }
}

export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null || Number.isNaN(value)) throw new Error(`no ${what}`);
  return value;
}
export const number = (text: string | undefined, what: string) =>
  must(text === undefined || text.trim() === "" ? undefined : Number(text), what);

/** Of grep over several files: what one of them contains. */
export const fileIn = (lines: readonly string[], path: string) =>
  lines.filter((line) => line.startsWith(`${path}:`)).map((line) => line.slice(path.length + 1));

/** The folder of the machine's own state. */
export const STATE = "/var/lib/mastodon-host";

/** Of lines `NAME=VALUE`. */
export const variable = (lines: readonly string[], name: string) =>
  must(lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1), name);

interface Unit {
  Id: string;
  ActiveState: string;
}

export const units = (lines: readonly string[]) =>
  text(lines)
    .split("\n\n")
    .map((block) => Object.fromEntries(block.split("\n").map((line) => line.split("="))) as Unit);
const unit = (all: readonly Unit[], name: string) =>
  must(
    all.find(({ Id }) => Id === `${name}.service`),
    `unit ${name}`,
  );
export const running = (all: readonly Unit[], name: string) =>
  ["active", "activating", "reloading"].includes(unit(all, name).ActiveState);
