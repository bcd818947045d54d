/** DigitalOcean's firewalls, reserved addresses and DNS records. */
import { randomInt, randomUUID } from "node:crypto";
import type * as digitalocean from "@pulumi/digitalocean";
import { type DigitalOceanAccount, TAG } from "./digitaloceanAccount";
import { between, inputsOf, oneOf } from "./inputs";
import { type Kind, Refused } from "./provider";

/** Where reserved addresses are taken from. */
export const RESERVED = { v4: "203.0.113.0/24", v6: "2604:a880:800:14::/64" } as const;
const reservedAddress = (network: string, host: string) => network.replace(/0?\/\d+$/, host);

const FIREWALL = "digitalocean:index/firewall:Firewall";

interface Rule {
  protocol: string;
  portRange?: string;
}

const rules = (all: Rule[]) => {
  const wrong = all.find(
    ({ protocol, portRange }) =>
      !["tcp", "udp", "icmp"].includes(protocol) || (protocol === "icmp") === Boolean(portRange),
  );
  return wrong && `has a rule that is none: ${JSON.stringify(wrong)}`;
};

const checkTags = (account: DigitalOceanAccount, tags: unknown) => {
  for (const tag of (tags ?? []) as string[]) account.existing(TAG, tag);
};

const firewall: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.FirewallArgs>()({
    name: { type: "string" },
    inboundRules: { type: "list", refuses: rules },
    outboundRules: { type: "list", refuses: rules },
    tags: { type: "list" },
  }),
  computed: ["status", "createdAt"],
  named: true,
  create: (account, { name, tags }) => {
    account.unique(FIREWALL, "name", name, `409: duplicate name ${name}`);
    checkTags(account, tags);
    return { id: randomUUID(), outputs: { status: "succeeded", createdAt: new Date().toISOString() } };
  },
  update: (account, _record, { tags }) => {
    checkTags(account, tags);
    return {};
  },
};

const reservedIp: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.ReservedIpArgs>()({
    region: { type: "string", required: true, replaces: true },
  }),
  computed: ["ipAddress", "reservedIpUrn"],
  create: () => {
    const ipAddress = reservedAddress(RESERVED.v4, String(randomInt(1, 255)));
    return { id: ipAddress, outputs: { ipAddress, reservedIpUrn: `do:reservedip:${ipAddress}` } };
  },
  delete: (account, { id }) => void account.assigned.delete(id),
};

const reservedIpv6: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.ReservedIpv6Args>()({
    regionSlug: { type: "string", required: true, replaces: true },
  }),
  computed: ["ip", "reservedIpv6Urn"],
  create: () => {
    const ip = reservedAddress(RESERVED.v6, randomInt(1, 65_536).toString(16));
    return { id: ip, outputs: { ip, reservedIpv6Urn: `do:reservedipv6:${ip}` } };
  },
  delete: (account, { id }) => void account.assigned.delete(id),
};

/** @param property input that names the address */
const assignment = (property: "ip" | "ipAddress"): Kind<DigitalOceanAccount> => ({
  inputs: {
    [property]: { type: "string", required: true, replaces: true },
    dropletId: { type: "integer", required: true, replaces: true },
  },
  computed: [],
  create: (account, { [property]: address, dropletId }) => {
    account.assign(address as string, String(dropletId));
    return { id: `${address}-${dropletId}` };
  },
  read: (account, { inputs }) =>
    account.assigned.get(inputs[property] as string) === String(inputs.dropletId) ? {} : undefined,
  delete: (account, { inputs }) => void account.assigned.delete(inputs[property] as string),
});

const dnsRecord: Kind<DigitalOceanAccount> = {
  inputs: inputsOf<digitalocean.DnsRecordArgs>()({
    domain: { type: "string", required: true, replaces: true },
    type: {
      type: "string",
      required: true,
      replaces: true,
      refuses: oneOf("A", "AAAA", "CAA", "CNAME", "MX", "NS", "TXT", "SRV"),
    },
    name: { type: "string" },
    ttl: { type: "integer", refuses: between(30, 86_400) },
    value: { type: "string", required: true },
  }),
  computed: ["fqdn"],
  create: (account, { domain, name }) => {
    if (!account.zones.has(domain as string)) throw new Refused(`404: no domain ${domain}`);
    return {
      id: String(randomInt(1_000_000, 9_999_999)),
      outputs: { fqdn: name === "@" ? domain : `${name}.${domain}` },
    };
  },
};

export const networkKinds: { [type: string]: Kind<DigitalOceanAccount> } = {
  [FIREWALL]: firewall,
  "digitalocean:index/reservedIp:ReservedIp": reservedIp,
  "digitalocean:index/reservedIpv6:ReservedIpv6": reservedIpv6,
  "digitalocean:index/reservedIpAssignment:ReservedIpAssignment": assignment("ipAddress"),
  "digitalocean:index/reservedIpv6Assignment:ReservedIpv6Assignment": assignment("ip"),
  "digitalocean:index/dnsRecord:DnsRecord": dnsRecord,
};
