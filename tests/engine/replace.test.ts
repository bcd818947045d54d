/** Machines that are replaced: workers new first, main old first, and what happens when a new one does not work. */
import type { Run, Settings } from "../../doubles/engine/engineStack";
import { changes, type Lab, livingProd, outputsInState, succeeded, unknownToTheState } from "./lab";

let prod: Lab;
beforeAll(async () => {
  prod = await livingProd();
});
afterAll(() => prod.remove());

const MAIN = /^mastodon-prod-main-/;
const WORKER = /^mastodon-prod-general-1-/;

const hosts = (pattern: RegExp) =>
  prod.cloud.tailnet.devices.filter((d) => d.online && pattern.test(d.hostname)).map((d) => d.hostname);

async function up(edit: (settings: Settings) => void = () => undefined): Promise<Run> {
  prod.cloud.journal.clear();
  prod.engine.edit(edit);
  return prod.engine.up();
}

const generation = (value: number) => (settings: Settings) =>
  void Object.assign(settings.workers[0] ?? {}, { generation: value });
const mainGeneration = (value: number) => (settings: Settings) =>
  void Object.assign(settings.main, { generation: value });

/** What happened to machines and their resources, oldest first. */
const story = (...whats: string[]) =>
  prod.cloud.journal.lines(...whats).filter((line) => !line.startsWith("invoke"));

/** Each of these happened once, after the one before it. */
function expectInOrder(lines: readonly string[]): void {
  expect(story().filter((line) => lines.includes(line))).toEqual(lines);
}

test("a worker goes when its successor works: key and droplet together, new ones first", async () => {
  const [old] = hosts(WORKER);
  succeeded(await up(generation(2)));
  const [now] = hosts(WORKER);
  expect(now).not.toBe(old);
  expectInOrder([
    "create workers-general-1-auth-key",
    `boot ${now}`,
    "create workers-general-1-droplet",
    `ssh ${now}`,
    "create workers-general-1-ready",
    `ssh ${old}`,
    "delete workers-general-1-drain",
    `shut down ${old}`,
    "delete workers-general-1-droplet",
    "delete workers-general-1-auth-key",
  ]);
});

test("while no successor works the old worker stays, through any number of ups and other changes", async () => {
  const { machines } = prod.cloud;
  const [old] = hosts(WORKER);
  machines.broken.set("mastodon-prod-general-1", "main in the tailnet");

  for (const next of [3, 3, 4]) {
    const failed = await up(generation(next));
    expect(failed.ok).toBe(false);
    expect(failed.output).toContain("not ready after 1200 s; it waits for main in the tailnet");
    expect(story("shut down", "delete")).toEqual([]);
    expect(hosts(WORKER)).toContain(old);
  }
  // Two successors were made, one for each generation.
  expect(hosts(WORKER)).toHaveLength(3);

  machines.repair();
  succeeded(await up());
  expect(hosts(WORKER)).toHaveLength(1);
  expect(hosts(WORKER)).not.toContain(old);
  expect(prod.cloud.workers.list().filter(({ name }) => name === "workers-general-1-droplet")).toHaveLength(
    1,
  );
  // All of them drained, the successor that never worked too: none leaves a device behind.
  expect(prod.cloud.tailnet.devices.map(({ hostname }) => hostname)).toEqual([
    ...hosts(MAIN),
    ...hosts(WORKER),
  ]);
});

test("a dead worker is replaced by one up, which says that it could not drain it", async () => {
  const [dead = ""] = hosts(WORKER);
  prod.cloud.machines.kill(dead);
  succeeded(await up(generation(5)));
  expect(prod.cloud.journal.entries.find(({ what }) => what === "said")?.detail).toContain(
    `${dead} did not answer for a minute and is deleted without being drained`,
  );
  expect(hosts(WORKER)).toHaveLength(1);
  expect(prod.cloud.workers.list().filter(({ name }) => name === "workers-general-1-droplet")).toHaveLength(
    1,
  );
});

