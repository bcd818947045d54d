import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expectedOf } from "../../policy/expected";
import { type Expected, RESOURCE_RULES, type Resource, type Rule, STACK_RULES } from "../../policy/rules";
import { KNOWN_TYPES } from "../../policy/types";
import { readStackConfig } from "../../settings/stackFile/stackFile";
import { prod, staging } from "../support/stacks";

const PROD: Expected = {
  stack: "prod",
  region: "nyc3",
  awsRegion: "us-east-1",
  protect: true,
  limitUsd: 350,
  s3Usd: 92.5,
};
const WORLD = ["0.0.0.0/0", "::/0"];

/** A resource of the program with properties of the test's own. */
function resource(type: string, properties: object = {}, more: Partial<Resource> = {}): Resource {
  return {
    urn: `urn:pulumi:prod::mastodon-hosting::${type}::it`,
    type,
    name: "it",
    properties: properties as Resource["properties"],
    protect: false,
    ...more,
  };
}

/** RULE: PROBLEM of everything that is wrong with one resource. */
const wrong = (subject: Resource, expected = PROD) =>
  RESOURCE_RULES.flatMap(({ name, problems }) =>
    problems(subject, expected).map((problem) => `${name}: ${problem}`),
  );
const wrongTogether = (subjects: Resource[], expected = PROD) =>
  STACK_RULES.flatMap(({ name, problems }: Rule<readonly Resource[]>) =>
    problems(subjects, expected).map((problem) => `${name}: ${problem}`),
  );

test.each(["prod", "staging"] as const)("%s keeps every rule, with all that an up makes", async (stack) => {
  const { resources } = await { prod, staging }[stack]();
  const { config, project } = readStackConfig(join(__dirname, "../.."), stack);
  // The engine sends the secrets, too.
  const secrets = { [`${project}:digitaloceanToken`]: "dop_v1_x", [`${project}:smtpPassword`]: "[x" };
  const expected = expectedOf({ ...config, ...secrets }, { project, stack });
  const asked = resources.map(
    ({ urn, type, name, inputs, options }): Resource => ({
      urn,
      type,
      name,
      properties: inputs,
      protect: options.protect === true,
    }),
  );
  expect(asked.flatMap((subject) => wrong(subject, expected))).toEqual([]);
  expect(wrongTogether(asked, expected)).toEqual([]);
  // A limit a dollar lower than what it costs shows that the price is counted at all.
  const total = expected.s3Usd + (stack === "prod" ? 192 : 39);
  expect(wrongTogether(asked, { ...expected, limitUsd: Math.floor(total) })).toHaveLength(1);
  expect(wrongTogether(asked, { ...expected, limitUsd: Math.ceil(total) })).toEqual([]);
});

/** Every type of resource that a package has, by its own code. */
function typesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : typesOf(path);
    if (!entry.name.endsWith(".js")) return [];
    return readFileSync(path, "utf8").match(/(?<=__pulumiType = ')[^']+/g) ?? [];
  });
}

test.each([
  ["aws", ["s3", "s3control", "ec2", "iam", "rds", "lightsail", "route53"], 200],
  ["digitalocean", [""], 50],
])("whatever else @pulumi/%s can make is refused", (name, folders, least) => {
  const root = dirname(require.resolve(`@pulumi/${name}/package.json`));
  const types = folders.flatMap((folder) => typesOf(join(root, folder)));
  expect(types.length).toBeGreaterThan(least);
  const [knownTypes] = RESOURCE_RULES;
  const passing = types.filter((type) => knownTypes?.problems(resource(type), PROD).length === 0);
  expect(passing.filter((type) => !KNOWN_TYPES.has(type))).toEqual([]);
  // And none of those that the program makes is a misspelling, which nothing would ever match.
  const own = [...KNOWN_TYPES].filter((type) => type.startsWith(`${name}:`));
  expect(own.filter((type) => !types.includes(type))).toEqual([]);
});

test.each([
  resource("aws:s3/bucketV2:BucketV2", { acl: "public-read" }),
  resource("aws:s3/bucketAclV2:BucketAclV2", { acl: "public-read" }),
  resource("aws:s3/bucketAcl:BucketAcl", { acl: "public-read" }),
  resource("aws:s3/bucketObjectv2:BucketObjectv2", { acl: "public-read" }),
  resource("digitalocean:index/floatingIp:FloatingIp"),
  resource("digitalocean:index/databaseCluster:DatabaseCluster"),
  resource("cloudflare:index/record:Record"),
  resource("kubernetes:core/v1:Secret"),
])("a type that no rule knows is refused, not passed unseen: $type", (subject) => {
  expect(wrong(subject)).toEqual([
    `known-types: No rule knows ${subject.type}. If it opens nothing, holds no data and costs nothing, add it to policy/types.ts; otherwise add a rule, too.`,
  ]);
});

