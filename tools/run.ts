/** Commands of this machine. */
import { spawn } from "node:child_process";

export interface RunOptions {
  /** Standard input; none where absent. */
  input?: string | Buffer;
  /** Seconds until the command and its children are killed; 300 where absent. */
  timeout?: number;
  env?: NodeJS.ProcessEnv;
}

export interface Result {
  /** Exit code; 128 + the signal's number after a kill, as a shell has it. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command and waits for its end, whatever its exit code. */
export function attempt(command: readonly string[], options: RunOptions = {}): Promise<Result> {
  const { input, timeout = 300, env = process.env } = options;
  const [file = "", ...args] = command;
  return new Promise((resolve, reject) => {
    // A process group of its own, so that a time-out reaches children too.
    const child = spawn(file, args, { env, detached: true, stdio: "pipe" });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const timer = setTimeout(() => {
      stderr += `\nkilled after ${timeout} s\n`;
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    }, timeout * 1000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 137, stdout, stderr });
    });
    // A command that does not read to the end is judged by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

/**
 * Standard output of a command.
 *
 * @throws Error with the command and all that it said, where it fails
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")}: exit ${code}\n${stdout}${stderr}`);
  return stdout;
}
