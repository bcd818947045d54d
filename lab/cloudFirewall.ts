/**
 * DigitalOcean's firewalls and reserved addresses, as nftables between the machines and everything else. They are in a network namespace
 * whose bridge connects the machines, and which routes everything else.
 */
import type { DigitalOceanAccount } from "../doubles/digitaloceanAccount";
import { run } from "../tools/run";
import { BRIDGE } from "./network";

interface Rule {
  protocol: string;
  portRange?: string;
}

export interface Protected {
  /** The machine's addresses on its network, v4 and v6. */
  addresses: readonly string[];
  /** DigitalOcean's tags, by which firewalls attach. */
  tags: readonly string[];
  /** Reserved addresses that lead to it. */
  reserved: readonly string[];
}

const family = (address: string) => (address.includes(":") ? "ip6" : "ip");

const accepted = ({ protocol, portRange }: Rule): string => {
  if (protocol === "icmp") return "meta l4proto { icmp, ipv6-icmp } accept";
  return portRange === "1-65535"
    ? `meta l4proto ${protocol} accept`
    : `${protocol} dport ${portRange} accept`;
};

/** The rules for these machines; as at DigitalOcean, a droplet without a firewall is open. */
export function ruleset(machines: readonly Protected[], accounts: readonly DigitalOceanAccount[]): string {
  const firewalls = accounts.flatMap((account) => account.list("digitalocean:index/firewall:Firewall"));
  const chains = machines.map(({ tags, addresses, reserved }, index) => {
    const attached = firewalls.filter(({ inputs }) =>
      (inputs.tags as string[]).some((tag) => tags.includes(tag)),
    );
    const rules = attached.flatMap(({ inputs }) => (inputs.inboundRules as Rule[]).map(accepted));
    const own = [...addresses, ...reserved.filter((address) => family(address) === "ip6")];
    return { index, addresses: own, rules: attached.length > 0 ? [...new Set(rules), "drop"] : ["accept"] };
  });
  const jumps = chains.flatMap(({ index, addresses }) =>
    addresses.map((address) => `${family(address)} daddr ${address} jump droplet_${index}`),
  );
  const judge = ["ct state established,related accept", ...jumps].map((rule) => `    ${rule}`).join("\n");
  const translated = machines.flatMap(({ reserved, addresses }) =>
    reserved
      .filter((from) => family(from) === "ip")
      .map(
        (from) => `    ip daddr ${from} dnat ip to ${addresses.find((address) => family(address) === "ip")}`,
      ),
  );
  return [
    // Both lines, because nft 1.0.6 does not know `destroy`.
    "table inet cloud",
    "delete table inet cloud",
    "table inet cloud {",
    ...chains.map(({ index, rules }) => `  chain droplet_${index} {\n    ${rules.join("\n    ")}\n  }`),
    // Neighbor discovery does not pass DigitalOcean's firewall.
    `  chain forward {\n    type filter hook forward priority 0;\n    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n${judge}\n  }`,
    `  chain output {\n    type filter hook output priority 0;\n    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n${judge}\n  }`,
    `  chain prerouting {\n    type nat hook prerouting priority dstnat;\n${translated.join("\n")}\n  }`,
    `  chain local {\n    type nat hook output priority -100;\n${translated.join("\n")}\n  }`,
    "}",
    "",
  ].join("\n");
}

/** Routes to reserved IPv6 addresses. They are not translated: the droplet has them itself, or does not answer. */
export const routes = (machines: readonly Protected[]): string[][] =>
  machines.flatMap(({ reserved, addresses }) =>
    reserved
      .filter((address) => family(address) === "ip6")
      .map((address) => {
        const via = addresses.find((own) => family(own) === "ip6") ?? "";
        return ["ip", "-6", "route", "replace", `${address}/128`, "via", via, "dev", BRIDGE];
      }),
  );

export async function loadFirewall(rules: string): Promise<void> {
  await run(["nft", "-f", "-"], { input: rules });
}
