/** Asks machines over ssh, as `pulumi up` reaches them: with the stack's own key, and only if they show the host key of the state. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, type Result } from "../../tools/run";
import { withStackKey } from "../ssh";
import type { Machine } from "./machines";
import type { Answers } from "./reading";
import type { Answer } from "./schema";

const QUESTIONS = readFileSync(join(__dirname, "questions.sh"), "utf8");
/** ssh has 15 s to connect, and the questions 12. */
const SECONDS = 30;

export type Ask = (machine: Machine) => Promise<Answer<Answers>>;

/** @param use may ask until it ends; then the key is deleted */
export const overSsh = <T>(privateKey: string, use: (ask: Ask) => Promise<T>): Promise<T> =>
  withStackKey(privateKey, (ssh) =>
    use(async (machine) =>
      answersOf(
        await attempt([...ssh(machine), QUESTIONS], {
          env: { ...process.env, LC_ALL: "C" },
          timeout: SECONDS,
        }),
      ),
    ),
  );

/** @returns why there is no answer, in ssh's or the machine's words */
export function answersOf({ code, stdout, stderr }: Result): Answer<Answers> {
  const said = stderr.trim().split("\n").at(-1) || `ssh ended with ${code}`;
  if (code !== 0) return { unknown: said };
  try {
    return { value: JSON.parse(stdout) as Answers };
  } catch {
    return { unknown: "it answered, but not with JSON" };
  }
}
