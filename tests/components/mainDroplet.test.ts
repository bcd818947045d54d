import { packed, sent, userData } from "../../machines/bundle";
import {
  authKeyId,
  dropletId,
  dropletIpv4,
  privateKey,
  publicKey,
  RESERVED_IPV4,
  RESERVED_IPV6,
  volumeId,
} from "../support/cloud";
import { bootSecrets, expectedMain } from "../support/expected";
import {
  below,
  byName,
  custom,
  ofType,
  prod,
  REQUIRED_SECRETS,
  stackFile,
  type Values,
} from "../support/stacks";
import {
  COMMAND,
  CONNECTION,
  DROPLET_INPUTS,
  DROPLET_OPTIONS,
  HOST_KEY,
  inProject,
  KEY_INPUTS,
  KEY_OPTIONS,
  MASTODON_SECRETS,
} from "./droplets";

const VALUES: Values = { ...stackFile("prod"), ...REQUIRED_SECRETS };
const ID = Number(dropletId("main-droplet"));
const BOOT = bootSecrets("mastodon-prod-main", "main-auth-key", "main-host-key");
const MAIN_SECRETS = [
  ...MASTODON_SECRETS,
  "backups-writer-key",
  "secrets-backup",
  "secrets-repository",
  "secrets-console",
  "secrets-deploy-key",
];
const HERE = { parent: "MainDroplet main", provider: "digitalocean-main" };

/** prod's own processes: with the defaults in their place the fleet would not keep up. */
const { sidekiq } = JSON.parse(String(VALUES.main)) as { sidekiq: object[] };

const mainOf = async (values: Values = {}) => byName(below(await prod(values), "main"));

