import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { authKeyId, type CloudArgs } from "../support/cloud";
import { expectedTriggers } from "../support/expected";
import { byName, custom, ofType, type Run, run, type Values } from "../support/stacks";

const POOL = { name: "general", count: 1, size: "c-2", sidekiq: [{ queues: ["default"], threads: 5 }] };
const OTHER_POOL = { ...POOL, name: "other" };
const SECRET = { secretKeyBase: "0f".repeat(64), otherKey: "Ab3".repeat(11) };

/** A stack in which every secret that can be given is given or generated, and can be rotated. */
const BASE: Values = {
  domain: "shop.example",
  region: "nyc3",
  owner: { email: "admin@shop.example" },
  smtp: { server: "smtp.example.net", login: "postmaster" },
  aws: { accountId: "123456789012" },
  tailnet: { oauthClientId: "kExample1CNTRL" },
  main: { size: "s-8vcpu-16gb" },
  workers: [POOL, OTHER_POOL],
  digitaloceanToken: "dop_v1_main",
  digitaloceanWorkerToken: "dop_v1_workers",
  tailscaleOauthClientSecret: "tskey-client-secret",
  smtpPassword: "relay-password",
};

const up = (values: Values = {}, cloudArgs: CloudArgs = {}) => run("prod", { ...BASE, ...values }, cloudArgs);

/** Auth key → what replaces it. */
const triggers = (recording: Run) =>
  Object.fromEntries(
    ofType(recording, "TailnetKey").map(({ name, options }) => [name, options.replacementTrigger]),
  ) as Record<(typeof KEYS)[number], string>;
const KEYS = ["main-auth-key", "workers-general-1-auth-key", "workers-other-1-auth-key"] as const;
const WORKERS = ["general", "other"];

let base: Run;
let before: ReturnType<typeof triggers>;
beforeAll(async () => {
  base = await up();
  before = triggers(base);
});

/** Machines that a change of settings replaces, or of what the cloud has made: that takes a run of the program. */
async function replacedBy(values: Values, cloudArgs?: CloudArgs): Promise<string[]> {
  const after = cloudArgs
    ? triggers(await up(values, cloudArgs))
    : expectedTriggers("prod", JSON.parse(JSON.stringify({ ...BASE, ...values })));
  expect(Object.keys(after).sort()).toEqual([...KEYS].sort());
  return KEYS.filter((key) => after[key] !== before[key]).map((key) =>
    key.replace(/^workers-|(-1)?-auth-key$/g, ""),
  );
}

test("triggers are plain text: main's generation; a worker's size, generation and hash", () => {
  expect(before).toEqual(expectedTriggers("prod", BASE));
  expect(before).toEqual({
    "main-auth-key": "generation 1",
    "workers-general-1-auth-key": expect.stringMatching(/^c-2 generation 1 [0-9a-f]{64}$/),
    "workers-other-1-auth-key": expect.stringMatching(/^c-2 generation 1 [0-9a-f]{64}$/),
  });
});

test("what is computed here is what the program computes, with every secret given", async () => {
  const all = {
    ...BASE,
    secretKeyBase: SECRET.secretKeyBase,
    otpSecret: SECRET.otherKey,
    activeRecordEncryptionPrimaryKey: SECRET.otherKey,
    postgresPassword: SECRET.otherKey,
    consolePassword: SECRET.otherKey,
    extraSecretEnv: '{"DEEPL_API_KEY":"k"}',
    main: { size: "s-8vcpu-16gb", generation: 2 },
  };
  expect(triggers(await up(all))).toEqual(expectedTriggers("prod", all));
});

test.each<[string, Values]>([
  ["an environment variable", { extraEnv: { DEEPL_PLAN: "free" } }],
  ["a secret environment variable", { extraSecretEnv: '{"DEEPL_API_KEY":"k"}' }],
  [
    "an administrator's key",
    { administratorKeys: [`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)} you@shop`] },
  ],
  ["the upkeep window", { upkeep: { window: "05:00" } }],
  ["reboots by themselves", { upkeep: { rebootWorkers: false } }],
  ["monitoring", { monitoring: false }],
  ["the SMTP relay", { smtp: { server: "smtp2.example.net", login: "postmaster" } }],
  ["the SMTP password", { smtpPassword: "another-password" }],
  ["a given SECRET_KEY_BASE", { secretKeyBase: SECRET.secretKeyBase }],
  ["a given OTP_SECRET", { otpSecret: SECRET.otherKey }],
  ["a given encryption key", { activeRecordEncryptionPrimaryKey: SECRET.otherKey }],
  ["a given database password", { postgresPassword: SECRET.otherKey }],
  ["a given console password", { consolePassword: SECRET.otherKey }],
  ["the media name", { mediaDomain: "files.shop.example" }],
])("every worker, and not main, is replaced by %s", async (_, values) => {
  expect(await replacedBy(values)).toEqual(WORKERS);
});

test.each([
  "secrets-secret-key-base",
  "secrets-encryption-primary",
  "secrets-encryption-deterministic",
  "secrets-encryption-salt",
  "secrets-vapid",
  "secrets-postgres",
  "secrets-redis",
  "secrets-cache-redis",
  "secrets-console",
  "secrets-deploy-key",
  "media-writer-key",
])("every worker, and not main, is replaced by another %s", async (name) => {
  expect(await replacedBy({}, { replaced: [name] })).toEqual(WORKERS);
});

