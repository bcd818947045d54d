/** Limits and DNS records that an up would stumble over, asked before the first resource. */

import { ApiError } from "../../checks/api";
import { surroundings } from "../../checks/surroundings";
import type { Settings } from "../../settings/schema";
import { parse, type StackFile } from "../support/stackFile";

const OWN = "mastodon:prod";

interface World {
  limits?: { droplet_limit?: number; volume_limit?: number; reserved_ip_limit?: number };
  /** Tags of each droplet. */
  droplets?: string[][];
  volumes?: string[];
  /** Address → the tags of its droplet; null where it is assigned to nothing. */
  addresses?: Record<string, string[] | null>;
  records?: { id: number; type: string; name: string; data: string }[];
  /** Paths that the token may not read. */
  forbidden?: string[];
}

const opened = ({ limits, droplets = [], volumes = [], addresses = {}, records, forbidden = [] }: World) => ({
  account: { droplet_limit: 25, volume_limit: 10, reserved_ip_limit: 3, ...limits },
  ask: async (path: string) => {
    const { pathname, searchParams } = new URL(path, "http://api");
    if (forbidden.includes(pathname)) throw new ApiError("api.digitalocean.com answered 403", 403);
    const tag = searchParams.get("tag_name");
    const of = (v6: boolean) =>
      Object.entries(addresses)
        .filter(([ip]) => ip.includes(":") === v6)
        .map(([ip, tags]) => ({ ip, droplet: tags && { tags } }));
    switch (pathname) {
      case "/v2/droplets":
        return { meta: { total: droplets.filter((tags) => tag === null || tags.includes(tag)).length } };
      case "/v2/volumes":
        return { volumes: volumes.map((name) => ({ name })) };
      case "/v2/reserved_ips":
        return { reserved_ips: of(false) };
      case "/v2/reserved_ipv6":
        return { reserved_ipv6s: of(true) };
    }
    if (!records) throw new ApiError("api.digitalocean.com answered 404", 404);
    return { domain_records: records };
  },
});

async function found(main: World, workers?: World, file: StackFile = {}) {
  const settings: Settings = parse({
    ...(workers ? {} : { workerAccount: "same", digitaloceanWorkerToken: undefined }),
    ...file,
  });
  const { problems, warnings } = await surroundings(settings, "prod", {
    main: opened(main),
    ...(workers ? { workers: opened(workers) } : {}),
  });
  return { problems: problems.map(({ key, message }) => `${key} ${message}`), warnings };
}
const NOTHING = { problems: [], warnings: [] };

test("without an account nobody is asked", async () => {
  expect(await surroundings(parse(), "prod", {})).toEqual(NOTHING);
});

// One pool of one worker: main and it now, and one more while it is replaced.
test("the account's other droplets count, the stack's own do not", async () => {
  const own = [[OWN], [OWN]];
  const others = (count: number) => Array.from({ length: count }, () => ["blog"]);
  const limits = { droplet_limit: 10 };
  expect(await found({ limits, droplets: [...own, ...others(7)] })).toEqual(NOTHING);
  expect(await found({ limits, droplets: [...own, ...others(8)] })).toEqual({
    problems: [],
    warnings: [
      "Replacing workers takes up to 3 droplets at once, because new ones come first, but the DigitalOcean account may have 10 droplets and already has 8 others. Ask DigitalOcean for a higher limit (cloud.digitalocean.com/account/team), or delete some; until then, lower count before a replacement.",
    ],
  });
  expect(await found({ limits, droplets: others(9) })).toEqual({
    problems: [
      "main needs 2 droplets, but the DigitalOcean account may have 10 droplets and already has 9 others. Ask DigitalOcean for a higher limit (cloud.digitalocean.com/account/team), or delete some",
    ],
    warnings: [],
  });
});

test("each account has its own limit", async () => {
  expect(
    await found({ limits: { droplet_limit: 1 } }, { limits: { droplet_limit: 1 }, droplets: [["blog"]] }),
  ).toEqual({
    problems: [
      "workers need 1 droplets, but the worker account may have 1 droplets and already has 1 others. Ask DigitalOcean for a higher limit (cloud.digitalocean.com/account/team), or delete some",
    ],
    warnings: [],
  });
});

