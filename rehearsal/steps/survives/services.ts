/** Services that end: by an orderly restart, by a kill, or because space ran out. */
import { setTimeout as sleep } from "node:timers/promises";
import { withoutPort } from "../../../lab/faults";
import { withFullVolume } from "../../../lab/fullVolume";
import type { Machine } from "../../../lab/machine";
import { until } from "../../../tools/until";
import type { Happening } from "./happening";
import { withoutS3 } from "./withoutS3";

const restart = (machine: Machine, unit: string) => machine.run(`systemctl restart ${unit}`);

const kill = (machine: Machine, unit: string) => machine.run(`systemctl kill --signal KILL ${unit}`);

export const SERVICES: Happening[] = [
  {
    promise: "kill -9 of a Sidekiq on a worker",
    async happen({ worker, incident }) {
      const victim = incident.processes.find(
        ({ hostname, queues }) => hostname === worker.hostname && queues.includes("push"),
      );
      if (!victim) throw new Error(`no process of ${worker.hostname} serves push`);
      await worker.machine.run(
        // Sidekiq itself, not the init process above it.
        "docker ps -q | xargs docker inspect -f '{{.State.Pid}} {{.Args}}' | awk '/push/ { print $1 }' | xargs pgrep -P | xargs kill -9",
      );
      incident.died(worker.hostname, victim.identity);
    },
  },
  ...[
    ["Postgres", "postgresql@17-main"],
    ["pgbouncer", "pgbouncer"],
    ["Redis", "redis-server"],
    ["the cache Redis", "redis-server@cache"],
    ["Mastodon", "mastodon"],
  ].map(
    ([name = "", unit = ""]): Happening => ({
      promise: `${name} restarts`,
      happen: ({ main }) => restart(main, unit),
      lossless: true,
      served: true,
    }),
  ),
  {
    promise: "a package's upgrade stops Redis, and starts it 15 s later",
    happen: ({ main }) => main.run("systemctl stop redis-server && sleep 15 && systemctl start redis-server"),
    lossless: true,
    served: true,
  },
  {
    promise: "kill -9 of pgbouncer",
    happen: ({ main }) => kill(main, "pgbouncer"),
    lossless: true,
  },
  {
    promise: "nobody can reach Redis for 15 s",
    happen({ main, incident }) {
      incident.disconnected();
      return withoutPort(main, 6379, () => sleep(15_000));
    },
  },
  {
    promise: "tailscaled restarts on main",
    happen: ({ main }) => restart(main, "tailscaled"),
    lossless: true,
  },
  {
    promise: "tailscaled restarts on a worker",
    happen: ({ worker }) => restart(worker.machine, "tailscaled"),
    lossless: true,
  },
  {
    promise: "kill -9 of tailscaled on main",
    happen({ main, incident }) {
      incident.disconnected();
      return kill(main, "tailscaled");
    },
  },
  {
    promise: "kill -9 of tailscaled on a worker",
    happen({ worker, incident }) {
      incident.disconnected();
      return kill(worker.machine, "tailscaled");
    },
  },
  { promise: "Docker restarts on main", happen: ({ main }) => restart(main, "docker"), lossless: true },
  {
    promise: "Docker restarts on a worker",
    happen: ({ worker }) => restart(worker.machine, "docker"),
    lossless: true,
  },
  {
    promise: "the data volume is full until Postgres has given up; once there is room, it recovers by itself",
    async happen({ main, incident }) {
      incident.refused();
      await withFullVolume(main, 3);
      await until(
        "Postgres",
        60,
        async () => (await main.attempt("runuser -u postgres -- pg_isready -q")).code === 0,
      );
    },
  },
  {
    promise: "S3 is down for 60 s: pages and cached media are served, an upload is refused and later taken",
    happen: ({ world }) => withoutS3(world),
    lossless: true,
  },
];
