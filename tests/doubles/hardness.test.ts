/**
 * Where the real providers are hard, the doubles are: each of these once hid a fault of the program.
 *
 * Checked against the source: terraform-provider-digitalocean at 401992a, terraform-provider-tailscale's tailnet key,
 * pulumi-command's remote command.
 */
import { CommandDouble } from "../../doubles/command";
import { DigitalOceanDouble } from "../../doubles/digitalocean";
import {
  DigitalOceanAccount,
  DROPLET,
  IPV4_ASSIGNMENT,
  IPV6_ASSIGNMENT,
  PROJECT_RESOURCES,
  RESERVED_IP,
  RESERVED_IPV6,
  TAG,
  VOLUME,
  VOLUME_ATTACHMENT,
} from "../../doubles/digitaloceanAccount";
import { DNS_RECORD, FIREWALL } from "../../doubles/digitaloceanNetwork";
import { PROJECT, SSH_KEY } from "../../doubles/digitaloceanOrganisation";
import { type Effect, Faults } from "../../doubles/faults";
import { Journal } from "../../doubles/journal";
import { SimulatedMachines } from "../../doubles/machines";
import { KEY, Tailnet } from "../../doubles/tailnet";
import { TailscaleDouble } from "../../doubles/tailscale";
import type { Values } from "../../doubles/values";

const urn = (type: string, name: string) => `urn:pulumi:prod::mastodon-hosting::${type}::${name}`;

/** A main droplet with its volume and both addresses, as the program makes them. */
async function cloud(scopes?: ReadonlySet<string>) {
  const [journal, faults, tailnet] = [new Journal(), new Faults(), new Tailnet("tailnet")];
  const machines = new SimulatedMachines(journal, tailnet);
  const account = new DigitalOceanAccount("main", machines);
  const double = new DigitalOceanDouble(
    journal,
    faults,
    new Map([["token", account]]),
    new Map(scopes ? [["token", scopes]] : []),
  );
  double.configure("provider", { token: "token" });
  const create = (type: string, name: string, inputs: Values) =>
    double.create("provider", urn(type, name), inputs);
  const remove = (type: string, name: string, id: string, state: Values) =>
    double.delete("provider", urn(type, name), id, state);
  const read = (type: string, name: string, id: string, inputs: Values) =>
    double.read("provider", urn(type, name), id, inputs, inputs);
  const droplet = (name = "main") =>
    create(DROPLET, `${name}-droplet`, {
      name,
      region: "nyc3",
      size: "c-2",
      image: "debian-13-x64",
      gracefulShutdown: true,
      userData: `hostname: ${name}\nwrite_files: []\n`,
    });
  return { journal, faults, machines, tailnet, account, double, create, remove, read, droplet };
}

async function withAddress(type: typeof RESERVED_IP | typeof RESERVED_IPV6) {
  const made = await cloud();
  const { id: dropletId } = await made.droplet();
  const property = type === RESERVED_IP ? "ipAddress" : "ip";
  const region = type === RESERVED_IP ? { region: "nyc3" } : { regionSlug: "nyc3" };
  const { id: address } = await made.create(type, "address", region);
  const link = type === RESERVED_IP ? IPV4_ASSIGNMENT : IPV6_ASSIGNMENT;
  const inputs = { [property]: address, dropletId: Number(dropletId) };
  const { id } = await made.create(link, "assignment", inputs);
  return { ...made, dropletId, address, link, inputs, id };
}

test.each([RESERVED_IP, RESERVED_IPV6] as const)(
  "the plugin dies when an assignment is deleted while its address is on nothing: %s",
  async (type) => {
    const { account, remove, link, id, inputs, address, droplet, double } = await withAddress(type);
    account.unassign(address);
    await expect(remove(link, "assignment", id, inputs)).rejects.toThrow("error reading from server: EOF");
    // Whatever else the same operation asks for fails, too; the next one starts another plugin.
    await expect(droplet("another")).rejects.toThrow("EOF");
    double.configure("another provider", { token: "token" });
    expect(double.accountOf("another provider")).toBe(account);
  },
);

test("an IPv4 assignment whose address is elsewhere is gone; reading an IPv6 one is an error", async () => {
  const v4 = await withAddress(RESERVED_IP);
  v4.account.unassign(v4.address);
  expect(await v4.read(v4.link, "assignment", v4.id, v4.inputs)).toBeUndefined();
  const v6 = await withAddress(RESERVED_IPV6);
  v6.account.unassign(v6.address);
  await expect(v6.read(v6.link, "assignment", v6.id, v6.inputs)).rejects.toThrow(
    `Error assigning reserved IPv6 ${v6.address} to dropletID ${v6.dropletId}`,
  );
});

