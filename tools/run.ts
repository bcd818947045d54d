/** Runs commands on this machine. */
import { spawn } from "node:child_process";

export interface RunOptions {
  /** Standard input; empty if absent. */
  input?: string | Buffer;
  /** Seconds until the command and its children are killed; 300 if absent. */
  timeout?: number;
  env?: NodeJS.ProcessEnv;
}

export interface Result {
  /** Exit code; 128 + the signal's number after a kill, as in a shell. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command and waits for its end, whatever its exit code. */
export function attempt(command: readonly string[], options: RunOptions = {}): Promise<Result> {
  const { input, timeout = 300, env = process.env } = options;
  const [file = "", ...args] = command;
  return new Promise((resolve, reject) => {
    // A separate process group, so that a time-out also reaches its children.
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
    // If a command does not read its whole input, its exit code decides.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

/**
 * Standard output of a command.
 *
 * @throws Error with the command and its output, if it fails
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")}: exit ${code}\n${stdout}${stderr}`);
  return stdout;
}
