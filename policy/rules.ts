/** What no change of the program or its settings may cause. Pure: policy/index.ts passes the engine's resources in. */
import { dropletSize, VOLUME_USD_PER_GIB_MONTH } from "../catalogue/droplets";
import { cloudTag } from "../settings/names";
import { publicStatements } from "./bucketPolicies";
import { KNOWN_TYPES } from "./types";

/** A resource that the engine is about to create or keep. */
export interface Resource {
  urn: string;
  type: string;
  name: string;
  properties: Readonly<Record<string, unknown>>;
  protect: boolean;
}

/** What the stack's settings say, read independently of the program. */
export interface Expected {
  stack: string;
  region: string;
  awsRegion: string;
  /** Whether resources that hold data must be protected; false for a stack whose data may be lost. */
  protect: boolean;
  /** US dollars per month; undefined if the stack sets no limit. */
  limitUsd?: number | undefined;
  /** S3's part of the price: an estimate from the settings, since no resource says how much is stored. */
  s3Usd: number;
}

export interface Rule<Subject> {
  name: string;
  description: string;
  /** What is wrong with it, in sentences; empty if the rule does not apply. */
  problems(subject: Subject, expected: Expected): string[];
}

/** Components themselves hold nothing. */
const COMPONENT = "mastodon-hosting:index:";

const knownTypes: Rule<Resource> = {
  name: "known-types",
  description:
    "Only types that these rules were written for: a known resource under another name would pass unnoticed.",
  problems: ({ type }) =>
    KNOWN_TYPES.has(type) || type.startsWith(COMPONENT)
      ? []
      : [
          `No rule knows ${type}. If it opens nothing, holds no data and costs nothing, add it to policy/types.ts; otherwise add a rule, too.`,
        ],
};

const FIREWALL = "digitalocean:index/firewall:Firewall";
const DROPLET = "digitalocean:index/droplet:Droplet";
const VOLUME = "digitalocean:index/volume:Volume";
const BUCKET = "aws:s3/bucket:Bucket";

/** HTTP for redirects and certificates, HTTPS, and WireGuard's port, without which machines reach each other only through relays. */
const PUBLIC_PORTS = ["tcp 80", "tcp 443", "udp 41641"];

interface InboundRule {
  protocol: string;
  portRange?: string;
  sourceAddresses?: string[];
}

const publicPorts: Rule<Resource> = {
  name: "public-ports",
  description: "Firewalls open 80, 443 and WireGuard's 41641/udp to the public, and nothing else.",
  problems: ({ type, properties }) =>
    type !== FIREWALL
      ? []
      : ((properties.inboundRules ?? []) as InboundRule[])
          .filter(({ protocol, sourceAddresses = [] }) => protocol !== "icmp" && sourceAddresses.length > 0)
          .map(({ protocol, portRange = "all" }) => `${protocol} ${portRange}`)
          .filter((port) => !PUBLIC_PORTS.includes(port))
          .map((port) => `It opens ${port}; only ${PUBLIC_PORTS.join(", ")} may be public.`),
};

const oneRegion: Rule<Resource> = {
  name: "one-region",
  description: "Everything is in the stack's region: a job makes tens of round trips to the database.",
  problems: ({ type, properties }, { region, awsRegion }) => {
    const found = type.startsWith("digitalocean:")
      ? { is: properties.region ?? properties.regionSlug, wanted: region }
      : type.startsWith("aws:") || type === "pulumi:providers:aws"
        ? { is: properties.region, wanted: awsRegion }
        : undefined;
    return found?.is === undefined || found.is === found.wanted
      ? []
      : [`It is in ${found.is}; the stack is in ${found.wanted}.`];
  },
};

const DATA = [
  VOLUME,
  BUCKET,
  "digitalocean:index/reservedIp:ReservedIp",
  "digitalocean:index/reservedIpv6:ReservedIpv6",
];
/** Generated once for the instance's life. The machines' own keys are not included. */
const SECRET = "mastodon-hosting:index:InstanceSecrets$";

const protectedData: Rule<Resource> = {
  name: "protected-data",
  description: "Volume, buckets, reserved addresses and generated secrets refuse to be deleted.",
  problems: ({ urn, type, protect }, expected) =>
    expected.protect && !protect && (DATA.includes(type) || urn.includes(SECRET))
      ? ["It holds what cannot be recreated, and is not protected."]
      : [],
};

