/** What happens to a living instance, under load, with every job accounted for. */
import { setTimeout as sleep } from "node:timers/promises";
import { redis } from "../databases";
import { withoutDirectPaths, withoutTailnet } from "../faults";
import { summary } from "../load/accounting";
import { figures, type Incident, ORDINARY, underLoad } from "../load/underLoad";
import type { Machine } from "../machine";
import type { Rehearsal } from "../rehearsal";
import { until } from "../until";
import { type Step, type StepInputs, succeeded } from "./step";

/** Who is there when it happens. */
interface Cast {
  rehearsal: Rehearsal;
  main: Machine;
  worker: ReturnType<Rehearsal["workerHosts"]>[number];
  incident: Incident;
}

interface Happening {
  promise: string;
  happen(cast: Cast): Promise<unknown>;
  /** Whether no job may be lost, for whatever reason. */
  lossless?: boolean;
}

const restart = (machine: Machine, unit: string) => machine.run(`systemctl restart ${unit}`);

const SERVICES: Happening[] = [
  {
    promise: "kill -9 of a Sidekiq on a worker",
    async happen({ worker, incident }) {
      const victim = incident.processes.find(
        ({ hostname, queues }) => hostname === worker.hostname && queues.includes("push"),
      );
      if (!victim) throw new Error(`no process of ${worker.hostname} serves push`);
      await worker.machine.run(
        "docker ps -q | xargs docker inspect -f '{{.State.Pid}} {{.Args}}' | awk '/push/ { print $1 }' | xargs kill -9",
      );
      incident.died(worker.hostname, victim.identity);
    },
  },
  { promise: "Postgres restarts", happen: ({ main }) => restart(main, "postgresql@17-main"), lossless: true },
  { promise: "pgbouncer restarts", happen: ({ main }) => restart(main, "pgbouncer"), lossless: true },
  {
    promise: "Redis restarts",
    happen({ main, incident }) {
      incident.disconnected();
      return restart(main, "redis-server");
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
  { promise: "Docker restarts on main", happen: ({ main }) => restart(main, "docker"), lossless: true },
  {
    promise: "Docker restarts on a worker",
    happen: ({ worker }) => restart(worker.machine, "docker"),
    lossless: true,
  },
  {
    promise: "the data volume is full for 20 s",
    async happen({ main, incident }) {
      incident.refused();
      await main.run(
        `fallocate -l "$(df --output=avail -B1 /srv/data | tail -n 1)" /srv/data/ballast
         dd if=/dev/zero of=/srv/data/ballast.rest bs=4k status=none || true`,
      );
      await sleep(20_000);
      await main.run("rm /srv/data/ballast*");
    },
  },
];

const PATHS: Happening[] = [
  {
    promise: "a worker's direct path is blocked: its jobs go over the relay, and it warns of that",
    happen({ worker, incident }) {
      // For some seconds, until tailscaled takes to the relay.
      incident.disconnected(({ hostname }) => hostname === worker.hostname);
      return withoutDirectPaths(worker.machine, async () => {
        const warned = "journalctl -q -u mastodon-worker -p warning --since -5min -o cat";
        await until("the worker's warning of a relay", 60, async () =>
          (await worker.machine.run(warned)).includes("packets to main go through the relay"),
        );
        const ready = await worker.machine.run("mastodon-ready 60");
        if (!ready.includes("no direct path to main")) throw new Error(`mastodon-ready: ${ready}`);
      });
    },
  },
  {
    promise: "a worker is cut off from the tailnet for 60 s",
    happen({ worker, incident }) {
      incident.disconnected(({ hostname }) => hostname === worker.hostname);
      return withoutTailnet(worker.machine, () => sleep(60_000));
    },
  },
];

const MACHINES: Happening[] = [
  {
    promise: "a worker reboots",
    happen: ({ rehearsal, worker }) => rehearsal.cloud.machines.reboot(worker.dropletName),
    lossless: true,
  },
  {
    promise: "a worker loses its power",
    happen: ({ rehearsal, worker, incident }) =>
      rehearsal.cloud.machines.powerCut(worker.dropletName, () => incident.died(worker.hostname)),
  },
  {
    promise: "main reboots",
    happen: ({ rehearsal }) => rehearsal.rebootMain(),
    lossless: true,
  },
  {
    promise: "main reboots while the tailnet's control plane is down",
    lossless: true,
    async happen({ rehearsal }) {
      await rehearsal.plane.down();
      try {
        await rehearsal.rebootMain();
        await until("HTTPS", 120, async () => (await rehearsal.web("/health")).stdout === "OK");
      } finally {
        await rehearsal.plane.up();
      }
    },
  },
  {
    promise: "main loses its power",
    async happen({ rehearsal, incident }) {
      incident.disconnected();
      await rehearsal.cloud.machines.powerCut(rehearsal.mainDroplet, () => {
        incident.died(rehearsal.site.hostnames.main);
        incident.powerCut();
      });
    },
  },
  {
    promise: "main is replaced on purpose, and its volume adopted",
    lossless: true,
    async happen({ rehearsal }) {
      const { engine } = rehearsal;
      engine.edit(({ main }) => {
        main.generation = Number(main.generation ?? 1) + 1;
      });
      succeeded(await engine.up());
      await rehearsal.read();
      await rehearsal.syncFirewall();
    },
  },
];

async function baseline({ rehearsal, report }: StepInputs) {
  await report.check("nothing happens: no job is lost", async () => {
    return figures(await underLoad(rehearsal, () => sleep(5000), { lossless: true }));
  });
  await report.check("somebody takes a job out of Redis: the accounts notice it, and fail", async () => {
    const stolen = underLoad(rehearsal, ({ queue }) =>
      redis(rehearsal.main(), `BRPOP queue:${queue} 10`).then(() => undefined),
    );
    const said = await stolen.then(figures, (error: Error) => error.message);
    if (!/ 1 of \d+ jobs lost: 1 unexplained\njob \d+: no process ever had it$/.test(said))
      throw new Error(said);
  });
  await report.check("jobs that fail for good are dead, and known as such", async () => {
    const load = { ...ORDINARY, retry: 1, work: { ...ORDINARY.work, fails: true } };
    const outcome = await underLoad(rehearsal, () => sleep(1000), { load });
    const { lost, acknowledged } = outcome.account;
    if (lost.length !== acknowledged) throw new Error(summary(outcome.account));
    return figures(outcome);
  });
}

export const survives: Step = async (inputs) => {
  const { rehearsal, report } = inputs;
  await baseline(inputs);
  for (const { promise, happen, lossless = false } of [...SERVICES, ...PATHS, ...MACHINES]) {
    await report.check(promise, async () => {
      const happening = async (incident: Incident) => {
        const [worker] = rehearsal.workerHosts();
        if (!worker) throw new Error("the stack has no worker");
        await happen({ rehearsal, main: rehearsal.main(), worker, incident });
      };
      return figures(await underLoad(rehearsal, happening, { lossless }));
    });
  }
  return true;
};