test("the main droplet of prod, complete", async () => {
  const { "main-tag": tag, "main-firewall": firewall, ...made } = await mainOf();
  expect([tag?.type, firewall?.type]).toEqual(["Tag", "Firewall"]); // firewall.test.ts has them in full
  expect(made).toEqual({
    "main-host-key": { ...HOST_KEY, parent: "MainDroplet main" },
    "main-auth-key": {
      type: "TailnetKey",
      parent: "Machine main",
      provider: "tailscale",
      dependsOn: [],
      inputs: { ...KEY_INPUTS, description: "mastodon-prod-main", tags: ["tag:mastodon-prod-main"] },
      ...KEY_OPTIONS,
      replacementTrigger: "generation 1",
    },
    "main-droplet": {
      type: "Droplet",
      parent: "Machine main",
      provider: "digitalocean-main",
      dependsOn: [
        "account-ssh-key",
        "account-tag",
        "main-auth-key",
        "main-data",
        "main-firewall",
        "main-host-key",
        "main-ipv4",
        "main-ipv6",
        "main-tag",
        ...MAIN_SECRETS,
      ].sort(),
      inputs: {
        ...DROPLET_INPUTS,
        name: "mastodon-prod-main",
        region: "nyc3",
        size: "s-8vcpu-16gb",
        tags: ["mastodon:prod", "mastodon:prod:main"],
        sshKeys: [expect.stringMatching(/^40\d{5}$/)],
        monitoring: true,
        ipv6: true,
        userData: userData(packed(expectedMain("prod", VALUES)), BOOT),
      },
      ...DROPLET_OPTIONS,
      replaceWith: ["main-auth-key"],
      replacementTrigger: authKeyId("main-auth-key"),
      deleteBeforeReplace: true,
    },
    "main-data": {
      ...HERE,
      type: "Volume",
      dependsOn: ["account-tag"],
      inputs: {
        name: "mastodon-prod-data",
        region: "nyc3",
        size: 120,
        initialFilesystemType: "xfs",
        initialFilesystemLabel: "mastodon-new",
        tags: ["mastodon:prod"],
      },
      protect: true,
      ignoreChanges: ["initialFilesystemLabel", "initialFilesystemType"],
    },
    "main-data-attachment": {
      ...HERE,
      type: "VolumeAttachment",
      dependsOn: ["main-data", "main-droplet"],
      inputs: { dropletId: ID, volumeId: volumeId("main-data") },
      deleteBeforeReplace: true,
      retainOnDelete: true,
    },
    "main-data-in-project": {
      ...HERE,
      ...inProject("account", "main-data", `do:volume:${volumeId("main-data")}`),
    },
    "main-droplet-in-project": {
      parent: "Machine main",
      provider: "digitalocean-main",
      ...inProject("account", "main-droplet", `do:droplet:${ID}`),
    },
    "main-ipv4": { ...HERE, type: "ReservedIp", dependsOn: [], inputs: { region: "nyc3" }, protect: true },
    "main-ipv4-assignment": {
      ...HERE,
      type: "ReservedIpAssignment",
      dependsOn: ["main-data-attachment", "main-droplet", "main-ipv4"],
      inputs: { ipAddress: RESERVED_IPV4, dropletId: ID },
      deleteBeforeReplace: true,
      retainOnDelete: true,
    },
    "main-ipv6": {
      ...HERE,
      type: "ReservedIpv6",
      dependsOn: [],
      inputs: { regionSlug: "nyc3" },
      protect: true,
    },
    "main-ipv6-assignment": {
      ...HERE,
      type: "ReservedIpv6Assignment",
      dependsOn: ["main-droplet", "main-ipv4-assignment", "main-ipv6"],
      inputs: { ip: RESERVED_IPV6, dropletId: ID },
      deleteBeforeReplace: true,
      retainOnDelete: true,
    },
    "main-ready": {
      ...COMMAND,
      // Migrations may take hours.
      customTimeouts: { create: "12h", update: "12h" },
      parent: "MainDroplet main",
      dependsOn: [
        "main-auth-key",
        "main-data-attachment",
        "main-droplet",
        "main-host-key",
        "main-ipv4-assignment",
        "main-ipv6-assignment",
        ...MAIN_SECRETS,
      ].sort(),
      inputs: {
        connection: {
          ...CONNECTION,
          host: BOOT.hostname,
          privateKey: privateKey("secrets-deploy-key"),
          hostKey: publicKey("main-host-key"),
        },
        create: expect.stringMatching(/^expected=\d+\n(?:.|\n)+ \| \/usr\/local\/sbin\/host-receive$/),
        addPreviousOutputInEnv: false,
        stdin: sent(expectedMain("prod", VALUES)),
        triggers: [dropletId("main-droplet")],
      },
      secretInputs: ["connection", "stdin"],
      deleteBeforeReplace: true,
    },
  });
});

test("without IPv6 there is no reserved address of that kind, and the droplet has none of its own", async () => {
  const made = await mainOf({ main: { size: "s-8vcpu-16gb", ipv6: false, sidekiq } });
  expect(Object.keys(made).filter((name) => name.includes("ipv6"))).toEqual([]);
  expect(made["main-droplet"]?.inputs.ipv6).toBe(false);
});

test("upgrade.snapshot: main changes once there is a snapshot, whose name changes with the releases", async () => {
  const made = await mainOf({ upgrade: { snapshot: true }, mastodonVersion: "v4.7.4", postgresVersion: 18 });
  expect(made["main-snapshot"]).toEqual({
    ...HERE,
    type: "VolumeSnapshot",
    dependsOn: ["account-tag", "main-data"],
    inputs: {
      name: "mastodon-prod-before-v4-7-4-postgres-18",
      volumeId: volumeId("main-data"),
      tags: ["mastodon:prod"],
    },
  });
  expect(made["main-ready"]?.dependsOn).toContain("main-snapshot");
});

test("a raised generation is all that replaces main, and the new droplet is another device in the tailnet", async () => {
  const made = await mainOf({ main: { size: "s-8vcpu-16gb", generation: 2, sidekiq } });
  expect(made["main-auth-key"]?.replacementTrigger).toBe("generation 2");
});

