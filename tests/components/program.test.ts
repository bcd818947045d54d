import program from "../..";
import { makePlan } from "../../plan/plan";
import type { RecordedResource } from "../../plan/record";
import { readExample } from "../../settings/stackFile/examples";
import {
  accountId,
  custom,
  least,
  ofType,
  prod,
  REQUIRED_SECRETS,
  type Run,
  shortUrn,
  staging,
} from "../support/stacks";

const isProvider = ({ type }: RecordedResource) => type.startsWith("pulumi:providers:");

/** Provider's name → what it made. */
function byProvider(run: Run): Record<string, string[]> {
  const made: Record<string, string[]> = {};
  for (const { provider, name } of custom(run).filter((r) => !isProvider(r))) {
    made[provider] = [...(made[provider] ?? []), name].sort();
  }
  return made;
}

const bucket = (name: string) =>
  ["", "-access", "-encryption", "-lifecycle", "-ownership", "-policy", "-versioning"].map(
    (part) => name + part,
  );
const writer = (name: string) => ["", "-key", "-policy"].map((part) => `${name}-writer${part}`);

const AWS = [
  ...bucket("backups"),
  ...writer("backups"),
  ...bucket("media"),
  "media-cors",
  ...writer("media"),
].sort();
const RANDOM = [
  "guard-uuid",
  "secrets-backup",
  "secrets-cache-redis",
  "secrets-console",
  "secrets-encryption-deterministic",
  "secrets-encryption-primary",
  "secrets-encryption-salt",
  "secrets-postgres",
  "secrets-redis",
  "secrets-repository",
  "secrets-secret-key-base",
];
const MAIN = [
  "account-project",
  "account-ssh-key",
  "account-tag",
  "main-data",
  "main-data-attachment",
  "main-data-in-project",
  "main-droplet",
  "main-droplet-in-project",
  "main-firewall",
  "main-ipv4",
  "main-ipv4-assignment",
  "main-tag",
];
const IPV6 = ["main-ipv6", "main-ipv6-assignment"];

test("prod: every resource is made by the explicit provider of its account, and none by a default one", async () => {
  expect(byProvider(await prod())).toEqual({
    aws: AWS,
    command: [
      "main-ready",
      "workers-general-1-drain",
      "workers-general-1-ready",
      "workers-general-2-drain",
      "workers-general-2-ready",
    ],
    "digitalocean-main": [...MAIN, ...IPV6].sort(),
    "digitalocean-workers": [
      "worker-account-project",
      "worker-account-ssh-key",
      "worker-account-tag",
      "workers-general-1-droplet",
      "workers-general-1-droplet-in-project",
      "workers-general-2-droplet",
      "workers-general-2-droplet-in-project",
      "workers-general-firewall",
      "workers-general-tag",
    ],
    random: RANDOM,
    tailscale: ["main-auth-key", "workers-general-1-auth-key", "workers-general-2-auth-key"],
    tls: ["main-host-key", "secrets-deploy-key", "secrets-vapid", "workers-general-host-key"],
  });
});

test("staging: one account, one provider, one Account", async () => {
  const run = await staging();
  expect(byProvider(run)).toEqual({
    aws: AWS,
    command: ["main-ready", "workers-default-1-drain", "workers-default-1-ready"],
    "digitalocean-main": [
      ...MAIN,
      "workers-default-1-droplet",
      "workers-default-1-droplet-in-project",
      "workers-default-firewall",
      "workers-default-tag",
    ].sort(),
    random: RANDOM,
    tailscale: ["main-auth-key", "workers-default-1-auth-key"],
    tls: ["main-host-key", "secrets-deploy-key", "secrets-vapid", "workers-default-host-key"],
  });
  expect(run.resources.filter(({ type }) => type === "mastodon-hosting:index:Account")).toHaveLength(1);
  expect(run.cloud.calls).toHaveLength(1);
});

test("the defaults: two accounts, one worker", async () => {
  const made = byProvider(await least());
  expect(made["digitalocean-main"]).toEqual(MAIN);
  expect(made["digitalocean-workers"]).toEqual([
    "worker-account-project",
    "worker-account-ssh-key",
    "worker-account-tag",
    "workers-default-1-droplet",
    "workers-default-1-droplet-in-project",
    "workers-default-firewall",
    "workers-default-tag",
  ]);
  expect(Object.keys(made).sort()).toEqual([
    "aws",
    "command",
    "digitalocean-main",
    "digitalocean-workers",
    "random",
    "tailscale",
    "tls",
  ]);
});