test("the last volume is refused, unless it is the stack's own", async () => {
  const limits = { volume_limit: 1 };
  expect(await found({ limits, volumes: ["mastodon-prod-data"] })).toEqual(NOTHING);
  expect((await found({ limits, volumes: ["mastodon-prod-2-data"] })).problems).toEqual([
    "main.volumeGiB needs a volume, but the DigitalOcean account already has all 1 that it may have. Ask DigitalOcean for a higher limit, or delete one",
  ]);
});

test("the last reserved address is refused, unless it may be the stack's own", async () => {
  const limits = { reserved_ip_limit: 1 };
  expect(await found({ limits, addresses: { "203.0.113.1": [OWN] } })).toEqual(NOTHING);
  expect(await found({ limits, addresses: { "203.0.113.1": null } })).toEqual(NOTHING); // of an up that failed
  expect((await found({ limits, addresses: { "203.0.113.1": ["blog"] } })).problems).toEqual([
    "main needs a reserved address, but the DigitalOcean account already has all 1 that it may have. Ask DigitalOcean for a higher limit, or delete one",
  ]);
});

const ZONE = { dnsZone: "example.org" };
const record = (type: string, data: string, name = "social", id = 7) => ({ id, type, name, data });
const refusedFor = async (...records: ReturnType<typeof record>[]) =>
  (await found({ records, addresses: { "203.0.113.1": [OWN], "2604:a880::1": [OWN] } }, undefined, ZONE))
    .problems;

test("a record of somebody else at one of the names is refused, with what to do", async () => {
  expect(await refusedFor(record("A", "198.51.100.9"))).toEqual([
    "dnsZone already has A 198.51.100.9 for social.example.org, which would keep serving next to the new records. " +
      "If the old server is no longer needed, delete them first: doctl compute domain records delete example.org 7. " +
      "Otherwise leave dnsZone empty until you move; the output nextSteps then says what to set",
  ]);
});

test.each([
  ["the media's name", record("A", "198.51.100.9", "media.social")],
  ["IPv6, which Let's Encrypt prefers", record("AAAA", "2001:db8::9")],
  ["an alias", record("CNAME", "old.example.net.")],
])("%s counts too", async (_, other) => {
  expect(await refusedFor(other)).toHaveLength(1);
});

test.each([
  ["the stack's own records", [record("A", "203.0.113.1"), record("AAAA", "2604:a880::1")]],
  ["another name", [record("A", "198.51.100.9", "blog")]],
  ["mail and texts", [record("MX", "mail.example.net."), record("TXT", "v=spf1")]],
])("%s are nobody's concern", async (_, others) => {
  expect(await refusedFor(...others)).toEqual([]);
});

test("at the zone's own name the records are called @", async () => {
  const file = { ...ZONE, domain: "example.org" };
  const { problems } = await found({ records: [record("A", "198.51.100.9", "@")] }, undefined, file);
  expect(problems).toHaveLength(1);
});

test("a zone that the account does not serve is refused", async () => {
  expect((await found({}, undefined, ZONE)).problems).toEqual([
    "dnsZone is example.org, which the main DigitalOcean account does not serve; add it there (doctl compute domain create example.org), or leave dnsZone empty",
  ]);
});

test("what a token may not read is said, and stops nobody", async () => {
  const forbidden = ["/v2/droplets", "/v2/volumes", "/v2/reserved_ips", "/v2/domains/example.org/records"];
  expect(await found({ forbidden, records: [] }, undefined, ZONE)).toEqual({
    problems: [],
    warnings: [
      ["the droplets of the DigitalOcean account", "droplet:read"],
      ["the volumes", "block_storage:read"],
      ["the reserved addresses", "reserved_ip:read"],
      ["the records of example.org", "domain:read"],
    ].map(
      ([what, scope]) =>
        `Could not read ${what}: api.digitalocean.com answered 403. The token lacks the scope ${scope}.`,
    ),
  });
});
