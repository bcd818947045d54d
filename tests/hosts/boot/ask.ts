/** What the tests of booting ask a machine. */

import type { Machine } from "../../../lab/machine";
import { type HostBundle, RECEIVE, sent } from "../../../machines/bundle";
import { COMPOSE_PATH } from "../../../services/compose";
import type { Result } from "../../../tools/run";

/** A query as Postgres' administrator. */
export const sql = async (machine: Machine, query: string): Promise<string> =>
  (
    await machine.run("runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -d mastodon", { input: query })
  ).trim();

/** redis-cli on the Redis of queues and feeds. */
export const redis = async (machine: Machine, command: string): Promise<string> =>
  (
    await machine.run(
      `REDISCLI_AUTH="$(cat /etc/mastodon-host/secrets/redis-password)" redis-cli -e -h 127.0.0.1 ${command}`,
    )
  ).trim();

/** Of the databases, and nothing where there are none. */
export const databases = async (machine: Machine): Promise<string> =>
  (await machine.attempt("pgrep -xl 'postgres|redis-server|pgbouncer'")).stdout;

/** Until it does its work; what it waited for otherwise. */
export const ready = (machine: Machine, seconds = 180): Promise<string> =>
  machine.run(`mastodon-ready ${seconds} 2>&1`, { timeout: seconds + 10 });

/** Until somebody listens on that port. */
export const listening = (machine: Machine, port: number, address = "127.0.0.1"): Promise<void> =>
  machine.waitFor(`${address}:${port}`, 120, async () =>
    (await machine.attempt(`ss -ltnH 'sport = :${port}'`)).stdout.includes(`${address}:${port}`),
  );

/** As `pulumi up` brings a changed bundle to a living machine, but for ssh itself. */
export const receive = (machine: Machine, bundle: HostBundle): Promise<Result> =>
  machine.attempt(RECEIVE, { input: sent(bundle), timeout: 600 });

/** The bundle with one text of one of its files replaced. */
export function edited(bundle: HostBundle, path: string, from: string | RegExp, to: string): HostBundle {
  const files = bundle.files.map((file) =>
    file.path === path ? { ...file, content: file.content.replace(from, to) } : file,
  );
  if (JSON.stringify(files) === JSON.stringify(bundle.files)) throw new Error(`${path} has no ${from}`);
  return { ...bundle, files };
}

/** Health checks every two seconds. The timeout is shorter than in production, but a busy machine can start a command within it. */
export const checkedOften = (bundle: HostBundle): HostBundle =>
  edited(bundle, COMPOSE_PATH, /interval: "30s"\n(\s+)timeout: "\d+s"/g, 'interval: "2s"\n$1timeout: "12s"');

/** What runs, each with what another value of says that it was started anew: a process, or a container. */
export async function running(machine: Machine): Promise<Record<string, string>> {
  const units = await machine.run(
    "systemctl list-units --type=service --state=running --plain --no-legend | awk '{ print $1 }' | xargs systemctl show -p Id,MainPID,ExecMainStartTimestampMonotonic",
  );
  const containers = await machine.run(
    "docker ps --no-trunc -q --filter label=com.docker.compose.oneoff=False | xargs -r docker inspect -f '{{.Name}} {{.Id}} {{.State.StartedAt}}'",
  );
  return Object.fromEntries([
    ...units
      .trim()
      .split("\n\n")
      .map((block) => {
        const values = Object.fromEntries(
          block.split("\n").map((line) => line.split("=") as [string, string]),
        );
        return [values.Id, `${values.MainPID} ${values.ExecMainStartTimestampMonotonic}`];
      }),
    ...containers
      .trim()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => [line.split(" ")[0], line]),
  ]);
}

/** Names of what was started anew, is new or is gone. */
export const restarted = (before: Record<string, string>, after: Record<string, string>): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => before[name] !== after[name])
    .sort();

/**
 * What systemd said as the machine was last switched off; -1: not said.
 *
 * @returns where in it the last line is that starts with that text
 */
export async function lastShutdown(machine: Machine): Promise<(text: string) => number> {
  // Until then this boot's journal is apart from the earlier ones.
  await machine.waitFor("the journal", 60, async () =>
    (await machine.attempt("systemctl is-active systemd-journal-flush.service")).stdout.startsWith("active"),
  );
  const lines = (await machine.run("journalctl -q -b -1 -o cat _PID=1")).split("\n");
  return (text) => lines.findLastIndex((line) => line.startsWith(text));
}
