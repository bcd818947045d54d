/** The Tailscale double's tailnet, with keys from a control plane that machines really join. */
import type { Made } from "../doubles/provider";
import { Tailnet } from "../doubles/tailnet";
import type { Values } from "../doubles/values";
import type { ControlPlane } from "./internet/controlPlane";

const DAY = 24 * 3600;

export class HeadscaleTailnet extends Tailnet {
  constructor(private readonly plane: ControlPlane) {
    super("tailnet");
  }

  override async newKey({ tags, expiry = 90 * DAY }: Values): Promise<Made> {
    const { id, key } = await this.plane.mintKey(tags as string[], expiry as number);
    const now = this.now();
    return {
      // In the format of Tailscale's own ids: host names are made from them.
      id: `k${key.replace(/[^A-Za-z0-9]/g, "").slice(-9)}${id}CNTRL`,
      outputs: {
        key,
        createdAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + (expiry as number) * 1000).toISOString(),
        invalid: false,
      },
    };
  }
}