test("a droplet has one action at a time: an attachment comes again, IPv4 waits, IPv6 is refused", async () => {
  const { create, droplet } = await cloud();
  const dropletId = Number((await droplet()).id);
  const { id: volumeId } = await create(VOLUME, "data", { name: "data", region: "nyc3", size: 10 });
  const { id: ipAddress } = await create(RESERVED_IP, "v4", { region: "nyc3" });
  const { id: ip } = await create(RESERVED_IPV6, "v6", { regionSlug: "nyc3" });
  const started = [
    create(VOLUME_ATTACHMENT, "a", { volumeId, dropletId }),
    create(IPV4_ASSIGNMENT, "b", { ipAddress, dropletId }),
  ];
  await expect(create(IPV6_ASSIGNMENT, "c", { ip, dropletId })).rejects.toThrow(
    "422: Droplet already has a pending event.",
  );
  await Promise.all(started);
  await create(IPV6_ASSIGNMENT, "c", { ip, dropletId });
});

test("what is gone already cannot be deleted: a droplet is never unlocked, most others are not found", async () => {
  const { remove } = await cloud();
  await expect(remove(DROPLET, "main-droplet", "42", {})).rejects.toThrow(
    "Error waiting for droplet to be unlocked for destroy (42): unexpected state 'Not Found', wanted target 'false'",
  );
  for (const type of [VOLUME, TAG, SSH_KEY, PROJECT, RESERVED_IP, RESERVED_IPV6])
    await expect(remove(type, "x", "42", {})).rejects.toThrow("404");
  for (const type of [FIREWALL, DNS_RECORD]) await remove(type, "x", "42", {});
});

test("a graceful end waits for a droplet to be off, and never switches it off; by hand it ends", async () => {
  const { droplet, remove, tailnet, machines, account } = await cloud();
  tailnet.devices.push({ hostname: "main", tags: [], online: true });
  const { id } = await droplet();
  machines.kill("main", "hung");
  const end = () => remove(DROPLET, "main-droplet", id, {});
  await expect(end()).rejects.toThrow(
    "to become off: timeout while waiting for state to become 'off' (last state: 'active', timeout: 10m0s)",
  );
  expect(account.list(DROPLET)).toHaveLength(1);
  machines.powerOff(id, false);
  await end();
  expect(account.list(DROPLET)).toEqual([]);
});

test("a volume is detached by an action of its own, after the shutdown", async () => {
  const { create, droplet, remove, journal } = await cloud();
  const { id } = await droplet();
  const { id: volumeId } = await create(VOLUME, "data", { name: "data", region: "nyc3", size: 10 });
  await create(VOLUME_ATTACHMENT, "a", { volumeId, dropletId: Number(id) });
  journal.clear();
  await remove(DROPLET, "main-droplet", id, {});
  expect(journal.lines()).toEqual([
    "unmount main",
    "shut down main",
    "volume detached main",
    "delete main-droplet",
  ]);
});

test("a project's resources are known after a read; deleting it moves them first, and what is gone cannot be moved", async () => {
  const { create, droplet, remove, read, account } = await cloud();
  const made = await droplet();
  const dropletUrn = made.outputs.dropletUrn as string;
  const { id: project, outputs } = await create(PROJECT, "project", { name: "mastodon-prod" });
  expect(outputs.resources).toEqual([]);
  const shown = { project, resources: [dropletUrn] };
  const { id } = await create(PROJECT_RESOURCES, "shown", shown);
  const state = (await read(PROJECT, "project", project, {}))?.outputs ?? {};
  expect(state.resources).toEqual([dropletUrn]);

  await remove(DROPLET, "main-droplet", made.id, {});
  await expect(remove(PROJECT, "project", project, state)).rejects.toThrow("412");
  // What a project no longer shows is read as nothing, and not as gone.
  expect((await read(PROJECT_RESOURCES, "shown", id, shown))?.inputs.resources).toEqual([]);
  await remove(PROJECT, "project", project, (await read(PROJECT, "project", project, {}))?.outputs ?? {});
  expect(account.list(PROJECT)).toEqual([]);
  await expect(create(PROJECT_RESOURCES, "shown", shown)).rejects.toThrow(
    "expected non-nil error with nil state",
  );
});

test("making a tag that exists is fine; deleting it takes it from all that has it", async () => {
  const { create, remove, read } = await cloud();
  const { id: tag } = await create(TAG, "tag", { name: "mastodon:prod" });
  await create(TAG, "tag", { name: "mastodon:prod" });
  const inputs = { name: "data", region: "nyc3", size: 10, tags: [tag] };
  const { id } = await create(VOLUME, "data", inputs);
  await remove(TAG, "tag", tag, {});
  expect((await read(VOLUME, "data", id, inputs))?.inputs.tags).toEqual([]);
});

