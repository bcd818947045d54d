import { readFileSync } from "node:fs";
import { join } from "node:path";
import { machineHash, packed, userData } from "../../machines/bundle";
import { authKeyId, dropletId, privateKey, publicKey } from "../support/cloud";
import { bootSecrets, expectedWorkers } from "../support/expected";
import {
  below,
  byName,
  custom,
  least,
  prod,
  REQUIRED_SECRETS,
  stackFile,
  type Values,
} from "../support/stacks";
import {
  COMMAND,
  CONNECTION,
  DROPLET_INPUTS,
  DROPLET_OPTIONS,
  HOST_KEY,
  inProject,
  KEY_INPUTS,
  KEY_OPTIONS,
  MASTODON_SECRETS,
} from "./droplets";

const VALUES: Values = { ...stackFile("prod"), ...REQUIRED_SECRETS };
const boot = (n: number) =>
  bootSecrets(`mastodon-prod-general-${n}`, `workers-general-${n}-auth-key`, "workers-general-host-key");

/** One of the two workers of prod. */
const worker = (n: number) => ({
  [`workers-general-${n}-auth-key`]: {
    type: "TailnetKey",
    parent: `Machine workers-general-${n}`,
    provider: "tailscale",
    dependsOn: [],
    inputs: {
      ...KEY_INPUTS,
      description: `mastodon-prod-general-${n}`,
      tags: ["tag:mastodon-prod-worker"],
    },
    ...KEY_OPTIONS,
    replacementTrigger: `c-2 generation 1 ${machineHash(expectedWorkers("prod", VALUES), boot(n))} ipv6`,
  },
  [`workers-general-${n}-droplet`]: {
    type: "Droplet",
    parent: `Machine workers-general-${n}`,
    provider: "digitalocean-workers",
    dependsOn: [
      ...MASTODON_SECRETS,
      "secrets-console",
      "secrets-deploy-key",
      "worker-account-ssh-key",
      "worker-account-tag",
      `workers-general-${n}-auth-key`,
      "workers-general-firewall",
      "workers-general-host-key",
      "workers-general-tag",
    ].sort(),
    inputs: {
      ...DROPLET_INPUTS,
      name: `mastodon-prod-general-${n}`,
      region: "nyc3",
      size: "c-2",
      tags: ["mastodon:prod", "mastodon:prod:worker:general"],
      sshKeys: [expect.stringMatching(/^40\d{5}$/)],
      monitoring: true,
      ipv6: true,
      userData: userData(packed(expectedWorkers("prod", VALUES)), boot(n)),
    },
    ...DROPLET_OPTIONS,
    replaceWith: [`workers-general-${n}-auth-key`],
    replacementTrigger: authKeyId(`workers-general-${n}-auth-key`),
  },
  [`workers-general-${n}-droplet-in-project`]: {
    parent: `Machine workers-general-${n}`,
    provider: "digitalocean-workers",
    ...inProject(
      "worker-account",
      `workers-general-${n}-droplet`,
      `do:droplet:${dropletId(`workers-general-${n}-droplet`)}`,
    ),
  },
  [`workers-general-${n}-ready`]: {
    ...COMMAND,
    parent: `Machine workers-general-${n}`,
    dependsOn: [
      "main-ready",
      "secrets-deploy-key",
      `workers-general-${n}-auth-key`,
      `workers-general-${n}-droplet`,
      "workers-general-host-key",
    ],
    inputs: {
      connection: {
        ...CONNECTION,
        host: boot(n).hostname,
        privateKey: privateKey("secrets-deploy-key"),
        hostKey: publicKey("workers-general-host-key"),
      },
      create: expect.stringMatching(/^expected=\d+\n(?:.|\n)+\n\/usr\/local\/sbin\/mastodon-ready 1200$/),
      addPreviousOutputInEnv: false,
      triggers: [dropletId(`workers-general-${n}-droplet`)],
    },
    secretInputs: ["connection"],
  },
  [`workers-general-${n}-drain`]: {
    type: "Command",
    provider: "command",
    parent: `Machine workers-general-${n}`,
    dependsOn: [
      "secrets-deploy-key",
      `workers-general-${n}-auth-key`,
      `workers-general-${n}-droplet`,
      "workers-general-host-key",
    ],
    customTimeouts: { delete: "10m" },
    inputs: {
      delete: readFileSync(join(__dirname, "../../components/drain.sh"), "utf8"),
      environment: {
        HOST: boot(n).hostname,
        HOST_KEY: publicKey("workers-general-host-key"),
        PRIVATE_KEY: privateKey("secrets-deploy-key"),
      },
      triggers: [dropletId(`workers-general-${n}-droplet`)],
    },
    secretInputs: ["environment"],
  },
});

