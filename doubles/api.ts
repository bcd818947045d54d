/** The accounts' own APIs; only the parts that the checks and `npm run orphans` ask. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Record as Held } from "./account";
import { type DigitalOceanAccount, DROPLET, TAG, VOLUME, VOLUME_SNAPSHOT } from "./digitaloceanAccount";
import { KEY, type Tailnet } from "./tailnet";

const numbered = ({ id, inputs }: Held) => ({ ...inputs, id: Number(id) });
const named = ({ id, inputs }: Held) => ({ ...inputs, id });

/** Path → DigitalOcean's answer. */
function digitalOcean(account: DigitalOceanAccount, { pathname, searchParams }: URL): object | undefined {
  const of = (type: string) => account.list(`digitalocean:index/${type}`);
  const reserved = ({ id }: Held) => {
    const droplet = account.assigned.get(id);
    const tags = droplet === undefined ? [] : (account.find(DROPLET, droplet)?.inputs.tags ?? []);
    return { ip: id, droplet: droplet === undefined ? null : { id: Number(droplet), tags } };
  };
  const tag = searchParams.get("tag_name");
  switch (pathname) {
    case "/v2/account":
      return {
        account: {
          uuid: account.userUuid,
          team: { uuid: account.uuid, name: account.label },
          droplet_limit: account.limits.droplets,
          volume_limit: account.limits.volumes,
          reserved_ip_limit: account.limits.reservedIps,
        },
      };
    case "/v2/droplets": {
      const droplets = account
        .list(DROPLET)
        .filter(({ inputs }) => tag === null || (inputs.tags as string[]).includes(tag));
      return { droplets: droplets.map(numbered), meta: { total: droplets.length } };
    }
    case "/v2/volumes":
      return { volumes: account.list(VOLUME).map(named) };
    case "/v2/snapshots":
      return { snapshots: account.list(VOLUME_SNAPSHOT).map(named) };
    case "/v2/firewalls":
      return { firewalls: of("firewall:Firewall").map(named) };
    case "/v2/tags":
      return { tags: account.list(TAG).map(({ inputs }) => ({ name: inputs.name })) };
    case "/v2/account/keys":
      return { ssh_keys: of("sshKey:SshKey").map(numbered) };
    case "/v2/projects":
      return { projects: of("project:Project").map(named) };
    case "/v2/reserved_ips":
      return { reserved_ips: of("reservedIp:ReservedIp").map(reserved) };
    case "/v2/reserved_ipv6":
      return { reserved_ipv6s: of("reservedIpv6:ReservedIpv6").map(reserved) };
  }
  const [, zone = ""] = /^\/v2\/domains\/([^/]+)\/records$/.exec(pathname) ?? [];
  if (!account.zones.has(zone)) return undefined;
  return {
    domain_records: [
      ...account.foreignRecords.filter((record) => record.zone === zone),
      ...of("dnsRecord:DnsRecord").map(({ id, inputs }) => ({
        ...inputs,
        id: Number(id),
        data: inputs.value,
      })),
    ],
  };
}

/** Path → the scope that a token needs there (docs.digitalocean.com/reference/api/scopes). */
const SCOPES: [path: RegExp, scope: string][] = [
  [/^\/v2\/volumes/, "block_storage:read"],
  [/^\/v2\/snapshots/, "snapshot:read"],
  [/^\/v2\/reserved_ip/, "reserved_ip:read"],
  [/^\/v2\/domains/, "domain:read"],
];

/** The registry of Mastodon's images, as an anonymous client sees it. */
function registry(tags: ReadonlySet<string>, { pathname }: URL): object | undefined {
  if (pathname === "/token") return { token: "anonymous" };
  const [, tag = ""] = /^\/v2\/mastodon\/mastodon(?:-streaming)?\/manifests\/(.+)$/.exec(pathname) ?? [];
  return tags.has(tag) ? { schemaVersion: 2 } : undefined;
}

function tailscale(tailnet: Tailnet, { pathname }: URL): object | undefined {
  const keys = tailnet.list(KEY);
  const path = pathname.replace("/api/v2/tailnet/-", "");
  if (path === "/keys") return { keys: keys.map(({ id }) => ({ id })) };
  if (path === "/devices")
    return { devices: tailnet.devices.map((device) => ({ ...device, nodeId: `n${device.hostname}` })) };
  const key = keys.find(({ id }) => path === `/keys/${id}`);
  return (
    key && {
      id: key.id,
      description: key.inputs.description,
      invalid: tailnet.isInvalid(key),
      capabilities: { devices: { create: { tags: key.inputs.tags } } },
    }
  );
}

/**
 * @param tokens DigitalOcean token → its account
 * @param images releases that the registry has
 */
export async function serveApis(
  tokens: ReadonlyMap<string, DigitalOceanAccount>,
  tailnet: Tailnet,
  images: ReadonlySet<string>,
): Promise<{ url: string; stop(): void }> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://api");
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    const account = tokens.get(token);
    const lacks = SCOPES.find(
      ([path, scope]) => path.test(url.pathname) && account?.withoutScopes.has(scope),
    )?.[1];
    if (lacks) {
      response.writeHead(403);
      response.end(
        JSON.stringify({ id: "Forbidden", message: `You are missing the required permission ${lacks}` }),
      );
      return;
    }
    const answer =
      url.pathname === "/token" || url.pathname.includes("/manifests/")
        ? registry(images, url)
        : url.pathname === "/api/v2/oauth/token"
          ? { access_token: "tskey-api" }
          : account
            ? digitalOcean(account, url)
            : token === "tskey-api"
              ? tailscale(tailnet, url)
              : undefined;
    response.statusCode = answer ? 200 : account || ["tskey-api", "anonymous"].includes(token) ? 404 : 401;
    response.end(JSON.stringify(answer ?? { message: "not found" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => void server.close(),
  };
}
