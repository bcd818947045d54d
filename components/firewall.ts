/** DigitalOcean's firewall around a droplet. The host's nftables repeat its rules. */
import * as digitalocean from "@pulumi/digitalocean";
import type * as pulumi from "@pulumi/pulumi";
import { publicPorts, type Service } from "../services/service";

const ANYWHERE = ["0.0.0.0/0", "::/0"];

export interface FirewallArgs {
  firewallName: string;
  tagName: string;
  /** The services that run behind it. */
  services: readonly Pick<Service<never, never>, "ports">[];
}

/** A firewall and the tag that attaches it. */
export interface TagFirewall {
  tag: pulumi.Output<string>;
  firewall: digitalocean.Firewall;
}

/** A tag, and a firewall that it attaches. Both exist before the first droplet, so no droplet is ever open. */
export function firewallByTag(
  name: string,
  { firewallName, tagName, services }: FirewallArgs,
  parent: pulumi.Resource,
): TagFirewall {
  const tag = new digitalocean.Tag(`${name}-tag`, { name: tagName }, { parent });
  const firewall = new digitalocean.Firewall(
    `${name}-firewall`,
    {
      name: firewallName,
      tags: [tag.name],
      inboundRules: [
        ...publicPorts(services).map(({ port, protocol = "tcp" }) => ({
          protocol,
          portRange: String(port),
          sourceAddresses: ANYWHERE,
        })),
        { protocol: "icmp", sourceAddresses: ANYWHERE },
      ],
      // Without a rule, nothing could get out.
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
