/** The three commands of daily life on prod: up, refresh, preview. */
import { changes, counts, figure, type Lab, lab, outputsInState, succeeded } from "./lab";

let prod: Lab;
beforeAll(async () => {
  prod = await lab();
});
afterAll(() => prod.remove());

/** What has to be there before what, and not only be asked for before it. */
const BEFORE: Record<string, string[]> = {
  "main-tag": ["main-firewall", "main-droplet"],
  "main-firewall": ["main-droplet"],
  "account-tag": ["main-droplet", "main-data"],
  "account-ssh-key": ["main-droplet"],
  "main-auth-key": ["main-droplet"],
  "main-data": ["main-data-attachment"],
  "main-droplet": ["main-data-attachment", "main-ipv4-assignment", "main-ipv6-assignment"],
  "main-data-attachment": ["main-ready"],
  "main-ipv4-assignment": ["main-ready"],
  "main-ipv6-assignment": ["main-ready"],
  "media-access": ["media-policy"],
  "media-versioning": ["media-lifecycle"],
  "media-writer-key": ["main-droplet", "workers-general-1-droplet"],
  "backups-writer-key": ["main-droplet"],
  "secrets-postgres": ["main-droplet", "workers-general-1-droplet"],
  "workers-general-firewall": ["workers-general-1-droplet", "workers-general-2-droplet"],
  "workers-general-1-auth-key": ["workers-general-1-droplet"],
  "main-ready": ["workers-general-1-ready", "workers-general-2-ready"],
  "workers-general-1-ready": ["guard-uuid"],
  "workers-general-2-ready": ["guard-uuid"],
};

test("the first up makes everything, in an order that holds however slow each part is", async () => {
  const { cloud, engine } = prod;
  // Each takes a while: what does not wait for it would overtake it.
  cloud.faults.add(
    ...Object.keys(BEFORE).map((name) => ({ method: "create" as const, name, effect: { slow: 150 } })),
  );
  const up = succeeded(await engine.up());
  expect(cloud.faults.left).toEqual([]);
  const created = cloud.journal.lines("create").map((line) => line.split(" ")[1] ?? "");
  for (const [first, later] of Object.entries(BEFORE)) {
    for (const name of later) {
      expect([first, name, created.indexOf(first) < created.indexOf(name)]).toEqual([first, name, true]);
    }
  }
  expect(created.at(-1)).toBe("guard-uuid");
  expect(new Set(created).size).toBe(created.length);
  figure(`first up: ${created.length} resources created in ${up.seconds.toFixed(1)} s`);
});

test("every machine joined the tailnet with its own key and said that it works", () => {
  const { cloud } = prod;
  expect(cloud.tailnet.devices.map(({ tags }) => tags[0]).sort()).toEqual([
    "tag:mastodon-prod-main",
    "tag:mastodon-prod-worker",
    "tag:mastodon-prod-worker",
  ]);
  expect(cloud.journal.entries.filter(({ what }) => what === "ssh").map(({ detail }) => detail)).toEqual([
    "/usr/local/sbin/host-receive: 0",
    "/usr/local/sbin/mastodon-ready 1200: 0",
    "/usr/local/sbin/mastodon-ready 1200: 0",
  ]);
});

test("each account has its own, and nothing of the other's", () => {
  const { cloud } = prod;
  const droplets = (account: typeof cloud.main) =>
    account
      .list()
      .filter(({ type }) => type.endsWith(":Droplet"))
      .map(({ inputs }) => inputs.name)
      .sort();
  expect(droplets(cloud.main)).toEqual(["mastodon-prod-main"]);
  expect(droplets(cloud.workers)).toEqual(["mastodon-prod-general-1", "mastodon-prod-general-2"]);
});

test("a second up changes nothing", async () => {
  const up = succeeded(await prod.engine.up());
  expect(changes(up)).toEqual([]);
  figure(`second up: ${counts(up.steps).same} unchanged in ${up.seconds.toFixed(1)} s`);
});

/** `NAME.PROPERTY: BEFORE → AFTER` of every output that differs. */
function differences(before: Record<string, object>, after: Record<string, object>): string[] {
  const shown = (value: unknown) => JSON.stringify(value)?.slice(0, 60);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [old, now] = [before[name] ?? {}, after[name] ?? {}] as Record<string, unknown>[];
    return [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])]
      .filter((key) => JSON.stringify(old?.[key]) !== JSON.stringify(now?.[key]))
      .map((key) => `${name}.${key}: ${shown(old?.[key])} → ${shown(now?.[key])}`);
  });
}

test("the first refresh learns that the keys are spent, what the projects hold and where the volume is, and nothing else", async () => {
  const before = await outputsInState(prod.engine);
  succeeded(await prod.engine.refresh());
  const after = await outputsInState(prod.engine);
  const dropletId = prod.cloud.main.list().find(({ name }) => name === "main-droplet")?.id;
  // Tailscale gives a key's text once, and forgets it at the first read; a project shows what is in it only when it is read.
  const forgotten = (machine: string) => [
    expect.stringMatching(new RegExp(`^${machine}-auth-key\\.invalid: false → true$`)),
    expect.stringMatching(new RegExp(`^${machine}-auth-key\\.key: `)),
  ];
  expect(differences(before, after).sort()).toEqual([
    expect.stringMatching(/^account-project\.resources: \[\] → \["do:volume:/),
    ...forgotten("main"),
    `main-data.dropletIds: [] → [${dropletId}]`,
    expect.stringMatching(/^worker-account-project\.resources: \[\] → \["do:droplet:/),
    ...forgotten("workers-general-1"),
    ...forgotten("workers-general-2"),
  ]);
  succeeded(await prod.engine.refresh());
  expect(differences(after, await outputsInState(prod.engine))).toEqual([]);
});

test("on day 91 all keys have expired, and no machine is replaced", async () => {
  prod.cloud.tailnet.passDays(91);
  succeeded(await prod.engine.refresh());
  expect(changes(succeeded(await prod.engine.up()))).toEqual([]);
});

test("preview --refresh --expect-no-changes passes: that is what drift is looked for with", async () => {
  const preview = await prod.engine.preview({ refresh: true, expectNoChanges: true });
  succeeded(preview);
  figure(`preview --refresh: ${preview.seconds.toFixed(1)} s`);
});

test("a droplet that somebody renamed at DigitalOcean is drift", async () => {
  const droplet = prod.cloud.main.list().find(({ name }) => name === "main-droplet");
  if (!droplet) throw new Error("no droplet");
  droplet.inputs.name = "renamed";
  const preview = await prod.engine.preview({ refresh: true, expectNoChanges: true });
  expect(preview.ok).toBe(false);
  expect(changes(preview)).toEqual(["update main-droplet"]);
});
