/**
 * Each provider fails in the middle of a change. A few calls of each change by default; with ENGINE_FAULTS=all every single one
 * is refused once, and in another round times out once.
 */

import type { Step } from "../../doubles/engine/engineStack";
import type { Effect, Fault } from "../../doubles/faults";
import { CHANGES } from "./kindsOfChange";
import {
  DATA_HOLDERS,
  figure,
  type Lab,
  livingProd,
  outputsInState,
  succeeded,
  unknownToTheState,
} from "./lab";

const ALL = process.env.ENGINE_FAULTS === "all";

let prod: Lab;
beforeAll(async () => {
  prod = await livingProd();
});
afterAll(() => prod.remove());

const METHODS: Record<string, Fault["method"]> = {
  create: "create",
  "create-replacement": "create",
  update: "update",
  delete: "delete",
  "delete-replaced": "delete",
};
/** Their ends are the engine's, which calls no provider for them. */
const RETAINED = /-(assignment|data-attachment|in-project)$/;
const CALLED = /^(digitalocean|tailscale|command|random|tls):/;

/** The calls of providers that a preview announces. */
const callsOf = (steps: readonly Step[]) =>
  steps.flatMap(({ op, type, name }) => {
    const method = METHODS[op];
    if (!method || !CALLED.test(type) || (method === "delete" && RETAINED.test(name))) return [];
    // A readiness command has nothing to do when it is deleted, and the local providers make nothing outside.
    return [{ method, name, local: /^(command|random|tls):/.test(type) }];
  });

/** Of each method the first, and the droplet's: what comes after it is there already, or is not. */
function sample<T extends { method: string; name: string }>(calls: T[]): T[] {
  const firsts = [...new Map([...calls].reverse().map((call) => [call.method, call])).values()];
  const droplets = calls.filter(({ method, name }) => method === "create" && name.endsWith("-droplet"));
  return [...new Set([...firsts, ...droplets.slice(0, 1)])];
}

const holders = async () =>
  Object.entries(await outputsInState(prod.engine))
    .filter(([name]) => DATA_HOLDERS.test(name))
    .map(([name, { id }]: [string, { id?: string }]) => `${name} ${id}`)
    .sort();

const rounds: Effect[][] = ALL ? [["refused"], ["timed out"]] : [["refused", "timed out"]];
const total = { faults: 0, ups: 0, refreshes: 0 };
afterAll(() => figure(`${total.faults} faults, ${total.ups} ups, ${total.refreshes} refreshes in all`));

for (const effects of rounds) {
  test.each(CHANGES)(
    `$title, ${effects.join(" or ")}: the next ups end it, nothing is doubled, and no data holder is touched`,
    async ({ title, edit }) => {
      const { cloud, engine } = prod;
      const before = await holders();
      // A second round does the same to a stack that has been through the first.
      if (effects !== rounds[0]) engine.edit(anew(title));
      else engine.edit(edit);
      cloud.journal.clear();
      const planned = callsOf(succeeded(await engine.preview()).steps);
      const calls = ALL ? planned : sample(planned);
      calls.forEach(({ method, name, local }, i) => {
        const effect = local ? "refused" : (effects[i % effects.length] ?? "refused");
        cloud.faults.add({ method, name, effect });
      });

      let [ups, refreshes] = [0, 0];
      for (let left = cloud.faults.left.length; left > 0; ) {
        const up = await engine.up();
        ups++;
        expect(up.ok).toBe(false);
        const now = cloud.faults.left.length;
        if (now === left) {
          // What is gone already cannot be deleted: the runbook's refresh.
          expect(up.output).toMatch(/unexpected state 'Not Found'|could not be found/);
          succeeded(await engine.refresh());
          expect(++refreshes).toBeLessThan(10);
        }
        left = now;
      }
      let last = await engine.up();
      if (!last.ok && /unexpected state 'Not Found'|could not be found/.test(last.output)) {
        succeeded(await engine.refresh());
        refreshes++;
        last = await engine.up();
      }
      succeeded(last);

      expect(await unknownToTheState(prod)).toEqual([]);
      expect(await holders()).toEqual(before);
      expect(cloud.journal.lines("boot outside the tailnet", "volume torn away", "power cut")).toEqual([]);
      succeeded(await engine.preview({ expectNoChanges: true }));
      total.faults += calls.length;
      total.ups += ups + 1;
      total.refreshes += refreshes;
      figure(`${title}: ${calls.length} faults, ${ups + 1} ups, ${refreshes} refreshes`);
    },
    1_800_000,
  );
}

test("a refresh that any provider refuses to answer changes nothing, and the one that is answered finds no drift", async () => {
  const { cloud, engine } = prod;
  const before = await holders();
  const held = [cloud.main, cloud.workers, cloud.aws, cloud.tailnet].flatMap((account) => account.list());
  cloud.faults.add(
    ...held.map(({ name }) => ({ method: "read" as const, name, effect: "refused" as const })),
  );
  let refreshes = 0;
  for (let left = cloud.faults.left.length; left > 0; left = cloud.faults.left.length) {
    const refused = await engine.refresh();
    refreshes++;
    expect(refused.ok).toBe(false);
    expect(refused.output).toContain("503 Service Unavailable");
    expect(cloud.faults.left.length).toBeLessThan(left);
  }
  succeeded(await engine.preview({ refresh: true, expectNoChanges: true }));
  expect(await unknownToTheState(prod)).toEqual([]);
  expect(await holders()).toEqual(before);
  figure(`reads: ${held.length} faults, ${refreshes} refreshes refused`);
});

/** The same kind of change once more, from where the first round left the stack. */
function anew(title: string) {
  return (settings: Parameters<(typeof CHANGES)[number]["edit"]>[0]) => {
    const { main, workers } = settings;
    const first = (host: Record<string, unknown> | undefined) =>
      (host?.sidekiq as Record<string, unknown>[] | undefined)?.[0] ?? {};
    const general = workers[0] ?? {};
    const again: Record<string, () => void> = {
      "`mastodonVersion` to another patch release": () =>
        Object.assign(settings, { mastodonVersion: "v4.7.4" }),
      "threads of a worker's process": () => Object.assign(first(general), { threads: 5 }),
      "threads of a process on main": () => Object.assign(first(main), { threads: 7 }),
      "another pool, `ingress`": () =>
        workers.push({
          name: "second",
          count: 1,
          size: "c-2",
          sidekiq: [{ queues: ["ingress"], threads: 5 }],
        }),
      "`count` 1 → 3": () => Object.assign(general, { count: 3 }),
      "`count` 3 → 1": () => Object.assign(general, { count: 1 }),
      "a pool's `size`": () => Object.assign(general, { size: "c-2" }),
      "a pool's `generation`": () => Object.assign(general, { generation: 3 }),
      "`main.size`, with `main.generation`": () => Object.assign(main, { generation: 3 }),
      "`main.volumeGiB`": () => Object.assign(main, { volumeGiB: 300 }),
    };
    const edit = again[title];
    if (!edit) throw new Error(`no second round of ${title}`);
    edit();
  };
}
