/** Scripts on another machine, over the user's own ssh. They travel over standard input, so nothing of them is on a command line. */
import { spawn } from "node:child_process";
import { UsageError } from "../../tools/commandLine";
import { attempt, type Result } from "../../tools/run";
import { quoted } from "../ssh";

/** Whatever a user's configuration says, a command must not wait for a password that nobody types. */
const OPTIONS = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15"];

/** @throws UsageError for what ssh would take as an option */
export function checkHost(option: string, host: string): string {
  if (!/^[\w.@:[\]%-]+$/.test(host) || host.startsWith("-"))
    throw new UsageError(
      `--${option} is ${host}; write a host that ssh knows, such as root@old.example.org.`,
    );
  return host;
}

export const sshCommand = (host: string, ...command: string[]) => ["ssh", ...OPTIONS, host, ...command];

/** With options, and not by way of a connection that other commands share: what it forwards would stay. */
export const unshared = (host: string, ...options: string[]) => [
  "ssh",
  ...OPTIONS,
  "-o",
  "ControlPath=none",
  ...options,
  host,
];

/** Variables in front of a script. */
export const withVariables = (variables: Readonly<Record<string, string>>, script: string) =>
  `${Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join("\n")}\n${script}`;

/**
 * @param timeout seconds
 * @throws UsageError if ssh itself fails: its own message says why
 */
export async function onHost(host: string, script: string, timeout: number): Promise<Result> {
  const result = await attempt(sshCommand(host, "bash", "-s"), { input: script, timeout });
  if (result.code === 255) throw new UsageError(unreachable(host, result.stderr));
  return result;
}

export const unreachable = (host: string, stderr: string) => {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  return `ssh to ${host} failed: ${said || "no reason given"}. Try it by hand: ssh -o BatchMode=yes ${host} true`;
};

const PROBE_BYTES = 8 * 2 ** 20;

/** Megabits per second from the server to this machine, from the first byte on; undefined if the probe fails. */
export function measureRate(host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const [file = "", ...args] = sshCommand(host, "head", "-c", String(PROBE_BYTES), "/dev/urandom");
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "ignore"], env: process.env });
    let [bytes, start] = [0, 0];
    child.stdout.on("data", (chunk: Buffer) => {
      if (start === 0) start = performance.now();
      bytes += chunk.length;
    });
    const timer = setTimeout(() => child.kill(), 60_000);
    child.on("error", () => resolve(undefined));
    child.on("close", () => {
      clearTimeout(timer);
      const seconds = (performance.now() - start) / 1000;
      resolve(start > 0 && bytes > 2 ** 16 ? (bytes * 8) / 1e6 / seconds : undefined);
    });
  });
}
