/** DigitalOcean's firewall around a droplet. The host's nftables say the same once more. */
import * as digitalocean from "@pulumi/digitalocean";
import type * as pulumi from "@pulumi/pulumi";

const ANYWHERE = ["0.0.0.0/0", "::/0"];

/** WireGuard's port: without it paths between machines are relayed, at 1 to 5 MB/s. */
const WIREGUARD_PORT = "41641";

export interface FirewallArgs {
  firewallName: string;
  tagName: string;
  publicTcpPorts: readonly number[];
}

/** A firewall and the tag that it attaches by. */
export interface TagFirewall {
  tag: pulumi.Output<string>;
  firewall: digitalocean.Firewall;
}

/** A tag, and a firewall that attaches by it: both exist before the first droplet, so none is ever open. */
export function firewallByTag(
  name: string,
  { firewallName, tagName, publicTcpPorts }: FirewallArgs,
  parent: pulumi.Resource,
): TagFirewall {
  const tag = new digitalocean.Tag(`${name}-tag`, { name: tagName }, { parent });
  const firewall = new digitalocean.Firewall(
    `${name}-firewall`,
    {
      name: firewallName,
      tags: [tag.name],
      inboundRules: [
        ...publicTcpPorts.map((port) => ({
          protocol: "tcp",
          portRange: String(port),
          sourceAddresses: ANYWHERE,
        })),
        { protocol: "udp", portRange: WIREGUARD_PORT, sourceAddresses: ANYWHERE },
        { protocol: "icmp", sourceAddresses: ANYWHERE },
      ],
      // No rule would mean no way out.
      outboundRules: [
        { protocol: "tcp", portRange: "1-65535", destinationAddresses: ANYWHERE },
        { protocol: "udp", portRange: "1-65535", destinationAddresses: ANYWHERE },
        { protocol: "icmp", destinationAddresses: ANYWHERE },
      ],
    },
    { parent },
  );
  return { tag: tag.name, firewall };
}
