/** What a stack's accounts contain under the stack's names and tags. */
import { ApiError, type Ask, list } from "../../checks/api";
import { cloudTag, namesOfStack } from "../../settings/names";

/** Something in an account. */
export interface Found {
  account: "main" | "workers" | "tailnet";
  /** For readers: `droplet`, `volume`, `auth key` … */
  what: string;
  id: string;
  name: string;
  /** Its type in the program. */
  type: string;
  /** What `pulumi import` needs, if that is not the id. */
  importId?: string;
  /** Name that the program gives it, and the component that makes it, if there can be only one of it. */
  resource?: { name: string; parent: string };
  /** Command that deletes it, to be run with the account's `VARIABLE=TOKEN` in front. */
  remove: string;
}

type Item = Record<string, unknown> & { id: string | number; name: string; tags?: string[] };

const DIGITALOCEAN = (type: string) => `digitalocean:index/${type[0]?.toLowerCase()}${type.slice(1)}:${type}`;

/** What was found in an account, and what could not be read, with the reason. */
export interface Look {
  found: Found[];
  skipped: string[];
}

/** If one list may not be read, the others are still shown. */
function looking(account: string) {
  const look: Look = { found: [], skipped: [] };
  return {
    look,
    at: async (what: string, scope: string, read: () => Promise<Found[]>) => {
      try {
        look.found.push(...(await read()));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        look.skipped.push(
          `${account}: ${what}: ${error.message}${error.refused ? `; the token lacks the scope ${scope}` : ""}`,
        );
      }
    },
  };
}

/** The stack's names, and where its DNS records are. */
export interface Stack {
  name: string;
  /** Host names that point at the instance. */
  hosts: readonly string[];
  /** DigitalOcean zone that contains them; empty if the stack makes no records. */
  zone: string;
  /** Whether it takes snapshots of its volume: only then may its token read them. */
  snapshots: boolean;
}

/**
 * What one DigitalOcean account contains of a stack. Reserved addresses have neither a name nor a tag. An unassigned one may belong to
 * something else, so the list says so.
 */
export async function inDigitalOcean(
  ask: Ask,
  account: "main" | "workers",
  { name: stack, hosts, zone, snapshots }: Stack,
): Promise<Look> {
  const { prefix } = namesOfStack(stack);
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

  const items = (path: string, property: string) => list<Item>(ask, path, property);
  const tagged = async (path: string, property: string) =>
    (await items(path, property)).filter(({ tags }) => tags?.includes(tag));
  const unassigned = async (path: string, property: string) =>
    ((await items(path, property)) as unknown as { ip: string; droplet: object | null }[])
      .filter(({ droplet }) => droplet === null)
      .map(({ ip }) => ({ id: ip, name: ip }));
  const { look, at } = looking(account);
  await at("droplets", "droplet:read", async () =>
    (await items(`/v2/droplets?tag_name=${encodeURIComponent(tag)}`, "droplets")).map(
      of("droplet", "Droplet", ({ id }) => `doctl compute droplet delete --force ${id}`),
    ),
  );
  // The stack creates none of these in the worker account, and the token that the README describes may not read them there.
  if (account === "main") {
    await at("volumes", "block_storage:read", async () =>
      (await tagged("/v2/volumes", "volumes")).map(
        of(
          "volume",
          "Volume",
          ({ id }) => `doctl compute volume delete --force ${id}`,
          () => own("data", "main"),
        ),
      ),
    );
    if (snapshots)
      await at("volume snapshots", "snapshot:read", async () =>
        (await tagged("/v2/snapshots?resource_type=volume", "snapshots")).map(
          of(
            "volume snapshot",
            "VolumeSnapshot",
            ({ id }) => `doctl compute snapshot delete --force ${id}`,
            () => own("snapshot", "main"),
          ),
        ),
      );
    const notOurs = "reserved address (assigned to nothing: perhaps another's)";
    await at("reserved addresses", "reserved_ip:read", async () => [
      ...(await unassigned("/v2/reserved_ips", "reserved_ips")).map(
        of(
          notOurs,
          "ReservedIp",
          ({ id }) => `doctl compute reserved-ip delete --force ${id}`,
          () => own("ipv4", "main"),
        ),
      ),
      ...(await unassigned("/v2/reserved_ipv6", "reserved_ipv6s")).map(
        of(
          notOurs,
          "ReservedIpv6",
          ({ id }) => `doctl compute reserved-ipv6 delete --force ${id}`,
          () => own("ipv6", "main"),
        ),
      ),
    ]);
    if (zone)
      await at(`DNS records of ${zone}`, "domain:read", async () => {
        const records = (await items(
          `/v2/domains/${zone}/records`,
          "domain_records",
        )) as unknown as DnsRecord[];
        return records.flatMap(({ id, type, name, data }) => {
          const host = name === "@" ? zone : `${name}.${zone}`;
          if (!hosts.includes(host) || !["A", "AAAA"].includes(type)) return [];
          return {
            account,
            what: "DNS record",
            id: String(id),
            name: `${host} ${type} ${data}`,
            type: DIGITALOCEAN("DnsRecord"),
            importId: `${zone},${id}`,
            resource: { name: `main-${host}-${type.toLowerCase()}`, parent: "main" },
            remove: `doctl compute domain records delete --force ${zone} ${id}`,
          };
        });
      });
  }
  await at("firewalls", "firewall:read", async () =>
    (await items("/v2/firewalls", "firewalls"))
      .filter(({ name }) => name === `${prefix}-main` || name.startsWith(`${prefix}-worker-`))
      .map(of("firewall", "Firewall", ({ id }) => `doctl compute firewall delete --force ${id}`, ofFirewall)),
  );
  await at("tags", "tag:read", async () =>
    (await items("/v2/tags", "tags"))
      .filter(({ name }) => name === tag || name.startsWith(`${tag}:`))
      .map((item) => ({ ...item, id: item.name }))
      .map(of("tag", "Tag", ({ name }) => `doctl compute tag delete --force ${name}`, ofTag)),
  );
  await at("ssh keys", "ssh_key:read", async () =>
    (await items("/v2/account/keys", "ssh_keys"))
      .filter(({ name }) => name === prefix)
      .map(
        of(
          "ssh key",
          "SshKey",
          ({ id }) => `doctl compute ssh-key delete --force ${id}`,
          () => own("ssh-key"),
        ),
      ),
  );
  await at("projects", "project:read", async () =>
    (await items("/v2/projects", "projects"))
      .filter(({ name }) => name === prefix)
      .map(
        of(
          "project",
          "Project",
          ({ id }) => `doctl projects delete --force ${id}`,
          () => own("project"),
        ),
      ),
  );
  return look;
}

