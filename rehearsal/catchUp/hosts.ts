/** A fleet of the model as it runs in the rehearsal. */
import { type Fleet, hostOf, poolsOf } from "../../fleet/model/fleet";
import { sidekiqProcesses } from "../../lab/databases";
import type { Machine } from "../../lab/machine";
import { until } from "../../tools/until";
import { succeeded } from "../steps/step";
import type { Needs } from "../world";
import { quota } from "./scale";

/** Created by `pulumi up`, as the story's administrator would have done it with this program. */
export async function becomes(world: Needs<"stack">, { hosts }: Fleet): Promise<void> {
  world.stack.engine.edit((settings) => {
    settings.main.sidekiq = [...hostOf(hosts, "database").sidekiq];
    settings.workers = poolsOf(hosts).map(({ name, size, count, sidekiq }) => ({
      name,
      size: size.slug,
      count,
      sidekiq: [...sidekiq],
    }));
    // It refuses the story's layouts for the story's users, and prod's half an hour for anybody's.
    settings.workload = { activeUsers: 200 };
    settings.recovery = { catchUpHours: 24 };
  });
  succeeded(await world.stack.engine.up());
  await world.stack.read();
}

/** The fleet's hosts as they run in the rehearsal. */
export interface Host {
  machine: Machine;
  /** Cores of this machine that it may use. */
  cores: { machine: number; process: number };
  /** Its Sidekiq processes, by this machine's own process ids. */
  pids: number[];
}

/** Its machines, main first, once every Sidekiq process is running. */
export async function hostsOf(world: Needs<"machines">, fleet: Fleet): Promise<Host[]> {
  const wanted = fleet.hosts.map(({ sidekiq, count }) =>
    sidekiq.reduce((sum, { replicas }) => sum + replicas * count, 0),
  );
  const total = wanted.reduce((sum, one) => sum + one, 0);
  await until(`${total} Sidekiq processes`, 90, async () => {
    return (await sidekiqProcesses(world.machines.main())).length === total;
  });
  return world.machines.all().map((machine, h) => {
    const pids = machine.processes(/^sidekiq \d/);
    if (pids.length !== wanted[h])
      throw new Error(`${machine.name} runs ${pids.length} Sidekiq processes instead of ${wanted[h]}`);
    return { machine, cores: quota(fleet, h), pids };
  });
}