const firewall = (...inboundRules: object[]) =>
  resource("digitalocean:index/firewall:Firewall", { inboundRules });

test.each([
  [{ protocol: "tcp", portRange: "22", sourceAddresses: WORLD }, "tcp 22"],
  [{ protocol: "tcp", portRange: "80-443", sourceAddresses: WORLD }, "tcp 80-443"],
  [{ protocol: "tcp", sourceAddresses: ["203.0.113.7"] }, "tcp all"],
  [{ protocol: "udp", portRange: "443", sourceAddresses: WORLD }, "udp 443"],
  [{ protocol: "tcp", portRange: "41641", sourceAddresses: WORLD }, "tcp 41641"],
])("a public port: %j", (rule, port) => {
  const web = { protocol: "tcp", portRange: "443", sourceAddresses: WORLD };
  expect(wrong(firewall(web, rule))).toEqual([
    `public-ports: It opens ${port}; only tcp 80, tcp 443, udp 41641 may be public.`,
  ]);
});

test("ports for droplets of a tag are not public", () => {
  expect(wrong(firewall({ protocol: "tcp", portRange: "6432", sourceTags: ["mastodon:prod"] }))).toEqual([]);
});

test.each([
  [resource("digitalocean:index/volume:Volume", { region: "ams3" }, { protect: true }), "ams3", "nyc3"],
  [
    resource("digitalocean:index/reservedIpv6:ReservedIpv6", { regionSlug: "fra1" }, { protect: true }),
    "fra1",
    "nyc3",
  ],
  [resource("aws:s3/bucket:Bucket", { region: "eu-west-1" }, { protect: true }), "eu-west-1", "us-east-1"],
  [resource("pulumi:providers:aws", { region: "eu-west-1" }), "eu-west-1", "us-east-1"],
])("another region: %#", (subject, is, wanted) => {
  expect(wrong(subject)).toEqual([`one-region: It is in ${is}; the stack is in ${wanted}.`]);
});

const DATA = [
  "digitalocean:index/volume:Volume",
  "digitalocean:index/reservedIp:ReservedIp",
  "digitalocean:index/reservedIpv6:ReservedIpv6",
  "aws:s3/bucket:Bucket",
  "random:index/randomPassword:RandomPassword",
];

test.each(DATA)("%s without protection", (type) => {
  const urn = `urn:pulumi:prod::mastodon-hosting::mastodon-hosting:index:InstanceSecrets$${type}::it`;
  const message = "protected-data: It holds what cannot be recreated, and is not protected.";
  expect(wrong(resource(type, {}, { urn }))).toEqual([message]);
  expect(wrong(resource(type, {}, { urn, protect: true }))).toEqual([]);
  expect(wrong(resource(type, {}, { urn }), { ...PROD, protect: false })).toEqual([]);
});

test("a machine's own ssh key needs no protection", () => {
  expect(wrong(resource("tls:index/privateKey:PrivateKey"))).toEqual([]);
});

const ARN = "arn:aws:s3:::shop-example-media";
function bucketPolicy(statement: object, component = "MediaBucket") {
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
  const type = "aws:s3/bucketPolicy:BucketPolicy";
  const urn = `urn:pulumi:prod::mastodon-hosting::mastodon-hosting:index:${component}$${type}::it`;
  return resource(type, { policy }, { urn });
}
const MEDIA = { Sid: "PublicMedia", Principal: "*", Action: "s3:GetObject", Resource: `${ARN}/accounts/*` };

