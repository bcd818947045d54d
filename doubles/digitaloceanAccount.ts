/** A DigitalOcean account: what is in it, what is attached to what, and what it refuses. */
import { randomInt, randomUUID } from "node:crypto";
import { Account, type Record } from "./account";
import type { Machines } from "./machines";
import { Refused } from "./provider";
import type { Values } from "./values";

export const DROPLET = "digitalocean:index/droplet:Droplet";
export const VOLUME = "digitalocean:index/volume:Volume";
export const VOLUME_ATTACHMENT = "digitalocean:index/volumeAttachment:VolumeAttachment";
export const VOLUME_SNAPSHOT = "digitalocean:index/volumeSnapshot:VolumeSnapshot";
export const PROJECT_RESOURCES = "digitalocean:index/projectResources:ProjectResources";
export const TAG = "digitalocean:index/tag:Tag";
export const RESERVED_IP = "digitalocean:index/reservedIp:ReservedIp";
export const RESERVED_IPV6 = "digitalocean:index/reservedIpv6:ReservedIpv6";
export const IPV4_ASSIGNMENT = "digitalocean:index/reservedIpAssignment:ReservedIpAssignment";
export const IPV6_ASSIGNMENT = "digitalocean:index/reservedIpv6Assignment:ReservedIpv6Assignment";
const ASSIGNMENTS = [IPV4_ASSIGNMENT, IPV6_ASSIGNMENT];

/** How many creations the API accepts at once (docs.digitalocean.com/reference/api: droplets, create). */
const CREATIONS_AT_ONCE = 10;

/** How long an action takes: long enough for another one to come in between. */
const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 100));

export interface AccountLimits {
  droplets: number;
  volumes?: number;
  reservedIps?: number;
}

/** One person owns all accounts. */
const USER = randomUUID();

export class DigitalOceanAccount extends Account {
  readonly userUuid = USER;
  /** The team's id. */
  readonly uuid = randomUUID();
  /** Volume's id → droplet's id. */
  readonly attached = new Map<string, string>();
  /** Reserved address → droplet's id. */
  readonly assigned = new Map<string, string>();
  /** Project's id → names of the resources in it. */
  readonly shown = new Map<string, Set<string>>();
  /** Scopes that its token lacks. */
  readonly withoutScopes = new Set<string>();
  /** Records that somebody created by hand. */
  readonly foreignRecords: { zone: string; id: number; type: string; name: string; data: string }[] = [];
  /** Zones whose records it serves. */
  readonly zones = new Set<string>();
  private creating = 0;
  /** Droplets with an action in progress. */
  private readonly busy = new Set<string>();

  constructor(
    label: string,
    readonly machines: Machines,
    readonly limits: AccountLimits = { droplets: 25, volumes: 10, reservedIps: 3 },
  ) {
    super(label);
  }

  /** @throws Refused if one of that type with the same value already exists */
  unique(type: string, property: string, value: unknown, message: string): void {
    if (this.having(type, (inputs) => inputs[property] === value)) throw new Refused(message);
  }

  /** @throws Refused if it does not exist */
  existing(type: string, id: unknown): Record {
    const found = this.find(type, String(id));
    if (!found) throw new Refused(`404: the resource you were accessing could not be found: ${type} ${id}`);
    return found;
  }

  /** @throws Refused above the account's limits */
  async createDroplet(inputs: Values): Promise<{ id: string; outputs: Values }> {
    if (this.list(DROPLET).length + this.creating >= this.limits.droplets)
      throw new Refused("422: creating this/these droplet(s) will exceed your droplet limit");
    if (this.creating >= CREATIONS_AT_ONCE)
      throw new Refused(`422: you may only create up to ${CREATIONS_AT_ONCE} droplets at a time`);
    this.creating++;
    try {
      const id = String(randomInt(400_000_000, 599_999_999));
      await this.machines.boot({
        dropletId: id,
        dropletName: inputs.name as string,
        tags: (inputs.tags ?? []) as string[],
        userData: (inputs.userData ?? "") as string,
      });
      return {
        id,
        outputs: {
          dropletUrn: `do:droplet:${id}`,
          ipv4Address: `198.51.100.${randomInt(1, 255)}`,
          ipv6Address: inputs.ipv6 ? `2604:a880:400:d0::${randomInt(1, 0xffff).toString(16)}` : "",
          status: "active",
        },
      };
    } finally {
      this.creating--;
    }
  }

