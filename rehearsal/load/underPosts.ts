/**
 * An event happens while the owner posts; afterwards each acknowledged post is in the owner's home feed. Needs nothing that only the
 * stand-ins have.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { redis, sidekiqProcesses, sql } from "../../lab/databases";
import { until } from "../../tools/until";
import type { Needs } from "../world";
import { Incident } from "./underLoad";
import { Visitors } from "./visitors";

/** A person may make 300 posts in three hours; the count is reset for each event. */
const PAUSE_MS = 1000;

export interface PostsOptions {
  /** Seconds until everything has to work again. */
  recovery?: number;
  lossless?: boolean;
  /** Whether every request must be answered, even if late. */
  served?: boolean;
  /** Seconds until streaming has to accept a client again. */
  streaming?: number;
}

/** Posts, one after the other, until it is stopped. */
class Posts {
  readonly taken: { id: string; sent: number }[] = [];
  refused = 0;
  private stopped = false;
  private readonly ended: Promise<void>;

  constructor(
    private readonly world: Needs<"instance">,
    /** Seconds that the owner waits for an answer. */
    private readonly patience: number,
  ) {
    this.ended = this.run();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const sent = Date.now();
      await this.world.instance.post(`post ${this.taken.length}`, this.patience).then(
        (id) => this.taken.push({ id, sent }),
        () => {
          this.refused += 1;
        },
      );
      await sleep(PAUSE_MS);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.ended;
  }
}

/** @throws Error if an acknowledged post is not in the feed in the end, although none may be missing */
export async function underPosts(
  world: Needs<"instance" | "machines" | "outside" | "stack">,
  happen: (incident: Incident) => Promise<void>,
  { recovery = 180, lossless = false, served = false, streaming = 10 }: PostsOptions = {},
): Promise<string> {
  await forgetRates(world);
  const processes = await sidekiqProcesses(world.machines.main());
  const incident = new Incident(processes, "default");
  const visitors = await Visitors.start(world);
  const posts = new Posts(world, served ? 150 : 10);
  let back = 0;
  try {
    await until("the first posts", 60, async () => posts.taken.length > 2);
    await happen(incident);
    const end = Date.now();
    back = await visitors.letIn(end, streaming);
    await until("posts to be taken again", recovery, async () => posts.taken.some(({ sent }) => sent > end));
  } finally {
    await posts.stop();
    await visitors.stop();
  }
  const missing = await afterRetries(world, posts);
  const figure = `${posts.refused} of ${posts.taken.length + posts.refused} posts refused, ${missing} of those that were taken missing in the feed, streaming back after ${back.toFixed(1)} s`;
  if ((lossless && missing > 0) || (served && posts.refused > 0)) throw new Error(figure);
  return figure;
}

/** How many posts are not in the feed when nothing is left that could put them there. */
async function afterRetries(world: Needs<"machines" | "stack">, { taken }: Posts): Promise<number> {
  const main = () => world.machines.main();
  const [owner = ""] = await sql(
    main(),
    `SELECT account_id FROM users WHERE email = '${world.stack.settings.owner.email}'`,
  );
  let missing = taken.length;
  let quiet = 0;
  await until("every post to be in the feed, or nothing to be left to do", 300, async () => {
    const feed = new Set(await redis(main(), `ZRANGE feed:home:${owner} 0 -1`));
    missing = taken.filter(({ id }) => !feed.has(id)).length;
    // Retries are brought forward; a job in work is in none of these lists.
    const waiting = await redis(
      main(),
      `EVAL "for _, job in ipairs(redis.call('ZRANGE', 'retry', 0, -1)) do redis.call('ZADD', 'retry', 0, job) end; return redis.call('LLEN', 'queue:default') + redis.call('ZCARD', 'retry')" 0`,
    );
    quiet = waiting[0] === "0" ? quiet + 1 : 0;
    await sleep(1000);
    return missing === 0 || quiet > 20;
  });
  return missing;
}

async function forgetRates(world: Needs<"machines">): Promise<void> {
  const keys = (await redis(world.machines.main(), "--scan --pattern 'rate_limit:*'")).join(" ");
  if (keys) await redis(world.machines.main(), `DEL ${keys}`);
}