interface DnsRecord {
  id: number;
  type: string;
  name: string;
  data: string;
}

/** What the tailnet contains with the stack's tags. */
export async function inTailnet(ask: Ask, tailnet: string, stack: string): Promise<Look> {
  const { main, worker } = namesOfStack(stack).tags;
  const ours = (tags: unknown) => ((tags ?? []) as string[]).some((tag) => [main, worker].includes(tag));
  const path = `/api/v2/tailnet/${encodeURIComponent(tailnet)}`;
  const curl = (what: string) =>
    `curl -fsS -X DELETE -H "Authorization: Bearer $TAILSCALE_TOKEN" https://api.tailscale.com/api/v2/${what}`;
  const { look, at } = looking("tailnet");
  await at("auth keys", "auth_keys:read", async () => {
    const { keys = [] } = (await ask(`${path}/keys`)) as { keys?: { id: string }[] };
    const details = (await Promise.all(keys.map(({ id }) => ask(`${path}/keys/${id}`)))) as unknown as {
      id: string;
      description?: string;
      invalid?: boolean;
      capabilities?: { devices?: { create?: { tags?: string[] } } };
    }[];
    return details
      .filter(({ invalid, capabilities }) => !invalid && ours(capabilities?.devices?.create?.tags))
      .map(({ id, description = "" }) => ({
        account: "tailnet" as const,
        what: "auth key, not used yet",
        id,
        name: description,
        type: "tailscale:index/tailnetKey:TailnetKey",
        remove: curl(`tailnet/${tailnet}/keys/${id}`),
      }));
  });
  await at("devices", "devices:core:read", async () => {
    const { devices = [] } = (await ask(`${path}/devices`)) as {
      devices?: { nodeId: string; hostname: string; tags?: string[] }[];
    };
    return devices
      .filter(({ tags }) => ours(tags))
      .map(({ nodeId, hostname }) => ({
        account: "tailnet" as const,
        what: "device",
        id: nodeId,
        name: hostname,
        type: "device",
        remove: curl(`device/${nodeId}`),
      }));
  });
  return look;
}