test.each([
  ["is what the program writes", MEDIA, []],
  [
    "lists",
    { ...MEDIA, Action: ["s3:GetObject", "s3:ListBucket"], Resource: [ARN, `${ARN}/accounts/*`] },
    [
      "Statement PublicMedia lets the public do s3:listbucket; only s3:GetObject may be public.",
      `Statement PublicMedia opens ${ARN}; name the prefixes that are public.`,
    ],
  ],
  [
    "lists by a wildcard",
    { ...MEDIA, Action: "S3:*" },
    ["Statement PublicMedia lets the public do s3:*; only s3:GetObject may be public."],
  ],
  [
    "gets by a wildcard",
    { ...MEDIA, Action: "s3:Get*" },
    ["Statement PublicMedia lets the public do s3:get*; only s3:GetObject may be public."],
  ],
  [
    "names what it does not allow",
    { ...MEDIA, Action: undefined, NotAction: "s3:PutObject" },
    [
      "Statement PublicMedia lets the public do everything but s3:PutObject; only s3:GetObject may be public.",
    ],
  ],
  [
    "opens the archives too",
    { ...MEDIA, Resource: `${ARN}/*` },
    [`Statement PublicMedia opens ${ARN}/*; name the prefixes that are public.`],
  ],
  [
    "calls the public by its other name",
    { ...MEDIA, Principal: { AWS: ["*"] }, Action: "s3:PutObject" },
    ["Statement PublicMedia lets the public do s3:putobject; only s3:GetObject may be public."],
  ],
  [
    "lets everyone in but one",
    { ...MEDIA, Principal: undefined, NotPrincipal: { AWS: "1" }, Action: "s3:PutObject" },
    ["Statement PublicMedia lets the public do s3:putobject; only s3:GetObject may be public."],
  ],
  ["lets one account list", { ...MEDIA, Principal: { AWS: "123456789012" }, Action: "s3:ListBucket" }, []],
  ["denies everyone", { ...MEDIA, Effect: "Deny", Action: "s3:*", Resource: ARN }, []],
])("a media bucket's policy that %s", (_, statement, problems) => {
  expect(wrong(bucketPolicy(statement))).toEqual(problems.map((problem) => `unlistable-buckets: ${problem}`));
});

test("the dumps are for nobody, whatever the statement", () => {
  expect(wrong(bucketPolicy(MEDIA, "BackupBucket"))).toEqual([
    "unlistable-buckets: Statement PublicMedia lets the public in; only media are public.",
  ]);
});

test.each([
  [resource("aws:s3/bucket:Bucket", { acl: "public-read" }, { protect: true })],
  [
    resource("aws:s3/bucketOwnershipControls:BucketOwnershipControls", {
      rule: { objectOwnership: "ObjectWriter" },
    }),
  ],
  [resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { blockPublicAcls: true })],
])("an ACL that could open a bucket: %#", (subject) => {
  expect(wrong(subject)).toEqual([expect.stringMatching(/^unlistable-buckets: .*ACL/)]);
});

const droplet = (name: string, properties: object) =>
  resource("digitalocean:index/droplet:Droplet", properties, { name });

test("a droplet without its tags", () => {
  expect(wrong(droplet("stray", {}))).toEqual([
    "tagged-droplets: It lacks the tag mastodon:prod.",
    "tagged-droplets: It lacks a tag mastodon:prod:… of its role.",
  ]);
  // The stack `prod-2` is another one.
  expect(wrong(droplet("stray", { tags: ["mastodon:prod-2", "mastodon:prod-2:main"] }))).toHaveLength(2);
});

test("a droplet that no firewall attaches to", () => {
  const tags = ["mastodon:prod", "mastodon:prod:main"];
  const covering = resource("digitalocean:index/firewall:Firewall", { tags: ["mastodon:prod:main"] });
  const main = droplet("main", { tags, size: "s-1vcpu-2gb" });
  expect(wrongTogether([covering, main])).toEqual([]);
  expect(wrongTogether([main])).toEqual(["behind-firewalls: No firewall attaches to main."]);
});

test("a price above the limit, and one that nobody knows", () => {
  const volume = resource("digitalocean:index/volume:Volume", { size: 1000 });
  expect(wrongTogether([volume], { ...PROD, limitUsd: 192 })).toEqual([
    "price-limit: It would cost $192.50 a month, and pricing.limitUsd is 192. Raise the limit in the same change if you want that.",
  ]);
  expect(wrongTogether([volume], { ...PROD, limitUsd: 193 })).toEqual([]);
  expect(wrongTogether([volume], { ...PROD, limitUsd: undefined })).toEqual([]);
  const exotic = droplet("gpu", { size: "gpu-h100x8-640gb", tags: [] });
  expect(wrongTogether([exotic])).toContain(
    "price-limit: gpu: the price of size gpu-h100x8-640gb is not known.",
  );
});