test("the two workers of prod, complete", async () => {
  const made = byName(below(await prod(), "workers-general"));
  const { "workers-general-tag": tag, "workers-general-firewall": firewall, ...rest } = made;
  expect([tag?.type, firewall?.type]).toEqual(["Tag", "Firewall"]); // firewall.test.ts has them in full
  expect(rest).toEqual({
    "workers-general-host-key": { ...HOST_KEY, parent: "WorkerPool workers-general" },
    ...worker(1),
    ...worker(2),
  });
});

const POOL = { size: "c-2", sidekiq: [{ queues: ["default"], threads: 5 }] };

test("each pool has its own tag, firewall, host key and droplets", async () => {
  const run = await least({
    workers: [
      { ...POOL, name: "a", count: 1 },
      { ...POOL, name: "b", count: 2 },
    ],
  });
  expect(Object.keys(byName(below(run, "workers-a"))).sort()).toEqual([
    "workers-a-1-auth-key",
    "workers-a-1-drain",
    "workers-a-1-droplet",
    "workers-a-1-droplet-in-project",
    "workers-a-1-ready",
    "workers-a-firewall",
    "workers-a-host-key",
    "workers-a-tag",
  ]);
  const b = byName(below(run, "workers-b"));
  expect(["1", "2"].map((n) => b[`workers-b-${n}-droplet`]?.inputs)).toMatchObject([
    { name: "mastodon-prod-b-1", tags: ["mastodon:prod", "mastodon:prod:worker:b"] },
    { name: "mastodon-prod-b-2", tags: ["mastodon:prod", "mastodon:prod:worker:b"] },
  ]);
});

test("a longer pool adds machines and changes none that is there", async () => {
  const of = async (count: number) =>
    byName(below(await least({ workers: [{ ...POOL, name: "a", count }] }), "workers-a"));
  const [one, three] = [await of(1), await of(3)];
  expect(three).toMatchObject(one);
  expect(Object.keys(three).filter((name) => name.endsWith("-droplet"))).toEqual([
    "workers-a-1-droplet",
    "workers-a-2-droplet",
    "workers-a-3-droplet",
  ]);
});

test("an empty pool keeps its firewall and has no machine", async () => {
  const run = await least({
    main: {
      sidekiq: [
        { queues: ["default", "push", "pull", "ingress", "fasp", "mailers", "scheduler"], threads: 5 },
      ],
    },
    workers: [{ ...POOL, name: "a", count: 0 }],
  });
  expect(Object.keys(byName(below(run, "workers-a"))).sort()).toEqual([
    "workers-a-firewall",
    "workers-a-host-key",
    "workers-a-tag",
  ]);
  expect(run.outputs.tailnetHosts).toMatchObject({ workers: { a: [] } });
});

test("without any pool there is no second account, and no second token is wanted", async () => {
  const run = await least({
    main: {
      sidekiq: [
        { queues: ["default", "push", "pull", "ingress", "fasp", "mailers", "scheduler"], threads: 5 },
      ],
    },
    workers: [],
    digitaloceanWorkerToken: undefined,
  });
  const there = custom(run).filter(({ provider }) => provider === "digitalocean-workers");
  expect(there).toEqual([]);
});
