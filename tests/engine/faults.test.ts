/**
 * Each provider fails while the stack is made. One resource of each type by default; with ENGINE_FAULTS=all every single one.
 */

import type { Step } from "../../doubles/engine/engineStack";
import type { Effect } from "../../doubles/faults";
import { figure, type Lab, lab, oneWorker, succeeded, unknownToTheState } from "./lab";

const ALL = process.env.ENGINE_FAULTS === "all";

let prod: Lab;
beforeEach(async () => {
  prod = await lab();
  // So that every type is there: with its own records and the tailnet's whole policy.
  prod.cloud.main.zones.add("shop.example");
  prod.engine.edit((settings) => {
    settings.dnsZone = "shop.example";
    settings.tailnet = { ...(settings.tailnet as object), managePolicy: true };
  });
  oneWorker(prod);
});
afterEach(() => prod.remove());

const CLOUDS = ["digitalocean", "aws", "tailscale"];
/** Those that make nothing outside: they can fail, and have nothing to wait for. */
const LOCAL = ["random", "tls", "command"];

/** The creations of those packages, one of each type unless all are asked for. */
function creations(steps: readonly Step[], packages: readonly string[]): string[] {
  const created = steps.filter(
    ({ op, type }) => op === "create" && packages.includes(type.split(":")[0] ?? ""),
  );
  const chosen = ALL ? created : [...new Map(created.map((step) => [step.type, step])).values()];
  return chosen.map(({ name }) => name);
}

const both: Effect[] = ["refused", "timed out"];
/** An up for each fault on the longest path: with one effect for each type, an idle machine takes a minute. */
const CASES: { what: string; effects: Effect[] }[] = ALL
  ? both.map((effect) => ({ what: `${effect}: every create`, effects: [effect, effect] }))
  : [{ what: "refused or timed out in turn: one create of each type", effects: both }];

test.each(CASES)(
  "$what; the next up goes on, and nothing is made twice or lost",
  async ({ effects }) => {
    const { cloud, engine } = prod;
    const { steps } = succeeded(await engine.preview());
    const faults = [
      ...creations(steps, CLOUDS).map((name, i) => ({ name, effect: effects[i % 2] ?? "refused" })),
      ...creations(steps, LOCAL).map((name) => ({ name, effect: "refused" as const })),
    ];
    cloud.faults.add(...faults.map((fault) => ({ method: "create" as const, ...fault })));

    let ups = 0;
    for (let left = cloud.faults.left.length; left > 0; left = cloud.faults.left.length) {
      const up = await engine.up();
      ups++;
      expect(up.ok).toBe(false);
      // Each up gets further than the one before it.
      expect(cloud.faults.left.length).toBeLessThan(left);
    }
    succeeded(await engine.up());

    expect(await unknownToTheState(prod)).toEqual([]);
    expect(cloud.journal.lines("boot outside the tailnet")).toEqual([]);
    succeeded(await engine.preview({ expectNoChanges: true }));
    figure(`${faults.length} faults, met by ${ups} ups`);
  },
  1_800_000,
);