  /**
   * As the provider does it: one shutdown; a wait until the droplet is off, which nothing enforces; an action for each of its volumes; then
   * the deletion.
   */
  async destroyDroplet(id: string, graceful: boolean): Promise<void> {
    if ((await this.machines.powerOff(id, graceful)) === false)
      throw new Refused(
        `Error waiting for droplet (${id}) to become off: timeout while waiting for state to become 'off' (last state: 'active', timeout: 10m0s)`,
      );
    for (const [volume, droplet] of this.attached)
      if (droplet === id) await this.act(id, () => this.detach(volume));
    for (const [address, droplet] of this.assigned) if (droplet === id) this.unassign(address);
    this.hide(`do:droplet:${id}`);
  }

  /** A droplet has one action at a time. */
  async act(dropletId: string, action: () => void | Promise<void>): Promise<void> {
    if (this.busy.has(dropletId)) throw new Refused("422: Droplet already has a pending event.");
    this.busy.add(dropletId);
    try {
      await pause();
      await action();
    } finally {
      this.busy.delete(dropletId);
    }
  }

  /** The same, once no other action of the droplet is in progress. */
  async actWhenIdle(dropletId: string, action: () => void | Promise<void>): Promise<void> {
    while (this.busy.has(dropletId)) await pause();
    return this.act(dropletId, action);
  }

  /** What is deleted is no longer in any project. */
  hide(urn: string): void {
    for (const shown of this.shown.values()) shown.delete(urn);
    this.forget(PROJECT_RESOURCES, ({ resources }) => (resources as string[]).includes(urn));
  }

  /** What was in a deleted project belongs to the default one. */
  forgetLinks(projectId: string): void {
    this.forget(PROJECT_RESOURCES, ({ project }) => project === projectId);
  }

  /** Whether the resource still exists, so that a project can show it. */
  holds(urn: string): boolean {
    return this.list().some(({ outputs }) => outputs.dropletUrn === urn || outputs.volumeUrn === urn);
  }

  /** A deleted tag is removed from everything that has it. */
  untag(tag: string): void {
    for (const { inputs } of this.list())
      if (Array.isArray(inputs.tags)) inputs.tags = inputs.tags.filter((one) => one !== tag);
  }

  /** A link ends with either of its two ends, no matter how it was created. */
  private forget(type: string, holds: (inputs: Values) => boolean): void {
    for (const { id, inputs } of this.list(type)) if (holds(inputs)) this.remove(type, id);
  }

  async attach(volumeId: string, dropletId: string): Promise<void> {
    const volume = this.existing(VOLUME, volumeId);
    const droplet = this.existing(DROPLET, dropletId);
    if (volume.inputs.region !== droplet.inputs.region)
      throw new Refused(`422: volume ${volumeId} and droplet ${dropletId} are in different regions`);
    const holder = this.attached.get(volumeId);
    if (holder === dropletId) return;
    if (holder !== undefined) throw new Refused(`422: volume ${volumeId} is already attached`);
    this.attached.set(volumeId, dropletId);
    await this.machines.attach(dropletId, volume.inputs.name as string);
  }

  async detach(volumeId: string): Promise<void> {
    const dropletId = this.attached.get(volumeId);
    if (dropletId === undefined) return;
    this.attached.delete(volumeId);
    this.forget(VOLUME_ATTACHMENT, (inputs) => inputs.volumeId === volumeId);
    await this.machines.detach(dropletId, this.existing(VOLUME, volumeId).inputs.name as string);
  }

  async destroyVolume(id: string): Promise<void> {
    if (this.attached.has(id)) throw new Refused(`409: volume ${id} is attached`);
    const { inputs, outputs } = this.existing(VOLUME, id);
    await this.machines.destroyVolume(inputs.name as string);
    this.hide(outputs.volumeUrn as string);
  }

  /** It is gone, whatever holds it and whoever knows of it. */
  async loseVolume(id: string): Promise<void> {
    await this.detach(id);
    await this.destroyVolume(id);
    this.remove(VOLUME, id);
  }

  assign(address: string, dropletId: string): void {
    this.existing(DROPLET, dropletId);
    if (this.assigned.has(address)) throw new Refused(`422: ${address} is assigned already`);
    this.assigned.set(address, dropletId);
  }

  unassign(address: string): void {
    this.assigned.delete(address);
    for (const type of ASSIGNMENTS)
      this.forget(type, (inputs) => inputs.ip === address || inputs.ipAddress === address);
  }
}
