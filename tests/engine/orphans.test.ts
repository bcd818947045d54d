/** An engine that was killed while it made something, and `npm run orphans`, which finds what the state does not know. */
import { changes, figure, type Lab, lab, oneWorker, succeeded, unknownToTheState } from "./lab";

let prod: Lab;
beforeAll(async () => {
  prod = await lab();
  oneWorker(prod);
});
afterAll(() => prod.remove());

const orphans = (name = "prod") => {
  const { apiUrl } = prod.cloud;
  return prod.engine.script("operations/orphans/cli.ts", ["--stack", name], {
    DIGITALOCEAN_API_URL: apiUrl,
    TAILSCALE_BASE_URL: apiUrl,
  });
};

/** Longer than a busy machine takes between the first of the creations and the last. */
const SLOW = 15_000;

/** Kills the engine while it waits for the creation of these, and lets the providers end it. */
async function killWhileCreating(...names: string[]): Promise<void> {
  const { cloud, engine } = prod;
  cloud.faults.add(...names.map((name) => ({ method: "create" as const, name, effect: { slow: SLOW } })));
  cloud.journal.clear();
  // A little later, so that nothing else is under way.
  let met = 0;
  await engine.killedUp(() => {
    if (cloud.faults.left.length === 0) met ||= Date.now();
    return met > 0 && Date.now() - met > SLOW / 4;
  });
  const made = () => cloud.journal.lines("create");
  expect(names.filter((name) => made().includes(`create ${name}`))).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, SLOW));
  expect(names.filter((name) => !made().includes(`create ${name}`))).toEqual([]);
  expect((await engine.cli("cancel", "--yes")).code).toBe(0);
}

test("what would be refused the next time is imported by the command that it names", async () => {
  await killWhileCreating("main-data", "account-ssh-key", "main-ipv6");
  const { code, stdout } = await orphans();
  expect(code).toBe(1);
  const lines = stdout.trim().split("\n");
  expect(lines.filter((line) => !line.startsWith("  "))).toEqual([
    expect.stringMatching(/^main: volume mastodon-prod-data \(.+\) is not in the state$/),
    expect.stringMatching(/^main: reserved address \(assigned to nothing.+ is not in the state$/),
    expect.stringMatching(/^main: ssh key mastodon-prod \(\d+\) is not in the state$/),
  ]);
  // Names and tags carry the last part alone.
  expect((await orphans("organization/mastodon-hosting/prod")).stdout).toBe(stdout);
  for (const command of lines.filter((line) => line.startsWith("  "))) {
    expect(command).toMatch(/^ {2}pulumi import digitalocean:index/);
    const result = await prod.engine.shell(`${command} --yes --stack prod`);
    expect([result.code, result.stdout + result.stderr]).toEqual([0, expect.anything()]);
  }
  const up = succeeded(await prod.engine.up());
  expect(changes(up).filter((line) => /main-data$|account-ssh-key$|main-ipv6$/.test(line))).not.toContain(
    "create main-data",
  );
  expect(await unknownToTheState(prod)).toEqual([]);
  expect((await orphans()).stdout).toMatch(
    /^Nothing is left over: \d+ things, all in the state of prod\.\n$/,
  );
});

test("what a token may not look at is named, and the rest is listed; a stack that is not there is said so", async () => {
  prod.cloud.main.withoutScopes.add("reserved_ip:read");
  const { code, stdout } = await orphans();
  prod.cloud.main.withoutScopes.clear();
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^not checked: main: reserved addresses: .+ answered 403; the token lacks the scope reserved_ip:read\nNothing is left over in the rest: /,
  );
  expect(await orphans("nope")).toMatchObject({
    code: 2,
    stderr: "There is no stack nope. See: pulumi stack ls\n",
  });
});

test("a droplet is made a second time by the next up; the first one is named with its account and its device", async () => {
  const { cloud, engine } = prod;
  engine.edit(({ workers }) => Object.assign(workers[0] ?? {}, { count: 2 }));
  await killWhileCreating("workers-general-2-droplet");
  succeeded(await engine.up());
  const droplets = () => cloud.workers.list().filter(({ name }) => name === "workers-general-2-droplet");
  expect(droplets()).toHaveLength(2);

  const { stdout } = await orphans();
  figure(stdout.trim().replaceAll("\n", "\n    "));
  const [first] = droplets();
  const { deployment } = await engine.stack.exportStack();
  expect(JSON.stringify(deployment)).not.toContain(`"${first?.id}"`);
  expect(stdout).toMatch(
    new RegExp(
      `^workers: droplet mastodon-prod-general-2 \\(${first?.id}\\) is not in the state
  DIGITALOCEAN_ACCESS_TOKEN="\\$\\(pulumi config get digitaloceanWorkerToken\\)" doctl compute droplet delete --force ${first?.id}
tailnet: device mastodon-prod-general-2-\\w+ \\(.+\\) is not in the state\n {2}curl .+\n$`,
    ),
  );

  // Its twin has a key of its own: only a droplet that joins is a second worker.
  expect(cloud.journal.lines("boot outside the tailnet")).toEqual([]);
  await cloud.workers.destroyDroplet(first?.id ?? "", false);
  cloud.workers.remove(first?.type ?? "", first?.id ?? "");
  expect(await unknownToTheState(prod)).toEqual([]);
  expect((await orphans()).stdout).toMatch(
    /^tailnet: device mastodon-prod-general-2-\w+ \(.+\) is not in the state\n {2}curl .+\n$/,
  );
});