test("the tree of components", async () => {
  const { resources } = await prod();
  expect(
    resources
      .filter(({ component }) => component)
      .map(({ urn, parent }) => [shortUrn(urn), parent && shortUrn(parent)]),
  ).toEqual(
    expect.arrayContaining([
      ["InstanceSecrets secrets", ""],
      ["Tailnet tailnet", ""],
      ["MediaBucket media", ""],
      ["BackupBucket backups", ""],
      ["Account account", ""],
      ["Account worker-account", ""],
      ["MainDroplet main", ""],
      ["Machine main", "MainDroplet main"],
      ["WorkerPool workers-general", ""],
      ["Machine workers-general-1", "WorkerPool workers-general"],
      ["Machine workers-general-2", "WorkerPool workers-general"],
      ["DestroyGuard guard", ""],
    ]),
  );
  expect(resources.filter(({ component }) => component)).toHaveLength(12);
  // Everything else has a component above it.
  const orphans = resources.filter((r) => !r.component && !r.parent && !isProvider(r));
  expect(orphans).toEqual([]);
});

const PROTECTED = [
  "backups",
  "guard-uuid",
  "main-data",
  "main-ipv4",
  "main-ipv6",
  "media",
  ...RANDOM.filter((name) => name !== "guard-uuid"),
  "secrets-deploy-key",
  "secrets-vapid",
].sort();

test("protect: true protects what holds data, each by itself and never through a component", async () => {
  const { resources } = await prod();
  const isProtected = resources.filter(({ options }) => options.protect);
  expect(isProtected.map(({ name }) => name).sort()).toEqual(PROTECTED);
  expect(isProtected.filter(({ component }) => component)).toEqual([]);
});

test("protect: false protects nothing", async () => {
  const { resources, warnings } = await prod({ protect: false });
  expect(resources.filter(({ options }) => options.protect)).toEqual([]);
  expect(warnings).toContain(
    "protect: false: pulumi destroy would delete the database, the secrets and the media.",
  );
});

test("main's volume and addresses stay with it when their attachments go and what a project shows is not moved out; only what cannot live twice goes before its successor", async () => {
  const run = await prod();
  const names = (has: (r: RecordedResource) => unknown) =>
    custom(run)
      .filter(has)
      .map(({ name }) => name)
      .sort();
  expect(names(({ options }) => options.retainOnDelete)).toEqual([
    "main-data-attachment",
    "main-data-in-project",
    "main-droplet-in-project",
    "main-ipv4-assignment",
    "main-ipv6-assignment",
    "workers-general-1-droplet-in-project",
    "workers-general-2-droplet-in-project",
  ]);
  expect(names(({ options }) => options.deleteBeforeReplace)).toEqual([
    "main-data-attachment",
    "main-droplet",
    "main-ipv4-assignment",
    "main-ipv6-assignment",
    "main-ready",
  ]);
  expect(ofType(run, "Droplet").map(({ options }) => options.deleteBeforeReplace)).toEqual([
    true,
    undefined,
    undefined,
  ]);
});

/** What prod's last run put out. */
const RECORDED = {
  stack: "prod",
  domain: "shop.example",
  webName: "shop.example",
  mediaName: "media.shop.example",
  region: "nyc3",
  mediaBucket: "shop-example-media",
  backupBucket: "shop-example-backups",
  awsAccountId: "123456789012",
  awsRegion: "us-east-1",
  mastodonVersion: "v4.7.3",
  upgradeFinish: "now",
  postgresVersion: 17,
  volumeGiB: 120,
  mainSize: "s-8vcpu-16gb",
  mainGeneration: 1,
  mainIpv6: true,
  workerAccount: "separate",
  secrets: {
    secretKeyBase: "generated",
    repositoryKey: "generated",
    activeRecordEncryptionPrimaryKey: "generated",
    activeRecordEncryptionDeterministicKey: "generated",
    activeRecordEncryptionKeyDerivationSalt: "generated",
    vapidPrivateKey: "generated",
    vapidPublicKey: "generated",
  },
  accounts: {
    main: accountId(REQUIRED_SECRETS.digitaloceanToken),
    workers: accountId(REQUIRED_SECRETS.digitaloceanWorkerToken),
  },
};

