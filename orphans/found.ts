/** What a stack's accounts hold under the stack's own names and tags. */
import { cloudTag } from "../settings/names";

/** Something in an account. */
export interface Found {
  account: "main" | "workers" | "tailnet";
  /** For readers: `droplet`, `volume`, `auth key` … */
  what: string;
  id: string;
  name: string;
  /** Its type in the program. */
  type: string;
  /** Name that the program gives it, and the component that it is made by, where there can be only one of it. */
  resource?: { name: string; parent: string };
  /** Deletes it, after the account's `VARIABLE=TOKEN`. */
  remove: string;
}

/** Asks an API. @throws Error with the answer's own words */
export type Ask = (path: string) => Promise<Record<string, unknown>>;

type Item = Record<string, unknown> & { id: string | number; name: string; tags?: string[] };

const DIGITALOCEAN = (type: string) => `digitalocean:index/${type[0]?.toLowerCase()}${type.slice(1)}:${type}`;

/** All pages of a list. */
async function list(ask: Ask, path: string, property: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let page = 1; ; page++) {
    const answer = await ask(`${path}${path.includes("?") ? "&" : "?"}per_page=200&page=${page}`);
    items.push(...((answer[property] ?? []) as Item[]));
    const { pages } = (answer.links ?? {}) as { pages?: { next?: string } };
    if (!pages?.next) return items;
  }
}

/**
 * What one DigitalOcean account holds of a stack. Reserved addresses have neither name nor tag: one that is assigned to nothing
 * may be another's, so it is listed with that word.
 */
export async function inDigitalOcean(ask: Ask, account: "main" | "workers", stack: string): Promise<Found[]> {
  const prefix = `mastodon-${stack}`;
  const tag = cloudTag(stack);
  const component = account === "main" ? "account" : "worker-account";
  const of =
    (
      what: string,
      type: string,
      remove: (item: Item) => string,
      resource?: (item: Item) => Found["resource"],
    ) =>
    (item: Item): Found => {
      const known = resource?.(item);
      return {
        account,
        what,
        id: String(item.id),
        name: item.name,
        type: DIGITALOCEAN(type),
        ...(known ? { resource: known } : {}),
        remove: remove(item),
      };
    };
  const own = (part: string, parent = component) => ({ name: `${parent}-${part}`, parent });
  const ofTag = ({ name }: Item) => {
    const [role, pool] = name.slice(tag.length + 1).split(":");
    return own("tag", pool ? `workers-${pool}` : role || component);
  };
  const ofFirewall = ({ name }: Item) =>
    own("firewall", name === `${prefix}-main` ? "main" : `workers-${name.slice(`${prefix}-worker-`.length)}`);

  const droplets = await list(ask, `/v2/droplets?tag_name=${encodeURIComponent(tag)}`, "droplets");
  const volumes = await list(ask, "/v2/volumes", "volumes");
  const firewalls = await list(ask, "/v2/firewalls", "firewalls");
  const tags = await list(ask, "/v2/tags", "tags");
  const keys = await list(ask, "/v2/account/keys", "ssh_keys");
  const projects = await list(ask, "/v2/projects", "projects");
  const unassigned = async (path: string, property: string) =>
    ((await list(ask, path, property)) as unknown as { ip: string; droplet: object | null }[])
      .filter(({ droplet }) => droplet === null)
      .map(({ ip }) => ({ id: ip, name: ip }));
  return [
    ...droplets.map(of("droplet", "Droplet", ({ id }) => `doctl compute droplet delete --force ${id}`)),
    ...volumes
      .filter(({ tags: of }) => of?.includes(tag))
      .map(
        of(
          "volume",
          "Volume",
          ({ id }) => `doctl compute volume delete --force ${id}`,
          () => own("data", "main"),
        ),
      ),
    ...firewalls
      .filter(({ name }) => name === `${prefix}-main` || name.startsWith(`${prefix}-worker-`))
      .map(of("firewall", "Firewall", ({ id }) => `doctl compute firewall delete --force ${id}`, ofFirewall)),
    ...tags
      .filter(({ name }) => name === tag || name.startsWith(`${tag}:`))
      .map((item) => ({ ...item, id: item.name }))
      .map(of("tag", "Tag", ({ name }) => `doctl compute tag delete --force ${name}`, ofTag)),
    ...keys
      .filter(({ name }) => name === prefix)
      .map(
        of(
          "ssh key",
          "SshKey",
          ({ id }) => `doctl compute ssh-key delete --force ${id}`,
          () => own("ssh-key"),
        ),
      ),
    ...projects
      .filter(({ name }) => name === prefix)
      .map(
        of(
          "project",
          "Project",
          ({ id }) => `doctl projects delete --force ${id}`,
          () => own("project"),
        ),
      ),
    ...(await unassigned("/v2/reserved_ips", "reserved_ips")).map(
      of(
        "reserved address (assigned to nothing: perhaps another's)",
        "ReservedIp",
        ({ id }) => `doctl compute reserved-ip delete --force ${id}`,
        account === "main" ? () => own("ipv4", "main") : undefined,
      ),
    ),
    ...(await unassigned("/v2/reserved_ipv6", "reserved_ipv6s")).map(
      of(
        "reserved address (assigned to nothing: perhaps another's)",
        "ReservedIpv6",
        ({ id }) => `doctl compute reserved-ipv6 delete --force ${id}`,
        account === "main" ? () => own("ipv6", "main") : undefined,
      ),
    ),
  ];
}

/** What the tailnet holds with the stack's tags. */
export async function inTailnet(ask: Ask, tailnet: string, stack: string): Promise<Found[]> {
  const ours = (tags: unknown) =>
    ((tags ?? []) as string[]).some((tag) =>
      [`tag:mastodon-${stack}-main`, `tag:mastodon-${stack}-worker`].includes(tag),
    );
  const path = `/api/v2/tailnet/${encodeURIComponent(tailnet)}`;
  const { keys = [] } = (await ask(`${path}/keys`)) as { keys?: { id: string }[] };
  const details = (await Promise.all(keys.map(({ id }) => ask(`${path}/keys/${id}`)))) as {
    id: string;
    description?: string;
    invalid?: boolean;
    capabilities?: { devices?: { create?: { tags?: string[] } } };
  }[];
  const { devices = [] } = (await ask(`${path}/devices`)) as {
    devices?: { nodeId: string; hostname: string; tags?: string[] }[];
  };
  const curl = (what: string) =>
    `curl -fsS -X DELETE -H "Authorization: Bearer $TAILSCALE_TOKEN" https://api.tailscale.com/api/v2/${what}`;
  return [
    ...details
      .filter(({ invalid, capabilities }) => !invalid && ours(capabilities?.devices?.create?.tags))
      .map(({ id, description = "" }) => ({
        account: "tailnet" as const,
        what: "auth key, not used yet",
        id,
        name: description,
        type: "tailscale:index/tailnetKey:TailnetKey",
        remove: curl(`tailnet/${tailnet}/keys/${id}`),
      })),
    ...devices
      .filter(({ tags }) => ours(tags))
      .map(({ nodeId, hostname }) => ({
        account: "tailnet" as const,
        what: "device",
        id: nodeId,
        name: hostname,
        type: "device",
        remove: curl(`device/${nodeId}`),
      })),
  ];
}
