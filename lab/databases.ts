/** Asks main's databases, on main. */
import type { Machine } from "./machine";

/** Rows of a query, with `|` between columns. */
export async function sql(main: Machine, query: string): Promise<string[]> {
  const text = await main.run("runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -d mastodon", {
    input: query,
  });
  return text.split("\n").filter(Boolean);
}

/** Redis' answer, one line per element. */
export async function redis(main: Machine, command: string): Promise<string[]> {
  const password = "REDISCLI_AUTH=$(cat /etc/mastodon-host/secrets/redis-password)";
  const text = await main.run(`${password} redis-cli -e --no-auth-warning ${command}`);
  return text.split("\n").filter(Boolean);
}

/** A Sidekiq process as it registers itself. */
export interface SidekiqProcess {
  identity: string;
  hostname: string;
  queues: string[];
  concurrency: number;
}

/** Heartbeats come every ten seconds; a dead process' entry stays for a minute. */
const BEAT_MS = 12_000;

/** The processes that are alive. */
export async function sidekiqProcesses(main: Machine): Promise<SidekiqProcess[]> {
  const found: SidekiqProcess[] = [];
  for (const identity of await redis(main, "SMEMBERS processes")) {
    const [info, beat] = await redis(main, `HMGET '${identity}' info beat`);
    if (info && Date.now() - Number(beat) * 1000 < BEAT_MS) found.push(JSON.parse(info) as SidekiqProcess);
  }
  return found;
}
