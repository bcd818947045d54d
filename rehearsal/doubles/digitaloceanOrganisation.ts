/** DigitalOcean's tags, ssh keys and projects. */
import { createHash, randomInt, randomUUID } from "node:crypto";
import type * as digitalocean from "@pulumi/digitalocean";
import type { Account } from "./account";
import { type DigitalOceanAccount, PROJECT_RESOURCES, TAG } from "./digitaloceanAccount";
import { inputsOf, matching } from "./inputs";
import { type Kind, Refused } from "./provider";
import { same } from "./values";

export const SSH_KEY = "digitalocean:index/sshKey:SshKey";
const PROJECT = "digitalocean:index/project:Project";

const tag: Kind<Account> = {
  inputs: inputsOf<digitalocean.TagArgs>()({
    name: { type: "string", replaces: true, refuses: matching(/^[A-Za-z0-9:_-]{1,255}$/) },
  }),
  computed: ["totalResourceCount"],
  named: true,
  create: (account, { name }) => {
    if (account.find(TAG, name as string)) throw new Refused(`422: tag ${name} exists already`);
    return { id: name as string, outputs: { totalResourceCount: 0 } };
  },
};

const sshKey: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.SshKeyArgs>()({
    name: { type: "string" },
    publicKey: { type: "string", required: true, replaces: true, refuses: matching(/^(ssh|ecdsa)-\S+ \S+/) },
  }),
  computed: ["fingerprint"],
  named: true,
  create: (account, { publicKey }) => {
    account.unique(SSH_KEY, "publicKey", publicKey, "422: SSH Key is already in use on your account");
    const digest = createHash("md5")
      .update(Buffer.from(String(publicKey).split(" ")[1] ?? "", "base64"))
      .digest("hex");
    return {
      id: String(randomInt(1_000_000, 9_999_999)),
      outputs: { fingerprint: digest.replace(/..(?=.)/g, "$&:") },
    };
  },
};

const project: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.ProjectArgs>()({
    name: { type: "string" },
    description: { type: "string" },
    purpose: { type: "string" },
  }),
  computed: ["createdAt", "ownerUuid"],
  named: true,
  create: (account, { name }) => {
    account.unique(PROJECT, "name", name, `409: a project called ${name} exists already`);
    const id = randomUUID();
    account.shown.set(id, new Set());
    return { id, outputs: { createdAt: new Date().toISOString(), ownerUuid: account.uuid } };
  },
  delete: (account, { id }) => {
    if (account.shown.get(id)?.size) throw new Refused("412: cannot delete non-empty project");
    account.shown.delete(id);
  },
};

const projectResources: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.ProjectResourcesArgs>()({
    project: { type: "string", required: true, replaces: true },
    resources: { type: "list", required: true },
  }),
  computed: [],
  create: (account, { project: id, resources }, name) => {
    const shown = account.shown.get(id as string);
    if (!shown) throw new Refused(`404: no project ${id}`);
    for (const urn of resources as string[]) shown.add(urn);
    // The provider's own id is the project's; here each is a record of its own.
    return { id: `${id}/${name}/${resources}` };
  },
  update: (_account, { inputs: before }, { resources }) => {
    if (!same(before.resources, resources))
      throw new Refused("412: what is gone cannot be moved to the default project");
    return {};
  },
  read: (account, { inputs: { project: id, resources } }) => {
    const shown = account.shown.get(id as string);
    return shown && (resources as string[]).every((urn) => shown.has(urn)) ? {} : undefined;
  },
  delete: () => {
    throw new Refused("412: what is gone cannot be moved to the default project");
  },
};

export const organisationKinds: { [type: string]: Kind<DigitalOceanAccount> } = {
  [TAG]: tag,
  [SSH_KEY]: sshKey,
  [PROJECT]: project,
  [PROJECT_RESOURCES]: projectResources,
};
