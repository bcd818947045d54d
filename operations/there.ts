/** Scripts that run elsewhere: sent over standard input, so that neither they nor what follows them shows on a command line. */
import { spawn } from "node:child_process";
import type { Result } from "../tools/run";

/** A machine that a command reaches. */
export interface Place {
  /** For messages. */
  name: string;
  /** What the remote command is appended to. */
  command: readonly string[];
}

export interface ThereOptions {
  /** The command there. */
  run: readonly string[];
  /** Its standard input. */
  input: string | Buffer;
  /** Whether the input stays open until the command ends, with a line every few seconds: by that it knows that somebody still waits. */
  alive?: boolean;
  /** Called with each line of standard error as it arrives. */
  progress?: (line: string) => void;
}

const HEARTBEAT_MS = 15_000;

/** Runs a command there and waits for its end, however long that takes. */
export function runThere({ command }: Place, options: ThereOptions): Promise<Result> {
  const [file = "", ...args] = [...command, ...options.run];
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "pipe", env: { ...process.env, LC_ALL: "C" } });
    let [stdout, stderr, line] = ["", "", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const lines = (line + text).split(/\r?\n/);
      line = lines.pop() ?? "";
      for (const one of lines) options.progress?.(one);
    });
    // The command may end before it has read everything: its exit code decides.
    child.stdin.on("error", () => undefined);
    child.stdin.write(options.input);
    const heart = options.alive ? setInterval(() => child.stdin.write("\n"), HEARTBEAT_MS) : undefined;
    if (!heart) child.stdin.end();
    child.on("error", (error) => {
      clearInterval(heart);
      reject(error);
    });
    child.on("close", (code) => {
      clearInterval(heart);
      if (line) options.progress?.(line);
      resolve({ code: code ?? 137, stdout, stderr });
    });
  });
}
