/** A tailnet: its policy, its auth keys, and the devices that joined with them. */
import { randomBytes } from "node:crypto";
import { Account, type Record } from "./account";
import { type Made, Refused } from "./provider";
import type { Values } from "./values";

export const KEY = "tailscale:index/tailnetKey:TailnetKey";
const DAY = 24 * 3600;

export interface Device {
  hostname: string;
  tags: readonly string[];
  online: boolean;
}

const letters = (length: number) =>
  randomBytes(2 * length)
    .toString("base64")
    .replace(/[^A-Za-z0-9]/g, "")
    .slice(0, length);

export class Tailnet extends Account {
  readonly devices: Device[] = [];
  /** Owners of tags, as the policy file has them. */
  tagOwners: { [tag: string]: string[] } = {};
  private readonly usedKeys = new Set<string>();
  private readonly revoked = new Set<string>();
  private passedSeconds = 0;

  now(): Date {
    return new Date(Date.now() + this.passedSeconds * 1000);
  }

  passDays(days: number): void {
    this.passedSeconds += days * DAY;
  }

  /** What the API returns when a key is created. */
  newKey({ expiry = 90 * DAY }: Values): Made | Promise<Made> {
    const id = `k${letters(10)}CNTRL`;
    return {
      id,
      outputs: {
        key: `tskey-auth-${id}-${letters(32)}`,
        createdAt: this.now().toISOString(),
        expiresAt: new Date(this.now().getTime() + (expiry as number) * 1000).toISOString(),
        invalid: false,
      },
    };
  }

  /** A key becomes invalid when it has been used (unless it is reusable), when it is revoked, and when it expires. */
  isInvalid({ id, outputs }: Record): boolean {
    return (
      this.usedKeys.has(id) || this.revoked.has(id) || this.now() >= new Date(outputs.expiresAt as string)
    );
  }

  /** Somebody deletes a key in the console: the API still knows it, as invalid. */
  revoke(id: string): void {
    this.revoked.add(id);
  }

  /** @throws Refused as the control server refuses tailscaled */
  join(hostname: string, authKey: string): Device {
    const key = this.list(KEY).find(({ outputs }) => outputs.key === authKey);
    if (!key || this.isInvalid(key)) throw new Refused(`${hostname}: invalid key: API key does not exist`);
    if (key.inputs.reusable !== true) this.usedKeys.add(key.id);
    const device = { hostname, tags: key.inputs.tags as string[], online: true };
    this.devices.push(device);
    return device;
  }

  leave(hostname: string): void {
    const index = this.devices.findIndex((device) => device.hostname === hostname);
    if (index >= 0) this.devices.splice(index, 1);
  }

  device(hostname: string): Device | undefined {
    return this.devices.find((device) => device.hostname === hostname);
  }
}