test.each<[string, Values, CloudArgs?]>([
  ["threads", { workers: [{ ...POOL, sidekiq: [{ queues: ["default"], threads: 6 }] }, OTHER_POOL] }],
  [
    "replicas",
    { workers: [{ ...POOL, sidekiq: [{ queues: ["default"], threads: 5, replicas: 2 }] }, OTHER_POOL] },
  ],
  ["queues", { workers: [{ ...POOL, sidekiq: [{ queues: ["default", "pull"], threads: 5 }] }, OTHER_POOL] }],
  ["size", { workers: [{ ...POOL, size: "c-4" }, OTHER_POOL] }, {}],
  ["generation", { workers: [{ ...POOL, generation: 2 }, OTHER_POOL] }, {}],
  ["host key", {}, { replaced: ["workers-general-host-key"] }],
])("only the pool's own workers are replaced by its %s", async (_, values, ...cloud) => {
  expect(await replacedBy(values, ...cloud)).toEqual(["general"]);
});

test("main alone is replaced by its generation, with a new size or without", async () => {
  expect(await replacedBy({ main: { size: "s-8vcpu-16gb", generation: 2 } }, {})).toEqual(["main"]);
  expect(await replacedBy({ main: { size: "g-8vcpu-32gb", generation: 2 } }, {})).toEqual(["main"]);
});

test.each<[string, Values, CloudArgs?]>([
  ["a new Mastodon version", { mastodonVersion: "v4.7.5" }],
  [
    "another auth key, and with it another name in the tailnet",
    {},
    { replaced: ["main-auth-key", "workers-general-1-auth-key", "workers-other-1-auth-key"] },
  ],
  ["another droplet", {}, { replaced: ["workers-general-1-droplet", "main-droplet"] }],
  ["another host key of main", {}, { replaced: ["main-host-key"] }],
  ["another backup key", {}, { replaced: ["secrets-backup", "secrets-repository", "backups-writer-key"] }],
  ["other API tokens", { digitaloceanToken: "dop_v1_m2", digitaloceanWorkerToken: "dop_v1_w2" }],
  ["another OAuth client", { tailscaleOauthClientSecret: "tskey-client-2" }],
  ["main's size without a generation", { main: { size: "g-8vcpu-32gb" } }],
  ["a larger volume", { main: { size: "s-8vcpu-16gb", volumeGiB: 200 } }],
  ["main's web processes", { main: { size: "s-8vcpu-16gb", web: { processes: 2 } } }],
  ["the time of backups", { backups: { time: "03:30" } }],
  ["the media cache", { media: { cacheGiB: 6 } }],
  ["the certificate authority", { acme: "staging" }],
  ["the DNS zone", { dnsZone: "shop.example" }],
  ["readiness", { readiness: "none" }],
  ["protection", { protect: false }],
  ["the tailnet's administrators", { tailnet: { oauthClientId: "kExample1CNTRL", admins: ["group:ops"] } }],
])("no machine is replaced by %s", async (_, values, ...cloud) => {
  expect(await replacedBy(values, ...cloud)).toEqual([]);
});

test("each droplet goes with its own key: main old first, workers new first, each with ten minutes to stop", () => {
  const made = byName(custom(base));
  const options = (name: string) => {
    const { replaceWith, deleteBeforeReplace, replacementTrigger, customTimeouts, ignoreChanges, inputs } =
      made[name] as NonNullable<(typeof made)[string]>;
    const { gracefulShutdown } = inputs;
    return {
      replaceWith,
      deleteBeforeReplace,
      replacementTrigger,
      customTimeouts,
      ignoreChanges,
      gracefulShutdown,
    };
  };
  const common = {
    customTimeouts: { delete: "10m" },
    ignoreChanges: ["dropletAgent", "image", "ipv6", "monitoring", "size", "sshKeys", "userData", "vpcUuid"],
    gracefulShutdown: true,
  };
  expect(options("main-droplet")).toEqual({
    ...common,
    replaceWith: ["main-auth-key"],
    replacementTrigger: authKeyId("main-auth-key"),
    deleteBeforeReplace: true,
  });
  for (const name of ["workers-general-1", "workers-other-1"]) {
    expect(options(`${name}-droplet`)).toEqual({
      ...common,
      replaceWith: [`${name}-auth-key`],
      replacementTrigger: authKeyId(`${name}-auth-key`),
      deleteBeforeReplace: undefined,
    });
  }
});

test("triggers reach the engine as plain text: a secret one never fires", async () => {
  const raw: unknown[] = [];
  const original = MockMonitor.prototype.registerResource;
  // A recording shows a secret trigger's text too, so the request itself is looked at.
  const spy = jest.spyOn(MockMonitor.prototype, "registerResource").mockImplementation(function (
    this: MockMonitor,
    request,
    callback,
  ) {
    if (request.getReplacementTrigger()) raw.push(request.getReplacementTrigger()?.toJavaScript());
    return original.call(this, request, callback);
  });
  try {
    await up();
  } finally {
    spy.mockRestore();
  }
  // A key's, and its droplet's, which is the key's id.
  expect(raw.filter((trigger) => trigger !== null).sort()).toEqual(
    [...Object.values(before), ...KEYS.map((key) => authKeyId(key))].sort(),
  );
});

test("the hash of a worker's trigger gives away none of its secrets", () => {
  const text = JSON.stringify(before);
  for (const secret of base.cloud.secrets.keys()) expect(text).not.toContain(secret);
});