test("an answer that was lost is asked for again: droplets are there twice, and what has one name is refused", async () => {
  const { create, droplet, faults, account } = await cloud();
  const lost = (name: string) =>
    faults.add({ method: "create", name, effect: "answer lost" satisfies Effect });
  lost("main-droplet");
  const { id } = await droplet();
  const ids = account.list(DROPLET).map((one) => one.id);
  expect(ids).toHaveLength(2);
  expect(ids).toContain(id);
  lost("data");
  const volume = create(VOLUME, "data", { name: "data", region: "nyc3", size: 10 });
  await expect(volume).rejects.toThrow("409: a volume called data exists already");
  expect(account.list(VOLUME)).toHaveLength(1);
});

test("a token does what its scopes say, and nothing else", async () => {
  const { create, droplet } = await cloud(new Set(["droplet:create"]));
  await droplet();
  await expect(create(VOLUME, "data", { name: "data", region: "nyc3", size: 10 })).rejects.toThrow(
    "403: You are missing the required permission block_storage:create",
  );
});

test("a key is told once: a read forgets it, and a key that was deleted by hand is read as invalid", async () => {
  const tailnet = new Tailnet("tailnet");
  tailnet.tagOwners["tag:main"] = ["autogroup:admin"];
  const double = new TailscaleDouble(new Journal(), new Faults(), new Map([["secret", tailnet]]));
  double.configure("provider", { oauthClientSecret: "secret" });
  const { id, outputs } = await double.create("provider", urn(KEY, "key"), { tags: ["tag:main"] });
  expect((outputs.key as { value: string }).value).toMatch(/^tskey-auth-/);
  tailnet.revoke(id);
  const found = await double.read("provider", urn(KEY, "key"), id, outputs, {});
  expect(found?.outputs).toMatchObject({ invalid: true, key: { value: "" } });
});

const REMOTE = "command:remote:Command";
function commands() {
  const journal = new Journal();
  const answer = { code: 0, stdout: "done\n", stderr: "" };
  const nothing = () => undefined;
  const machines = {
    boot: nothing,
    attach: nothing,
    detach: nothing,
    destroyVolume: nothing,
    powerOff: nothing,
    ssh: () => answer,
  };
  const ssh = { environment: () => ({}), stop: nothing };
  const double = new CommandDouble(journal, new Faults(), machines, ssh);
  double.configure("provider", {});
  const connection = { host: "main", user: "root", privateKey: "", hostKey: "" };
  return { journal, double, inputs: { connection, create: "true" } };
}

test("sshd takes no variables: those of a command are refused, those that the provider adds are warned of", async () => {
  const { journal, double, inputs } = commands();
  const environment = { LANG: "C" };
  await expect(double.create("provider", urn(REMOTE, "ready"), { ...inputs, environment })).rejects.toThrow(
    'could not set environment variable "LANG"',
  );
  const { id, outputs } = await double.create("provider", urn(REMOTE, "ready"), inputs);
  const update = (values: Values) => double.update("provider", urn(REMOTE, "ready"), id, outputs, values);
  await update({ ...inputs, addPreviousOutputInEnv: false });
  expect(journal.lines("warned")).toEqual([]);
  await update(inputs);
  expect(journal.lines("warned")).toEqual(["warned main"]);
});

test("the state has the hash of user data, and so have the inputs after a refresh; neither is a change", async () => {
  const { create, read, double } = await cloud();
  const inputs = {
    name: "main",
    region: "nyc3",
    size: "c-2",
    image: "debian-13-x64",
    userData: "hostname: main\nwrite_files: []\n",
  };
  const { id, outputs } = await create(DROPLET, "main-droplet", inputs);
  expect(outputs.userData).toMatch(/^[0-9a-f]{40}$/);
  const refreshed = await read(DROPLET, "main-droplet", id, outputs);
  expect(refreshed?.outputs.userData).toBe(outputs.userData);
  expect(refreshed?.inputs.userData).toBe(outputs.userData);
  const changed = (news: Values) =>
    double.diff(urn(DROPLET, "main-droplet"), outputs, refreshed?.inputs ?? {}, news).changed;
  expect(changed(inputs)).toEqual([]);
  expect(changed({ ...inputs, userData: outputs.userData })).toEqual([]);
  expect(changed({ ...inputs, userData: "hostname: another\nwrite_files: []\n" })).toEqual(["userData"]);
});
