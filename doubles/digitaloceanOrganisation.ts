/** DigitalOcean's tags, ssh keys, projects and uptime checks. */
import { createHash, randomInt, randomUUID } from "node:crypto";
import type * as digitalocean from "@pulumi/digitalocean";
import { type DigitalOceanAccount, PROJECT_RESOURCES, TAG } from "./digitaloceanAccount";
import { inputsOf, matching, oneOf } from "./inputs";
import { type Kind, notFound, Refused } from "./provider";
import { same } from "./values";

export const SSH_KEY = "digitalocean:index/sshKey:SshKey";
export const UPTIME_CHECK = "digitalocean:index/uptimeCheck:UptimeCheck";
export const UPTIME_ALERT = "digitalocean:index/uptimeAlert:UptimeAlert";
export const PROJECT = "digitalocean:index/project:Project";

const tag: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.TagArgs>()({
    name: { type: "string", replaces: true, refuses: matching(/^[A-Za-z0-9:_-]{1,255}$/) },
  }),
  computed: ["totalResourceCount"],
  named: true,
  // The API answers with the existing tag.
  create: (_account, { name }) => ({ id: name as string, outputs: { totalResourceCount: 0 } }),
  delete: (account, { id }) => account.untag(id),
  alreadyGone: notFound("tag"),
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
  alreadyGone: notFound("SSH key"),
};

const project: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.ProjectArgs>()({
    name: { type: "string" },
    description: { type: "string" },
    purpose: { type: "string" },
  }),
  computed: ["createdAt", "ownerUuid", "resources"],
  named: true,
  create: (account, { name }) => {
    account.unique(PROJECT, "name", name, `409: a project called ${name} exists already`);
    const id = randomUUID();
    account.shown.set(id, new Set());
    return {
      id,
      outputs: { createdAt: new Date().toISOString(), ownerUuid: account.uuid, resources: [] },
    };
  },
  read: (account, { id, outputs }) => ({ ...outputs, resources: [...(account.shown.get(id) ?? [])] }),
  // First the provider moves out what the state lists as the project's content; then it deletes the project if it is empty.
  delete: (account, { id }, { resources }) => {
    for (const urn of (resources ?? []) as string[]) {
      if (!account.holds(urn))
        throw new Refused(`Error assigning resource to default project: 412: ${urn} is gone`);
      account.shown.get(id)?.delete(urn);
    }
    if (account.shown.get(id)?.size) throw new Refused("412: cannot delete a project with resources");
    account.shown.delete(id);
  },
  alreadyGone: notFound("project"),
};

const projectResources: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.ProjectResourcesArgs>()({
    project: { type: "string", required: true, replaces: true },
    resources: { type: "list", required: true },
  }),
  computed: [],
  link: true,
  create: (account, { project: id, resources }, name) => {
    const shown = account.shown.get(id as string);
    // The provider drops the resource without an error, which its bridge to Pulumi treats as an error.
    if (!shown) throw new Refused(`expected non-nil error with nil state during Create of ${name}`);
    for (const urn of resources as string[]) {
      for (const others of account.shown.values()) others.delete(urn);
      shown.add(urn);
    }
    // The provider uses the project's id; here each is a separate record.
    return { id: `${id}/${name}/${resources}` };
  },
  update: (_account, { inputs: before }, { resources }) => {
    if (!same(before.resources, resources))
      throw new Refused("412: what is gone cannot be moved to the default project");
    return {};
  },
  read: (account, { inputs: { project: id, resources } }) => {
    const shown = account.shown.get(id as string);
    return shown && { resources: (resources as string[]).filter((urn) => shown.has(urn)) };
  },
  delete: (account, _record, { project: id, resources }) => {
    const shown = account.shown.get(id as string);
    for (const urn of (resources as string[]) ?? []) {
      if (shown && !account.holds(urn))
        throw new Refused("412: what is gone cannot be moved to the default project");
      shown?.delete(urn);
    }
  },
};

/** digitalocean/uptime/resource_uptime_check.go and resource_uptime_alert.go. */
const uptimeCheck: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.UptimeCheckArgs>()({
    name: { type: "string" },
    target: { type: "string", required: true, refuses: matching(/^https?:\/\/\S+$/) },
    type: { type: "string", refuses: oneOf("ping", "http", "https") },
    regions: { type: "list" },
    enabled: { type: "boolean" },
  }),
  computed: [],
  named: true,
  create: () => ({ id: randomUUID(), outputs: {} }),
  alreadyGone: notFound("uptime check"),
};

const uptimeAlert: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.UptimeAlertArgs>()({
    checkId: { type: "string", required: true },
    name: { type: "string" },
    type: { type: "string", required: true, refuses: oneOf("latency", "down", "down_global", "ssl_expiry") },
    comparison: { type: "string", refuses: oneOf("greater_than", "less_than") },
    threshold: { type: "integer" },
    period: { type: "string", refuses: oneOf("2m", "3m", "5m", "10m", "15m", "30m", "1h") },
    notifications: { type: "list", required: true },
  }),
  computed: [],
  named: true,
  create: (account, { checkId }) => {
    account.existing(UPTIME_CHECK, checkId as string);
    return { id: randomUUID(), outputs: {} };
  },
  alreadyGone: notFound("uptime alert"),
};

export const organisationKinds: { [type: string]: Kind<DigitalOceanAccount> } = {
  [TAG]: tag,
  [SSH_KEY]: sshKey,
  [PROJECT]: project,
  [PROJECT_RESOURCES]: projectResources,
  [UPTIME_CHECK]: uptimeCheck,
  [UPTIME_ALERT]: uptimeAlert,
};
