/** What is looked for in the accounts, and what is said of that which may not be looked at. */

import { type Answer, ApiError } from "../../../checks/api";
import { inDigitalOcean, inTailnet } from "../../../operations/orphans/found";
import { leftovers } from "../../../operations/orphans/leftovers";
import type { StateResource } from "../../../operations/stackState";

const STACK = {
  name: "prod",
  hosts: ["social.example.org", "media.social.example.org"],
  zone: "example.org",
  snapshots: true,
};

const HELD: Record<string, Answer> = {
  "/v2/droplets": { droplets: [{ id: 1, name: "mastodon-prod-main" }] },
  "/v2/volumes": { volumes: [{ id: "v", name: "mastodon-prod-data", tags: ["mastodon:prod"] }] },
  "/v2/snapshots": {
    snapshots: [
      { id: "s", name: "mastodon-prod-before-v4-7-3-postgres-17", tags: ["mastodon:prod"] },
      { id: "t", name: "by hand", tags: null },
    ],
  },
  "/v2/reserved_ips": { reserved_ips: [{ ip: "203.0.113.1", droplet: null }] },
  "/v2/reserved_ipv6": { reserved_ipv6s: [] },
  "/v2/domains/example.org/records": {
    domain_records: [
      { id: 11, type: "A", name: "social", data: "203.0.113.1" },
      { id: 12, type: "AAAA", name: "media.social", data: "2001:db8::1" },
      { id: 13, type: "A", name: "blog", data: "203.0.113.9" },
      { id: 14, type: "MX", name: "social", data: "mail.example.org" },
    ],
  },
  "/v2/firewalls": { firewalls: [{ id: "f", name: "mastodon-prod-main" }] },
  "/v2/tags": { tags: [{ name: "mastodon:prod" }, { name: "mastodon:prod-2" }] },
  "/v2/account/keys": { ssh_keys: [{ id: 3, name: "mastodon-prod" }] },
  "/v2/projects": { projects: [{ id: "p", name: "mastodon-prod" }] },
};

function api(statuses: Record<string, number> = {}) {
  const asked: string[] = [];
  return {
    asked,
    ask: async (path: string) => {
      const { pathname } = new URL(path, "http://api");
      asked.push(pathname);
      const status = statuses[pathname];
      if (status) throw new ApiError(`api.digitalocean.com answered ${status}`, status);
      return HELD[pathname] ?? {};
    },
  };
}

test("the main account is looked through, with the stack's own DNS records", async () => {
  const { found, skipped } = await inDigitalOcean(api().ask, "main", STACK);
  expect(skipped).toEqual([]);
  expect(found.map(({ what, name }) => `${what} ${name}`)).toEqual([
    "droplet mastodon-prod-main",
    "volume mastodon-prod-data",
    "volume snapshot mastodon-prod-before-v4-7-3-postgres-17",
    "reserved address (assigned to nothing: perhaps another's) 203.0.113.1",
    "DNS record social.example.org A 203.0.113.1",
    "DNS record media.social.example.org AAAA 2001:db8::1",
    "firewall mastodon-prod-main",
    "tag mastodon:prod",
    "ssh key mastodon-prod",
    "project mastodon-prod",
  ]);
});

test("a stack that takes no snapshots asks for none: its token may not read them", async () => {
  const { asked, ask } = api({ "/v2/snapshots": 403 });
  expect((await inDigitalOcean(ask, "main", { ...STACK, snapshots: false })).skipped).toEqual([]);
  expect(asked).not.toContain("/v2/snapshots");
});

test("of the worker account nothing is asked that its token need not be allowed to", async () => {
  const { asked, ask } = api();
  await inDigitalOcean(ask, "workers", STACK);
  expect(asked.filter((path) => /volumes|snapshots|reserved|domains/.test(path))).toEqual([]);
});

test("one list that may not be read is named with its scope, and the others are there", async () => {
  const { found, skipped } = await inDigitalOcean(
    api({ "/v2/volumes": 403, "/v2/reserved_ips": 403, "/v2/tags": 503 }).ask,
    "main",
    STACK,
  );
  expect(skipped).toEqual([
    "main: volumes: api.digitalocean.com answered 403; the token lacks the scope block_storage:read",
    "main: reserved addresses: api.digitalocean.com answered 403; the token lacks the scope reserved_ip:read",
    "main: tags: api.digitalocean.com answered 503",
  ]);
  expect(found.map(({ what }) => what)).toEqual([
    "droplet",
    "volume snapshot",
    "DNS record",
    "DNS record",
    "firewall",
    "ssh key",
    "project",
  ]);
});

test("a tailnet client without devices:core:read still finds keys", async () => {
  const ask = async (path: string) => {
    if (path.endsWith("/devices")) throw new ApiError("api.tailscale.com answered 403", 403);
    if (path.endsWith("/keys")) return { keys: [{ id: "k1" }] };
    return { id: "k1", capabilities: { devices: { create: { tags: ["tag:mastodon-prod-worker"] } } } };
  };
  const { found, skipped } = await inTailnet(ask, "-", "prod");
  expect(found.map(({ id }) => id)).toEqual(["k1"]);
  expect(skipped).toEqual([
    "tailnet: devices: api.tailscale.com answered 403; the token lacks the scope devices:core:read",
  ]);
});

test("a DNS record that the state lacks is imported by its zone and id", async () => {
  const { found } = await inDigitalOcean(api().ask, "main", STACK);
  const state: StateResource[] = [
    {
      urn: "urn:pulumi:prod::mastodon-hosting::mastodon-hosting:index:MainDroplet::main",
      type: "mastodon-hosting:index:MainDroplet",
    },
    {
      urn: "urn:pulumi:prod::mastodon-hosting::pulumi:providers:digitalocean::digitalocean-main",
      type: "pulumi:providers:digitalocean",
    },
    {
      urn: "urn:pulumi:prod::mastodon-hosting::x::main-media.social.example.org-aaaa",
      type: "digitalocean:index/dnsRecord:DnsRecord",
      id: "12",
    },
  ];
  const records = leftovers(found, state).filter(({ what }) => what === "DNS record");
  expect(records.map(({ command }) => command.split(" --parent")[0])).toEqual([
    "pulumi import digitalocean:index/dnsRecord:DnsRecord main-social.example.org-a example.org,11",
  ]);
});
