/** DigitalOcean's droplets and volumes. */
import { randomUUID } from "node:crypto";
import type * as digitalocean from "@pulumi/digitalocean";
import { dropletSize } from "../catalogue/droplets";
import {
  type DigitalOceanAccount,
  DROPLET,
  VOLUME,
  VOLUME_ATTACHMENT,
  VOLUME_SNAPSHOT,
} from "./digitaloceanAccount";
import { SSH_KEY } from "./digitaloceanOrganisation";
import { between, inputsOf, matching, oneOf } from "./inputs";
import { type Kind, notFound, Refused } from "./provider";

const USER_DATA_LIMIT = 64 * 1024;

const droplet: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.DropletArgs>()({
    dropletAgent: { type: "boolean", replaces: true },
    gracefulShutdown: { type: "boolean", default: false },
    image: { type: "string", required: true, replaces: true },
    ipv6: { type: "boolean" },
    monitoring: { type: "boolean", replaces: true },
    name: { type: "string", refuses: matching(/^[A-Za-z0-9.-]{1,253}$/) },
    region: { type: "string", replaces: true },
    resizeDisk: { type: "boolean", default: true },
    size: {
      type: "string",
      required: true,
      refuses: (slug: string) => (dropletSize(slug) ? undefined : `is no size: ${slug}`),
    },
    sshKeys: { type: "list", replaces: true },
    tags: { type: "list" },
    userData: {
      type: "string",
      replaces: true,
      hashed: true,
      refuses: (text: string) =>
        Buffer.byteLength(text) > USER_DATA_LIMIT ? "must not be larger than 64 KiB" : undefined,
    },
  }),
  computed: ["dropletUrn", "ipv4Address", "ipv6Address", "status"],
  named: true,
  create: (account, inputs) => {
    for (const id of (inputs.sshKeys ?? []) as string[]) account.existing(SSH_KEY, id);
    return account.createDroplet(inputs);
  },
  update: async (account, { id, inputs: before }, inputs) => {
    // As the provider does it: switched off, resized, switched on.
    if (before.size !== inputs.size) await account.machines.powerOff(id, false);
    return {};
  },
  delete: (account, { id, inputs }) => account.destroyDroplet(id, inputs.gracefulShutdown === true),
  // The provider first waits until the droplet is not locked.
  alreadyGone: (id) =>
    `Error waiting for droplet to be unlocked for destroy (${id}): unexpected state 'Not Found', wanted target 'false'. last error: %!s(<nil>)`,
};

const volume: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.VolumeArgs>()({
    name: { type: "string", replaces: true, refuses: matching(/^[a-z][a-z0-9-]{0,62}[a-z0-9]$/) },
    region: { type: "string", required: true, replaces: true },
    size: { type: "integer", required: true, refuses: between(1, 16_384) },
    initialFilesystemType: { type: "string", replaces: true, refuses: oneOf("ext4", "xfs") },
    initialFilesystemLabel: { type: "string", replaces: true, refuses: matching(/^\S{1,12}$/) },
    tags: { type: "list" },
  }),
  computed: ["volumeUrn", "dropletIds"],
  named: true,
  create: (account, { name, region }) => {
    if (account.having(VOLUME, (other) => other.name === name && other.region === region))
      throw new Refused(`409: a volume called ${name} exists already in ${region}`);
    const id = randomUUID();
    return { id, outputs: { volumeUrn: `do:volume:${id}`, dropletIds: [] } };
  },
  update: (_account, { inputs: before }, { size }) => {
    if ((size as number) < (before.size as number)) throw new Refused("422: a volume cannot shrink");
    return {};
  },
  read: (account, { id, outputs }) => {
    const dropletId = account.attached.get(id);
    return { ...outputs, dropletIds: dropletId === undefined ? [] : [Number(dropletId)] };
  },
  delete: (account, { id }) => account.destroyVolume(id),
  alreadyGone: notFound("volume"),
};

const volumeAttachment: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.VolumeAttachmentArgs>()({
    dropletId: { type: "integer", required: true, replaces: true },
    volumeId: { type: "string", required: true, replaces: true },
  }),
  computed: [],
  link: true,
  // The provider tries again while the droplet is busy, and accepts a volume that is attached already.
  create: async (account, { dropletId, volumeId }) => {
    await account.actWhenIdle(String(dropletId), () => account.attach(volumeId as string, String(dropletId)));
    return { id: `volume-attachment-${volumeId}-${dropletId}` };
  },
  read: (account, { inputs }) =>
    account.attached.get(inputs.volumeId as string) === String(inputs.dropletId) ? {} : undefined,
  delete: async (account, { inputs }) => {
    await account.actWhenIdle(String(inputs.dropletId), () => account.detach(inputs.volumeId as string));
  },
};

const volumeSnapshot: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.VolumeSnapshotArgs>()({
    name: { type: "string", replaces: true },
    volumeId: { type: "string", required: true, replaces: true },
    tags: { type: "list" },
  }),
  computed: ["createdAt", "minDiskSize", "regions", "size"],
  named: true,
  // It outlives its volume.
  create: (account, { volumeId }) => {
    const { region, size } = account.existing(VOLUME, volumeId).inputs;
    return {
      id: randomUUID(),
      outputs: { createdAt: new Date().toISOString(), minDiskSize: size, regions: [region], size: 0.1 },
    };
  },
  alreadyGone: notFound("snapshot"),
};

export const dropletKinds: { [type: string]: Kind<DigitalOceanAccount> } = {
  [DROPLET]: droplet,
  [VOLUME]: volume,
  [VOLUME_ATTACHMENT]: volumeAttachment,
  [VOLUME_SNAPSHOT]: volumeSnapshot,
};
