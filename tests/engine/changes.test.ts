/** Change by change, what an `up` on prod does; docs/operations.md's tables are made here. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VOLUME_SNAPSHOT } from "../../doubles/digitaloceanAccount";
import { CHANGES, type Change } from "./kindsOfChange";
import { changes, figure, GIVEN_SECRETS, type Lab, livingProd, succeeded } from "./lab";
import { COLUMNS, row, table } from "./whatHappens";

const REFUSED: Change[] = [
  {
    title: "`mastodonVersion`, to a minor that this program does not know",
    edit: (settings) => {
      settings.mastodonVersion = "v4.8.0";
    },
  },
  { title: "`main.size` alone", edit: ({ main }) => Object.assign(main, { size: "g-2vcpu-8gb" }) },
  {
    title: "`domain`",
    edit: (settings) => {
      settings.domain = "other.example";
    },
  },
  {
    title: "`region`",
    edit: (settings) => {
      settings.region = "ams3";
    },
  },
  {
    title: "`media.bucket`",
    edit: (settings) => {
      settings.media = { bucket: "other-media" };
    },
  },
];

let prod: Lab;
const rows: string[][] = [];
const refusals: string[][] = [];

beforeAll(async () => {
  prod = await livingProd();
});
afterAll(() => prod.remove());

test.each(CHANGES)("$title", async ({ title, edit }) => {
  const { cloud, engine } = prod;
  const before = new Set(cloud.tailnet.devices.map(({ hostname }) => hostname));
  cloud.journal.clear();
  engine.edit(edit);
  const up = succeeded(await engine.up());
  rows.push(row(title, up, cloud.journal.entries, before));
  figure(`${title}: ${up.seconds.toFixed(1)} s`);

  const at = (line: RegExp) => cloud.journal.lines().findIndex((entry) => line.test(entry));
  // Whoever goes has a successor that works, and drains before it is shut down.
  const newWorker = at(/^create workers-general-1-ready/);
  if (newWorker >= 0) {
    expect(at(/^delete workers-general-1-ready/)).toBeGreaterThan(newWorker);
    expect(at(/^delete workers-general-1-droplet$/)).toBeGreaterThan(at(/^delete workers-general-1-ready/));
  }
  expect(cloud.journal.lines("volume torn away", "power cut", "boot outside the tailnet")).toEqual([]);
});

test.each(REFUSED)("$title is refused, and nothing is touched", async ({ title, edit }) => {
  const { cloud, engine } = prod;
  cloud.journal.clear();
  const settings = engine.settings();
  engine.edit(edit);
  const up = await engine.up();
  engine.restore(settings);
  expect(up.ok).toBe(false);
  expect(cloud.journal.entries).toEqual([]);
  expect(changes(up)).toEqual([]);
  const [error] = up.diagnostics.filter(({ severity }) => severity === "error");
  const reasons = [...(error?.message ?? "").matchAll(/^ {2}- (.+)$/gm)].map(([, reason]) => reason);
  refusals.push([title, reasons.join("<br>")]);
});

test("new tokens of the same accounts change the providers alone; mixed up they are refused, and nothing is touched", async () => {
  const { cloud, engine } = prod;
  const [main, workers] = ["dop_v1_another_of_main", "dop_v1_another_of_the_workers"];
  cloud.tokens.set(main, cloud.main).set(workers, cloud.workers);
  const { digitaloceanToken, digitaloceanWorkerToken } = GIVEN_SECRETS;
  await engine.setSecrets({ digitaloceanToken: main, digitaloceanWorkerToken: workers });
  expect(changes(succeeded(await engine.up())).sort()).toEqual([
    "update digitalocean-main",
    "update digitalocean-workers",
  ]);

  cloud.journal.clear();
  await engine.setSecrets({ digitaloceanToken: workers, digitaloceanWorkerToken: main });
  const up = await engine.up();
  await engine.setSecrets({ digitaloceanToken, digitaloceanWorkerToken });
  expect(up.ok).toBe(false);
  expect(changes(up)).toEqual([]);
  expect(cloud.journal.entries).toEqual([]);
  expect(up.output).toContain(
    `digitaloceanToken belongs to account ${cloud.workers.uuid}, but this stack lives in ${cloud.main.uuid}: `,
  );
  expect(up.output).toContain(
    `digitaloceanWorkerToken belongs to account ${cloud.main.uuid}, but this stack lives in ${cloud.workers.uuid}: `,
  );
  const known = [...cloud.tokens.keys()];
  expect(known.filter((token) => up.output.includes(token))).toEqual([]);
});

test("upgrade.snapshot: the volume's snapshot is taken before an upgrade, and the one before it is deleted afterwards", async () => {
  const { cloud, engine } = prod;
  succeeded(await engine.up());
  engine.edit((changed) => Object.assign(changed, { upgrade: { snapshot: true } }));
  expect(changes(succeeded(await engine.up()))).toEqual(["create main-snapshot"]);

  cloud.journal.clear();
  engine.edit((changed) => Object.assign(changed, { postgresVersion: 18 }));
  succeeded(await engine.up());
  const at = (line: string) => cloud.journal.lines().findIndex((entry) => entry.startsWith(line));
  const [taken, upgraded, deleted] = [
    "create main-snapshot",
    "update main-ready",
    "delete main-snapshot",
  ].map(at);
  expect(taken).toBeGreaterThanOrEqual(0);
  expect(upgraded).toBeGreaterThan(taken ?? 0);
  expect(deleted).toBeGreaterThan(upgraded ?? 0);
  expect(cloud.main.list(VOLUME_SNAPSHOT).map(({ inputs }) => inputs.name)).toEqual([
    "mastodon-prod-before-v4-7-5-postgres-18",
  ]);
  engine.edit((changed) => Object.assign(changed, { upgrade: {} }));
  expect(changes(succeeded(await engine.up()))).toEqual(["delete main-snapshot"]);
});

test("docs/operations.md says so", () => {
  const path = join(__dirname, "../../docs/operations.md");
  const text = readFileSync(path, "utf8");
  const [open, close] = ["<!-- changes -->\n", "<!-- /changes -->"];
  const [head = "", rest = ""] = text.split(open);
  const [, tail = ""] = rest.split(close);
  const now = `${head}${open}\n${table(COLUMNS, rows)}\n\n${table(["refused", "what it says"], refusals)}\n\n${close}${tail}`;
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, now);
  else expect(text).toBe(now);
});
