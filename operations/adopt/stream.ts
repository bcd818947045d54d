/** Bytes from one machine to another through this one's memory, never through its disk. */
import { spawn } from "node:child_process";
import { UsageError } from "../../tools/commandLine";
import { lastWords } from "./onMain";
import { sshCommand } from "./ssh";

interface Stream {
  from: string;
  /** Its standard input on that machine. */
  script: string;
  to: string;
  /** Reads its standard input on that machine. */
  command: string;
  /** A script that comes before it on that input. */
  before?: string;
  /** What it is, for messages. */
  what: string;
  /** Called with the bytes that have passed. */
  progress: (bytes: number) => void;
}

interface End {
  code: number;
  stderr: string;
}

function started(command: readonly string[]) {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { stdio: "pipe", detached: true, env: process.env });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-10_000);
  });
  // If the other end goes away, its exit code says so.
  child.stdin.on("error", () => undefined);
  const end = new Promise<End>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 137, stderr }));
  });
  return { child, end };
}

/**
 * @returns the number of bytes
 * @throws UsageError if either end fails: then what arrived is not whole
 */
export async function stream({
  from,
  script,
  to,
  command,
  before = "",
  what,
  progress,
}: Stream): Promise<number> {
  const source = started(sshCommand(from, "bash", "-s"));
  const target = started(sshCommand(to, command));
  let bytes = 0;
  source.child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    progress(bytes);
  });
  target.child.stdin.write(before);
  source.child.stdout.pipe(target.child.stdin);
  source.child.stdin.end(script);
  const ended = await Promise.all([
    source.end.then((end) => {
      // Without its end, what it reads would look whole.
      if (end.code !== 0) target.child.kill();
      return end;
    }),
    target.end.then((end) => {
      if (end.code !== 0) source.child.kill();
      return end;
    }),
  ]);
  for (const [host, { code, stderr }] of [
    [from, ended[0]],
    [to, ended[1]],
  ] as const)
    if (code !== 0 && code !== 143)
      throw new UsageError(`${what}: ${host} ended with ${code}. ${lastWords(stderr)}`.trim());
  if (ended.some(({ code }) => code !== 0)) throw new UsageError(`${what} was cut off.`);
  return bytes;
}
