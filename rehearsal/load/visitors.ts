/** People who open a page during an event: measures how long streaming accepts none of them. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { until } from "../../tools/until";
import type { Needs } from "../world";
import type { Tick } from "./accounting";

export class Visitors {
  readonly ticks: (Tick & { problem: string | null })[] = [];
  private readonly process: ChildProcess;
  private readonly ended: Promise<unknown>;

  private constructor(command: readonly string[], order: object) {
    const [file = "", ...rest] = command;
    this.process = spawn(file, rest, { stdio: ["pipe", "pipe", "inherit"] });
    this.ended = new Promise((resolve) => this.process.once("close", resolve));
    this.process.stdin?.write(`${JSON.stringify(order)}\n`);
    if (this.process.stdout)
      createInterface(this.process.stdout).on("line", (line) => this.ticks.push(JSON.parse(line)));
  }

  static async start({
    outside,
    stack: { site, names },
    instance,
  }: Needs<"instance" | "outside" | "stack">): Promise<Visitors> {
    const command = outside.command([process.execPath, join(__dirname, "openPages.js")]);
    const token = await instance.ownersToken();
    const library = require.resolve("ws");
    return new Visitors(command, { library, address: site.ipv4, name: names.web, token });
  }

  /**
   * Waits for a client who came after that time and was accepted.
   *
   * @param since milliseconds since 1970
   * @returns seconds since then
   * @throws Error with the last client's answer, if none is in time
   */
  async letIn(since: number, seconds: number): Promise<number> {
    const first = () => this.ticks.find(({ sent, ok }) => ok && sent >= since);
    await until("streaming to let somebody in", seconds, async () => first() !== undefined).catch((error) => {
      throw new Error(`${error.message}: ${this.ticks.at(-1)?.problem ?? "no answer"}`);
    });
    return ((first()?.answered ?? since) - since) / 1000;
  }

  async stop(): Promise<void> {
    this.process.stdin?.end();
    await this.ended;
  }
}
