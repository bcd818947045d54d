/** DigitalOcean's firewalls, reserved addresses and DNS records. */
import { randomInt, randomUUID } from "node:crypto";
import type * as digitalocean from "@pulumi/digitalocean";
import type { Record } from "./account";
import {
  type DigitalOceanAccount,
  IPV4_ASSIGNMENT,
  IPV6_ASSIGNMENT,
  RESERVED_IP,
  RESERVED_IPV6,
  TAG,
} from "./digitaloceanAccount";
import { between, inputsOf, oneOf } from "./inputs";
import { type Kind, notFound, Panicked, Refused } from "./provider";

/** The addresses that reserved ones are taken from. */
export const RESERVED = { v4: "203.0.113.0/24", v6: "2604:a880:800:14::/64" } as const;
const reservedAddress = (network: string, host: string) => network.replace(/0?\/\d+$/, host);

export const FIREWALL = "digitalocean:index/firewall:Firewall";
export const DNS_RECORD = "digitalocean:index/dnsRecord:DnsRecord";

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

const release = (account: DigitalOceanAccount, { id }: Record) => {
  if (account.assigned.has(id)) throw new Refused(`422: the reserved address ${id} is assigned to a droplet`);
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
  delete: release,
  alreadyGone: notFound("reserved IP"),
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
  // The provider treats every answer but a 404 as a success, and leaves the address behind. The double refuses instead, so that this is
  // noticed.
  delete: release,
  alreadyGone: notFound("reserved IPv6"),
};

interface Assignment {
  /** Input that names the address. */
  property: "ip" | "ipAddress";
  /** The address' type. */
  address: string;
  /** Whether the provider waits for the droplet's other actions first (reserved_ip_actions.go, waitOnDroplet). */
  waits: boolean;
  /** What its read answers about an address that is assigned elsewhere or not at all; undefined if it reports the assignment as gone. */
  elsewhere: (address: string, dropletId: string) => string | undefined;
}

const assignment = ({
  property,
  address: type,
  waits,
  elsewhere,
}: Assignment): Kind<DigitalOceanAccount> => ({
  inputs: {
    [property]: { type: "string", required: true, replaces: true },
    dropletId: { type: "integer", required: true, replaces: true },
  },
  computed: [],
  link: true,
  create: async (account, inputs) => {
    const [address, dropletId] = [String(inputs[property]), String(inputs.dropletId)];
    const assign = () => account.assign(address, dropletId);
    await (waits ? account.actWhenIdle(dropletId, assign) : account.act(dropletId, assign));
    return { id: `${dropletId}-${address}` };
  },
  read: (account, { inputs }) => {
    const [address, dropletId] = [String(inputs[property]), String(inputs.dropletId)];
    account.existing(type, address);
    if (account.assigned.get(address) === dropletId) return {};
    const error = elsewhere(address, dropletId);
    if (error) throw new Refused(error);
    return undefined;
  },
  delete: async (account, { inputs }) => {
    const [address, dropletId] = [String(inputs[property]), String(inputs.dropletId)];
    account.existing(type, address);
    const holder = account.assigned.get(address);
    // `reservedIP.Droplet.ID == dropletID`, where Droplet is nil.
    if (holder === undefined) throw new Panicked(`the deletion of the assignment of ${address}`);
    if (holder === dropletId) await account.act(dropletId, () => account.unassign(address));
  },
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
  [RESERVED_IP]: reservedIp,
  [RESERVED_IPV6]: reservedIpv6,
  [IPV4_ASSIGNMENT]: assignment({
    property: "ipAddress",
    address: RESERVED_IP,
    waits: true,
    elsewhere: () => undefined,
  }),
  [IPV6_ASSIGNMENT]: assignment({
    property: "ip",
    address: RESERVED_IPV6,
    waits: false,
    elsewhere: (address, dropletId) => `Error assigning reserved IPv6 ${address} to dropletID ${dropletId}`,
  }),
  [DNS_RECORD]: dnsRecord,
};