/** The refusal of a run on a living stack; nothing but the look at the stack's own outputs comes before it. */
async function refusal(identity: object): Promise<string> {
  const made: string[] = [];
  try {
    await prod({}, { outputsBefore: { identity }, onMade: ({ type }) => made.push(type) });
  } catch (error) {
    expect((error as Error).constructor.name).toBe("RunError");
    expect((error as Error).stack).toBeUndefined();
    expect(made).toEqual(["pulumi:pulumi:StackReference"]);
    return (error as Error).message;
  }
  throw new Error("the program went on");
}

test("a living stack with the same identity goes on", async () => {
  const run = await prod({}, { outputsBefore: { identity: RECORDED } });
  expect(ofType(run, "Droplet")).toHaveLength(3);
  expect(run.outputs.identity).toEqual(RECORDED);
});

test.each<[string, object, string]>([
  [
    "domain",
    { domain: "old.example" },
    "domain was old.example and is now shop.example: other servers know every account by it. Set it back to old.example, or create a new stack",
  ],
  [
    "region",
    { region: "fra1" },
    "region was fra1 and is now nyc3: the data volume and the reserved address would be left behind. Set it back to fra1, or create a new stack",
  ],
  [
    "volume",
    { volumeGiB: 200 },
    "main.volumeGiB was 200 and is now 120: a volume can only grow. Write at least 200",
  ],
  [
    "main size",
    { mainSize: "g-2vcpu-8gb" },
    "main.size was g-2vcpu-8gb and is now s-8vcpu-16gb: this needs a new droplet, which takes over the data volume. Also write main.generation: 2",
  ],
])("a living stack with another %s is refused before the first resource", async (_, recorded, line) => {
  expect(await refusal({ ...RECORDED, ...recorded })).toBe(
    `The configuration of stack prod has 1 problem. Nothing was changed.\n  - ${line}`,
  );
});

test("tokens of other accounts than those that the stack lives in are refused before the first resource", async () => {
  const { main, workers } = RECORDED.accounts;
  const line = (name: string, is: string, was: string) =>
    `  - ${name} belongs to account ${is}, but this stack lives in ${was}: everything would be created again in the new account, and keep running unnoticed in the old one. Set a token of the old account: pulumi config set --secret ${name}`;
  // As if the two had been mixed up.
  expect(await refusal({ ...RECORDED, accounts: { main: workers, workers: main } })).toBe(
    `The configuration of stack prod has 2 problems. Nothing was changed.\n${line("digitaloceanToken", main, workers)}\n${line("digitaloceanWorkerToken", workers, main)}`,
  );
});

test("everything that is wrong comes in one refusal", async () => {
  expect(await refusal({ ...RECORDED, domain: "old.example", awsRegion: "eu-west-1" })).toMatch(
    /^The configuration of stack prod has 2 problems\. Nothing was changed\.\n {2}- domain .*\n {2}- aws\.region .*$/,
  );
});

test("a fleet that cannot keep up is refused before the first resource, with the words of npm run plan", async () => {
  const made: string[] = [];
  const refused = await prod(
    { workload: { activeUsers: 13_000 }, recovery: { catchUpHours: 24 } },
    { onMade: ({ type }) => made.push(type) },
  ).catch((error: Error) => error);
  const { config, ...stack } = readExample("prod");
  const planned = await makePlan(
    {
      ...stack,
      config: {
        ...config,
        "mastodon-hosting:workload": '{"activeUsers":13000}',
        "mastodon-hosting:recovery": '{"catchUpHours":24}',
      },
    },
    program,
  ).catch((error: Error) => error);
  const message =
    /^The configuration of stack prod has 1 problem\. Nothing was changed\.\n {2}- main\.size is s-8vcpu-16gb, and web and its queries alone take 5\.8 of main's 5\.6 vCPUs at the busy hour; write c-8 \(\$72 a month more\)$/;
  expect((refused as Error).constructor.name).toBe("RunError");
  expect((refused as Error).message).toMatch(message);
  expect((planned as Error).message).toBe((refused as Error).message);
  // A look at the stack's own outputs makes nothing.
  expect(made).toEqual(["pulumi:pulumi:StackReference"]);
});