test("one worker alone: its key is what is named to --replace", async () => {
  const urn = (await prod.engine.urns()).find((one) => one.endsWith("::workers-general-1-auth-key"));
  prod.cloud.journal.clear();
  const run = succeeded(await prod.engine.up({ replace: [urn ?? ""] }));
  expect(
    changes(run)
      .filter((step) => step.startsWith("create-replacement"))
      .sort(),
  ).toEqual([
    "create-replacement workers-general-1-auth-key",
    "create-replacement workers-general-1-drain",
    "create-replacement workers-general-1-droplet",
    "create-replacement workers-general-1-droplet-in-project",
    "create-replacement workers-general-1-ready",
  ]);
  expect(story("boot outside the tailnet")).toEqual([]);
});

test("a worker that somebody deleted at DigitalOcean comes back with a new key", async () => {
  const { workers, machines } = prod.cloud;
  const droplet = workers.list().find(({ name }) => name === "workers-general-1-droplet");
  const urns = await prod.engine.urns();
  const urn = (name: string) => urns.find((one) => one.endsWith(`::${name}`)) ?? "";
  machines.kill(hosts(WORKER)[0] ?? "");
  await workers.destroyDroplet(droplet?.id ?? "", false);
  workers.remove(droplet?.type ?? "", droplet?.id ?? "");

  succeeded(await prod.engine.refresh({ target: [urn("workers-general-1-droplet")] }));
  prod.cloud.journal.clear();
  succeeded(await prod.engine.up({ replace: [urn("workers-general-1-auth-key")] }));
  expect(story("boot outside the tailnet")).toEqual([]);
  expect(hosts(WORKER)).toHaveLength(1);
  expect(changes(succeeded(await up()))).toEqual([]);
});

/** What outlives main. */
const KEPT = ["main-data", "main-ipv4", "main-ipv6", "media", "backups", /^secrets-/];
async function kept(): Promise<Record<string, unknown>> {
  const outputs = await outputsInState(prod.engine);
  return Object.fromEntries(
    Object.entries(outputs).filter(([name]) =>
      KEPT.some((one) => (typeof one === "string" ? one === name : one.test(name))),
    ),
  );
}

test("main is replaced old first: it stops and unmounts before it loses its volume, and its data outlive it", async () => {
  const before = await kept();
  const [old] = hosts(MAIN);
  succeeded(await up(mainGeneration(2)));
  const [now] = hosts(MAIN);
  expect(now).not.toBe(old);
  const machine = prod.cloud.journal.entries
    .filter(({ where, name }) => where === "machines" && MAIN.test(name))
    .map(({ what, name, detail }) => [what, name, detail?.split(":")[0]]);
  expect(machine).toEqual([
    ["unmount", old, "mastodon-prod-data"],
    ["shut down", old, undefined],
    ["volume detached", old, "mastodon-prod-data"],
    ["boot", now, undefined],
    ["mount", now, "mastodon-prod-data"],
    ["ssh", now, "/usr/local/sbin/host-receive"],
  ]);
  expect(story().indexOf("delete main-droplet")).toBeLessThan(story().indexOf(`boot ${now}`));
  expect(await kept()).toEqual(before);
  const droplet = prod.cloud.main.list().find(({ name }) => name === "main-droplet");
  expect([...prod.cloud.main.assigned.values()]).toEqual([droplet?.id, droplet?.id]);
});

test("main's successor cannot be made: the volume waits, and the next up ends the replacement", async () => {
  const before = await kept();
  prod.cloud.faults.add({ method: "create", name: "main-droplet", effect: "refused" });
  expect((await up(mainGeneration(3))).ok).toBe(false);
  expect(hosts(MAIN)).toEqual([]);
  expect(story("volume torn away")).toEqual([]);

  succeeded(await up());
  expect(hosts(MAIN)).toHaveLength(1);
  expect(story("mount")).toEqual([`mount ${hosts(MAIN)[0]}`]);
  expect(await kept()).toEqual(before);
  expect(await unknownToTheState(prod)).toEqual([]);
  expect(changes(succeeded(await up()))).toEqual([]);
});
