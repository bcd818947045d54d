/** A droplet never gets an auth key that may be spent or expired, whatever happened before it is made; and guests that hang. */
import { DROPLET } from "../../doubles/digitaloceanAccount";
import type { Settings } from "../../doubles/engine/engineStack";
import { byHand, changes, type Lab, lab, oneWorker, succeeded, unknownToTheState } from "./lab";

let prod: Lab;
beforeAll(async () => {
  prod = await lab();
  oneWorker(prod);
});
afterAll(() => prod.remove());

const urn = async (name: string) => (await prod.engine.urns()).find((one) => one.endsWith(`::${name}`)) ?? "";
const hosts = (pattern: RegExp) =>
  prod.cloud.tailnet.devices.filter((d) => d.online && pattern.test(d.hostname)).map((d) => d.hostname);
const WORKER = /^mastodon-prod-general-1-/;
const MAIN = /^mastodon-prod-main-/;
const generation = (value: number) => (settings: Settings) =>
  void Object.assign(settings.workers[0] ?? {}, { generation: value });
const mainGeneration = (value: number) => (settings: Settings) =>
  void Object.assign(settings.main, { generation: value });
const refusedDroplet = (name: string) => prod.cloud.faults.add({ method: "create", name, effect: "refused" });

async function expectWhole(): Promise<void> {
  expect(prod.cloud.journal.lines("boot outside the tailnet")).toEqual([]);
  expect([hosts(MAIN), hosts(WORKER)].map(({ length }) => length)).toEqual([1, 1]);
  expect(await unknownToTheState(prod)).toEqual([]);
  succeeded(await prod.engine.preview({ expectNoChanges: true }));
}

const AGAIN = (machine: string) => `${machine} gets a new auth key: its droplet does not exist yet`;

test("first up: keys that expired before their droplets could be made are made anew, and the up says why", async () => {
  refusedDroplet("main-droplet");
  refusedDroplet("workers-general-1-droplet");
  expect((await prod.engine.up()).ok).toBe(false);
  prod.cloud.tailnet.passDays(8);
  let up = await prod.engine.up();
  // Whichever droplet was not asked for in the first one is refused here.
  if (prod.cloud.faults.left.length === 0 && !up.ok) up = await prod.engine.up();
  succeeded(up);
  expect(up.output).toContain(AGAIN("workers-general-1"));
  await expectWhole();
});

test("a replacement that stopped for a week between key and droplet goes on with another key: a worker's", async () => {
  const [old] = hosts(WORKER);
  prod.engine.edit(generation(2));
  refusedDroplet("workers-general-1-droplet");
  expect((await prod.engine.up()).ok).toBe(false);
  expect(hosts(WORKER)).toEqual([old]);
  prod.cloud.tailnet.passDays(8);
  const up = succeeded(await prod.engine.up());
  expect(up.output).toContain(AGAIN("workers-general-1"));
  expect(hosts(WORKER)).not.toEqual([old]);
  await expectWhole();
});

test("a replacement that stopped for a week between key and droplet goes on with another key: main's", async () => {
  prod.engine.edit(mainGeneration(2));
  refusedDroplet("main-droplet");
  expect((await prod.engine.up()).ok).toBe(false);
  prod.cloud.tailnet.passDays(8);
  succeeded(await prod.engine.up());
  await expectWhole();
});

test("a worker that somebody deleted, a change of its pool at once, and no refresh before: refresh, and up", async () => {
  await byHand(prod).droplet("workers-general-1-droplet");
  prod.engine.edit(generation(3));
  const failed = await prod.engine.up();
  expect(failed.ok).toBe(false);
  expect(failed.output).toContain("unexpected state 'Not Found'");
  succeeded(await prod.engine.refresh());
  succeeded(await prod.engine.up());
  await expectWhole();
});

test("main's droplet, deleted while a new generation waits: refresh it, and up", async () => {
  await byHand(prod).droplet("main-droplet");
  prod.engine.edit(mainGeneration(3));
  const failed = await prod.engine.up();
  expect(failed.ok).toBe(false);
  succeeded(await prod.engine.refresh({ target: [await urn("main-droplet")] }));
  succeeded(await prod.engine.up());
  await expectWhole();
});

test("a droplet named to --replace without its key is refused with the command to type, and the old worker stays", async () => {
  const [old] = hosts(WORKER);
  const up = await prod.engine.up({ replace: [await urn("workers-general-1-droplet")] });
  expect(up.ok).toBe(false);
  const key = await urn("workers-general-1-auth-key");
  expect(up.output).toContain(`pulumi up --replace '${key}'`);
  expect(hosts(WORKER)).toEqual([old]);
  succeeded(await prod.engine.up({ replace: [key] }));
  await expectWhole();
});

test.each([
  ["a worker", "workers-general-1", WORKER, generation(4)],
  ["main", "main", MAIN, mainGeneration(4)],
] as const)(
  "%s that DigitalOcean made twice, since its answer was lost: the up says which to delete",
  async (_, name, pattern, edit) => {
    const { cloud, engine } = prod;
    cloud.faults.add({ method: "create", name: `${name}-droplet`, effect: "answer lost" });
    engine.edit(edit);
    const up = await engine.up();
    expect(up.ok).toBe(false);
    const [, host = "", twin = ""] =
      /(\S+) is droplet (\d+), and the state has droplet \d+: .+ doctl compute droplet delete \2\b/.exec(
        up.output,
      ) ?? [];
    expect(host).toMatch(pattern);
    const account = name === "main" ? cloud.main : cloud.workers;
    await account.destroyDroplet(twin, false);
    account.remove(DROPLET, twin);
    cloud.journal.clear();
    succeeded(await engine.up({ replace: [await urn(`${name}-auth-key`)] }));
    await expectWhole();
  },
);

/** As `doctl compute droplet-action power-off` does it. */
function switchedOff(name: string): void {
  for (const account of [prod.cloud.main, prod.cloud.workers]) {
    const droplet = account.list().find((one) => one.name === name);
    if (droplet) prod.cloud.machines.powerOff(droplet.id, false);
  }
}

test.each([
  ["a worker", "workers-general-1-droplet", WORKER, generation(5)],
  ["main", "main-droplet", MAIN, mainGeneration(5)],
] as const)("%s that hangs cannot be deleted until it is switched off", async (_, name, pattern, edit) => {
  prod.cloud.machines.kill(hosts(pattern)[0] ?? "", "hung");
  prod.engine.edit(edit);
  for (let n = 0; n < 2; n++) {
    const up = await prod.engine.up();
    expect(up.ok).toBe(false);
    expect(up.output).toContain("to become off: timeout while waiting for state to become 'off'");
  }
  switchedOff(name);
  succeeded(await prod.engine.up());
  await expectWhole();
});

test("a stack that was renamed is refused before anything is touched, and goes on when it is renamed back", async () => {
  const { engine, cloud } = prod;
  succeeded(await engine.up());
  cloud.journal.clear();
  const { code, stdout, stderr } = await engine.cli("stack", "rename", "live");
  expect([code, stdout + stderr]).toEqual([0, expect.anything()]);
  const preview = await engine.shell(
    `${engine.stack.workspace.pulumiCommand?.command} preview --stack live --non-interactive 2>&1`,
  );
  expect(preview.stdout).toContain("Rename it back: pulumi stack rename prod");
  expect(cloud.journal.entries).toEqual([]);
  await engine.shell(
    `${engine.stack.workspace.pulumiCommand?.command} stack rename prod --stack live --non-interactive`,
  );
  expect(changes(succeeded(await engine.up()))).toEqual([]);
});
