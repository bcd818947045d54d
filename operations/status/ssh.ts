/** Asks machines over ssh, as `pulumi up` reaches them: with the stack's own key, and only if they show the host key of the state. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt, type Result } from "../../tools/run";
import type { Machine } from "./machines";
import type { Answers } from "./reading";
import type { Answer } from "./schema";

const QUESTIONS = readFileSync(join(__dirname, "questions.sh"), "utf8");
/** ssh has 10 s to connect, and the questions 12. */
const SECONDS = 30;

export type Ask = (machine: Machine) => Promise<Answer<Answers>>;

/** @param use may ask until it ends; then the key is deleted */
export async function overSsh<T>(privateKey: string, use: (ask: Ask) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "mastodon-status-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const interrupted = () => {
    remove();
    process.exit(130);
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    chmodSync(folder, 0o700);
    const key = join(folder, "key");
    writeFileSync(key, `${privateKey.trim()}\n`, { mode: 0o600 });
    return await use((machine) => askOne(folder, key, machine));
  } finally {
    remove();
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
}

async function askOne(
  folder: string,
  key: string,
  { name, host, hostKey }: Machine,
): Promise<Answer<Answers>> {
  const known = join(folder, `known-${name}`);
  writeFileSync(known, `${host} ${hostKey}\n`);
  const result = await attempt(
    [
      ...["ssh", "-F", "none", "-i", key],
      ...[
        "IdentitiesOnly=yes",
        `UserKnownHostsFile=${known}`,
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        "ConnectTimeout=10",
        "LogLevel=ERROR",
      ].flatMap((option) => ["-o", option]),
      `root@${host}`,
      QUESTIONS,
    ],
    { env: { ...process.env, LC_ALL: "C" }, timeout: SECONDS },
  );
  return answersOf(result);
}

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
