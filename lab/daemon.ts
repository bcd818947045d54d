/** A program that runs next to the machines until it is stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface DaemonArgs {
  name: string;
  command: readonly string[];
  /** Folder of its log. */
  folder: string;
  env?: NodeJS.ProcessEnv;
  /** Whether it answers. */
  ready: () => Promise<boolean>;
}

/** Whether somebody accepts connections there: for most daemons this means ready. */
export const listens = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, address);
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.on("connect", () => answer(true)).on("error", () => answer(false));
  });

export class Daemon {
  private constructor(
    private readonly args: DaemonArgs,
    private readonly process: ChildProcess,
  ) {}

  /** @throws Error with the end of its log, if it does not answer within 30 seconds */
  static async start(args: DaemonArgs): Promise<Daemon> {
    const [file = "", ...rest] = args.command;
    const child = spawn(file, rest, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...args.env },
    });
    const daemon = new Daemon(args, child);
    const log = createWriteStream(daemon.logPath, { flags: "a" });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const end = Date.now() + 30_000;
    while (!(await args.ready())) {
      if (child.exitCode !== null || Date.now() > end) {
        child.kill("SIGKILL");
        throw new Error(`${args.name} did not start:\n${daemon.log().slice(-2000)}`);
      }
      await sleep(100);
    }
    return daemon;
  }

  private get logPath(): string {
    return join(this.args.folder, `${this.args.name}.log`);
  }

  log(): string {
    return readFileSync(this.logPath, "utf8");
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(timer);
  }
}