const unlistableBuckets: Rule<Resource> = {
  name: "unlistable-buckets",
  description: "The public may get media by their full names; it may not list, and gets nothing else.",
  problems: ({ urn, type, properties }) => {
    switch (type) {
      case BUCKET:
        return properties.acl || properties.grants
          ? ["Its ACL opens it; a bucket policy says who may read."]
          : [];
      case "aws:s3/bucketOwnershipControls:BucketOwnershipControls":
        return (properties.rule as { objectOwnership?: string } | undefined)?.objectOwnership ===
          "BucketOwnerEnforced"
          ? []
          : ["It lets ACLs open objects; write BucketOwnerEnforced."];
      case "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":
        return properties.blockPublicAcls && properties.ignorePublicAcls
          ? []
          : ["It lets ACLs open the bucket."];
      case "aws:s3/bucketPolicy:BucketPolicy":
        return publicStatements(String(properties.policy)).flatMap(({ sid, actions, resources }) => [
          ...(urn.includes("mastodon-hosting:index:MediaBucket$")
            ? []
            : [`Statement ${sid} lets the public in; only media are public.`]),
          ...actions
            .filter((action) => action !== "s3:getobject")
            .map(
              (action) => `Statement ${sid} lets the public do ${action}; only s3:GetObject may be public.`,
            ),
          ...resources
            .filter((resource) => !/^arn:aws:s3:::[^/*]+\/[^*]+\/\*$/.test(resource))
            .map((resource) => `Statement ${sid} opens ${resource}; name the prefixes that are public.`),
        ]);
      default:
        return [];
    }
  },
};

const taggedDroplets: Rule<Resource> = {
  name: "tagged-droplets",
  description:
    "Droplets carry the stack's tag and their role's: firewalls attach by it, orphans are found by it.",
  problems: ({ type, properties }, { stack }) => {
    if (type !== DROPLET) return [];
    const tags = (properties.tags ?? []) as string[];
    const [own, role] = [cloudTag(stack), `${cloudTag(stack)}:`];
    return [
      ...(tags.includes(own) ? [] : [`It lacks the tag ${own}.`]),
      ...(tags.some((tag) => tag.startsWith(role)) ? [] : [`It lacks a tag ${role}… of its role.`]),
    ];
  },
};

/** Each rule is asked about one resource, before it is created. */
export const RESOURCE_RULES = [
  knownTypes,
  publicPorts,
  oneRegion,
  protectedData,
  unlistableBuckets,
  taggedDroplets,
];

const ofType = (resources: readonly Resource[], type: string) =>
  resources.filter((resource) => resource.type === type);

const behindFirewalls: Rule<readonly Resource[]> = {
  name: "behind-firewalls",
  description: "Every droplet has a tag that a firewall attaches by.",
  problems: (resources) => {
    const covered = new Set(
      ofType(resources, FIREWALL).flatMap(({ properties }) => (properties.tags ?? []) as string[]),
    );
    return ofType(resources, DROPLET)
      .filter(({ properties }) => !((properties.tags ?? []) as string[]).some((tag) => covered.has(tag)))
      .map(({ name }) => `No firewall attaches to ${name}.`);
  },
};

const price: Rule<readonly Resource[]> = {
  name: "price-limit",
  description: "Droplets, volumes and the estimate for S3 cost no more a month than pricing.limitUsd.",
  problems: (resources, { limitUsd, s3Usd }) => {
    if (limitUsd === undefined) return [];
    const droplets = ofType(resources, DROPLET).map(({ name, properties }) => ({
      name,
      size: String(properties.size),
      usd: dropletSize(String(properties.size))?.priceMonthly,
    }));
    const unknown = droplets.filter(({ usd }) => usd === undefined);
    if (unknown.length > 0)
      return unknown.map(({ name, size }) => `${name}: the price of size ${size} is not known.`);
    const gib = ofType(resources, VOLUME).reduce((sum, { properties }) => sum + Number(properties.size), 0);
    const total =
      droplets.reduce((sum, { usd = 0 }) => sum + usd, 0) + gib * VOLUME_USD_PER_GIB_MONTH + s3Usd;
    return total <= limitUsd
      ? []
      : [
          `It would cost $${total.toFixed(2)} a month, and pricing.limitUsd is ${limitUsd}. Raise the limit in the same change if you want that.`,
        ];
  },
};

/** Each rule is asked about the whole stack, at the end of a preview and of an up. */
export const STACK_RULES = [behindFirewalls, price];
