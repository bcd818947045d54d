/**
 * The copy by replication: while the old instance serves, main follows it, Postgres as a standby and Redis as a replica. The site is down only
 * from the stop until both have the last of it and are promoted. Until then nothing of it shows on main.
 */
import { randomBytes } from "node:crypto";
import { UsageError } from "../../tools/commandLine";
import { until } from "../../tools/until";
import { redisAlong } from "./findings/redis";
import { fileOnMain, onMain, onMainForLong } from "./onMain";
import { onOld } from "./onOld";
import type { Look } from "./text";
import { scriptThere, type Where } from "./there";
import { type Tunnel, tunnel } from "./tunnel";

/** As main/main.sh has them. */
const PORTS = { postgres: 15432, redis: 16379 };

/** What the old server has written and main has, as counts of bytes. */
export interface Progress {
  written: number;
  replayed: number;
  redisWritten: number;
  /** -1 if main's Redis is not connected. */
  redisReplayed: number;
}

/** Bytes of the log that are behind in the worst moment of a healthy copy: a segment. */
const CLOSE_BYTES = 16 * 2 ** 20;

export class Replication {
  private readonly tunnels: Tunnel[] = [];
  private old = { superuser: "", database: "" };

  constructor(
    private readonly args: { where: Where; main: string; look: Look; say: (line: string) => void },
  ) {}

  private get redisDatabase(): string | undefined {
    return redisAlong(this.args.look.facts);
  }

  /** Main begins to follow; returns when the files are there. @throws UsageError */
  async begin(): Promise<void> {
    const { where, main, say } = this.args;
    const password = randomBytes(24).toString("hex");
    const facts = await onOld(where, "replication.sh", 120, { ACTION: "begin", PASSWORD: password });
    const fact = (name: string) => facts.get(name)?.[0] ?? "";
    this.old = { superuser: fact("superuser"), database: fact("database") };
    for (const [service, port] of Object.entries(PORTS)) {
      const script = scriptThere("connect.sh", where, { SERVICE: service });
      this.tunnels.push(await tunnel({ from: where.host, script, main, port }));
    }
    await onMainForLong(
      main,
      "standby.sh",
      {
        PASSWORD: password,
        SUPERUSER: this.old.superuser,
        REDIS: this.redisDatabase === undefined ? "" : "yes",
        REDIS_USER: fact("redisUser"),
        REDIS_PASSWORD: fact("redisPassword"),
      },
      (line) => say(`  ${line}`),
    );
  }

  private async progress(): Promise<Progress> {
    const { where, main } = this.args;
    for (const { broken } of this.tunnels) {
      const reason = broken();
      if (reason !== undefined) throw new UsageError(reason);
    }
    const [facts, redis] = await Promise.all([
      onOld(where, "replication.sh", 120, { ACTION: "state" }),
      onMain(main, "following.sh", 120),
    ]);
    const fact = (name: string) => Number(facts.get(name)?.[0] ?? -1);
    return {
      written: fact("written"),
      replayed: fact("replayed"),
      redisWritten: this.redisDatabase === undefined ? -1 : fact("redis"),
      redisReplayed: this.redisDatabase === undefined ? -1 : Number(redis),
    };
  }

  /**
   * Waits until main is close behind, or has everything that is written by now.
   *
   * @param limit seconds
   */
  async follows(close: boolean, limit: number): Promise<void> {
    const { say } = this.args;
    const goal = await this.progress();
    let now = goal;
    let said = Date.now();
    const reached = () => (close ? isClose(now) : has(now, goal));
    const asked = async () => {
      // The first answer may be enough: the site may be down.
      if (reached()) return true;
      now = await this.progress();
      if (Date.now() - said > 15_000) {
        said = Date.now();
        say(`  ${behind(now)}`);
      }
      return reached();
    };
    try {
      await until(close ? "main to follow" : "main to have the last of it", limit, asked);
    } catch (error) {
      throw new UsageError(`${(error as Error).message}: ${behind(now)}`);
    }
  }

  /** The copies take the place of main's own. */
  async promote(): Promise<void> {
    await onMain(this.args.main, "promote.sh", 1800, {
      SUPERUSER: this.old.superuser,
      DATABASE: this.old.database,
      REDIS_DATABASE: this.redisDatabase ?? "",
      SQL_ROLES: fileOnMain("roles.sql"),
      SQL_OWNER: fileOnMain("owner.sql"),
    });
  }

  close(): void {
    for (const { close } of this.tunnels) close();
  }
}

/** Removes the role that a copy by replication has made on the old server, if there is one. */
export const forgetRole = (where: Where) => onOld(where, "replication.sh", 120, { ACTION: "end" });

export const isClose = ({ written, replayed, redisWritten, redisReplayed }: Progress): boolean =>
  replayed >= 0 && written - replayed < CLOSE_BYTES && redisReplayed >= 0 === redisWritten >= 0;

/** Whether main has what the old server had written at the time of `goal`. */
export const has = (now: Progress, goal: Progress): boolean =>
  now.replayed >= goal.written && now.redisReplayed >= goal.redisWritten;

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export const behind = ({ written, replayed, redisWritten, redisReplayed }: Progress): string =>
  [
    replayed < 0 ? "Postgres is not connected" : `Postgres is ${mib(written - replayed)} behind`,
    ...(redisWritten < 0
      ? []
      : [
          redisReplayed < 0
            ? "Redis is not connected, or still copies"
            : `Redis ${mib(redisWritten - redisReplayed)}`,
        ]),
  ].join(", ");