test("protect: false lets go of the volume and the reserved addresses", async () => {
  const made = await mainOf({ protect: false });
  const isProtected = (name: string) => "protect" in (made[name] ?? {});
  expect(Object.keys(made).filter(isProtected)).toEqual([]);
});

test("the machine's own address is where mail comes from, the reserved one where the world goes to", async () => {
  const { outputs } = await prod();
  expect(outputs).toMatchObject({
    ipv4: RESERVED_IPV4,
    outboundIpv4: { main: dropletIpv4("main-droplet") },
  });
});

/** `TYPE LABEL VALUE` of each record, in a zone. */
async function records(values: Values) {
  const run = await prod(values);
  return ofType(run, "DnsRecord").map(({ name, inputs, parent, provider, options }) => {
    expect([parent.split("::").at(-1), provider, options.protect]).toEqual([
      "main",
      "digitalocean-main",
      undefined,
    ]);
    const { domain, type, name: label, value, ttl, ...rest } = inputs as Record<string, string>;
    expect(rest).toEqual({});
    return `${name}: ${domain} ${type} ${label} ${value} ${ttl}`;
  });
}

const IPV6 = { size: "s-8vcpu-16gb", ipv6: true, sidekiq };
const IPV4 = { size: "s-8vcpu-16gb", sidekiq };

test.each<[string, Values, string[]]>([
  ["without a zone", { main: IPV6 }, []],
  [
    "the instance is the zone itself, with IPv6",
    { dnsZone: "shop.example", main: IPV6 },
    [
      `main-shop.example-a: shop.example A @ ${RESERVED_IPV4} 3600`,
      `main-shop.example-aaaa: shop.example AAAA @ ${RESERVED_IPV6} 3600`,
      `main-media.shop.example-a: shop.example A media ${RESERVED_IPV4} 3600`,
      `main-media.shop.example-aaaa: shop.example AAAA media ${RESERVED_IPV6} 3600`,
    ],
  ],
  [
    "the instance is the zone itself, without IPv6",
    { dnsZone: "shop.example", main: IPV4 },
    [
      `main-shop.example-a: shop.example A @ ${RESERVED_IPV4} 3600`,
      `main-media.shop.example-a: shop.example A media ${RESERVED_IPV4} 3600`,
    ],
  ],
  [
    "a name in the zone",
    { domain: "social.shop.example", dnsZone: "shop.example", main: IPV4 },
    [
      `main-social.shop.example-a: shop.example A social ${RESERVED_IPV4} 3600`,
      `main-media.social.shop.example-a: shop.example A media.social ${RESERVED_IPV4} 3600`,
    ],
  ],
  [
    "handles on the zone, the web interface and media below it: the zone's own name is left alone",
    {
      webDomain: "social.shop.example",
      mediaDomain: "files.shop.example",
      dnsZone: "shop.example",
      main: IPV4,
    },
    [
      `main-social.shop.example-a: shop.example A social ${RESERVED_IPV4} 3600`,
      `main-files.shop.example-a: shop.example A files ${RESERVED_IPV4} 3600`,
    ],
  ],
])("DNS records: %s", async (_, values, expected) => {
  expect((await records(values)).sort()).toEqual([...expected].sort());
});

test("another main droplet keeps the records: they point to what outlives it", async () => {
  const of = async (replaced: string[]) =>
    ofType(await prod({ dnsZone: "shop.example" }, { replaced }), "DnsRecord").map(({ inputs }) => inputs);
  expect(await of(["main-droplet", "main-auth-key"])).toEqual(await of([]));
});

test("nothing of main lives in the worker account", async () => {
  const providers = new Set(
    custom({ ...(await prod()), resources: below(await prod(), "main") }).map((r) => r.provider),
  );
  expect([...providers].sort()).toEqual(["command", "digitalocean-main", "tailscale", "tls"]);
});
