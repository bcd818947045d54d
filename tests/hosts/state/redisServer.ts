/** A Redis of the hosts' own version without a machine around it, and what Mastodon keeps in it. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer, type Socket } from "node:net";
import { QUEUE_NAMES } from "../../../catalogue/queues";
import { FEED_ENTRIES, FEED_FULLNESS, JOB_BYTES } from "../../../fleet/sizing/state";
import { until } from "../../../tools/until";

const command = (...words: readonly string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;

/** A status' number has 18 digits (mastodon/mastodon:lib/mastodon/snowflake.rb). */
const statusId = (n: number) => String(113_000_000_000_000_000n + BigInt(n) * 65_536n);

export class RedisServer {
  /** What it answered with an error, each kind once. */
  readonly errors = new Set<string>();
  private answered = 0;
  private asked = 0;
  private last = "";
  private used = 0;

  private constructor(
    private readonly server: ChildProcess,
    private readonly socket: Socket,
  ) {
    socket.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.last + text).split("\r\n");
      this.last = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("-")) this.errors.add(line.slice(1));
        if (/^[-:+]/.test(line)) this.answered++;
        const [, bytes] = /^used_memory:(\d+)$/.exec(line) ?? [];
        if (bytes) this.used = Number(bytes);
      }
    });
  }

  /** @param root with redis-server in it */
  static async start(root: string, maxMemoryMiB: number): Promise<RedisServer> {
    const port = await freePort();
    const options = {
      port,
      bind: "127.0.0.1",
      save: "",
      appendonly: "no",
      maxmemory: `${Math.round(maxMemoryMiB * 1024)}kb`,
      "maxmemory-policy": "noeviction",
    };
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const server = spawn("chroot", [root, "/usr/bin/redis-server", ...words], { stdio: "ignore" });
    let socket: Socket | undefined;
    await until("Redis", 30, async () => {
      socket = await new Promise<Socket | undefined>((resolve) => {
        const one = connect(port, "127.0.0.1", () => resolve(one)).on("error", () => resolve(undefined));
      });
      return socket !== undefined;
    });
    return new RedisServer(server, socket as Socket);
  }

  private send(text: string, commands: number): Promise<void> {
    this.asked += commands;
    return new Promise((resolve) => {
      if (this.socket.write(text)) resolve();
      else this.socket.once("drain", resolve);
    });
  }

  private settled(): Promise<void> {
    return until("Redis' answers", 120, async () => this.answered >= this.asked);
  }

  /** Home feeds, each as full as the model takes the mean for. */
  async feeds(count: number): Promise<void> {
    for (let feed = 0; feed < count; feed++) {
      const entries = Array.from({ length: FEED_ENTRIES * FEED_FULLNESS }, (_, i) =>
        statusId(feed + i),
      ).flatMap((id) => [id, id]);
      await this.send(command("ZADD", `feed:home:${statusId(feed)}`, ...entries), 1);
    }
    await this.settled();
  }

  /** @param waiting jobs of each queue, in the order of QUEUE_NAMES; each with a payload of the size that was measured */
  async jobs(waiting: readonly number[]): Promise<void> {
    for (const [q, queue] of QUEUE_NAMES.entries())
      for (let job = 0; job < Math.ceil(waiting[q] ?? 0); job++)
        await this.send(command("LPUSH", `queue:${queue}`, `${job} `.padEnd(JOB_BYTES[queue], "x")), 1);
    await this.settled();
  }

  /** What it says that it has in use, in MiB. */
  async usedMiB(): Promise<number> {
    this.used = 0;
    await this.send(command("INFO", "memory"), 0);
    await until("Redis' INFO", 30, async () => this.used > 0);
    return this.used / 2 ** 20;
  }

  stop(): void {
    this.socket.destroy();
    this.server.kill("SIGKILL");
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .on("error", reject)
      .listen(0, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
      });
  });
}
