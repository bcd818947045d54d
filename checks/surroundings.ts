/** Obstacles at DigitalOcean: the accounts' limits, and DNS records of another server. Checked before the first resource. */

import { dropletsAtOnce, workerDroplets } from "../settings/fleet";
import { cloudTag, namesOf } from "../settings/names";
import type { Problem } from "../settings/problem";
import type { Settings } from "../settings/schema";
import type { Opened } from "./accounts";
import { type Answer, ApiError, type Ask, list } from "./api";

/** The results: what is refused, and what is warned of. */
export interface Found {
  problems: Problem[];
  warnings: string[];
}

/** A reserved address; only the fields that are read here. */
interface Reserved {
  ip: string;
  droplet: { tags?: string[] } | null;
}

interface DnsRecord {
  id: number;
  type: string;
  name: string;
  data: string;
}

type Role = "main" | "workers";
const CALLED = { main: "DigitalOcean account", workers: "worker account" } as const;

/**
 * @param opened the accounts whose tokens were accepted; empty in `npm run plan`, which asks no account
 */
export async function surroundings(
  settings: Settings,
  stack: string,
  opened: Partial<Record<Role, Opened>>,
): Promise<Found> {
  const found: Found = { problems: [], warnings: [] };
  const tag = cloudTag(stack);
  const now = dropletsNow(settings);
  const atOnce = dropletsAtOnce(settings);
  for (const role of ["main", "workers"] as const) {
    const account = opened[role];
    if (!account || now[role] === 0) continue;
    await unlessForbidden(found, `the droplets of the ${CALLED[role]}`, "droplet:read", () =>
      dropletRoom(found, role, account, tag, now[role], atOnce[role]),
    );
  }
  const { main } = opened;
  if (!main) return found;
  await unlessForbidden(found, "the volumes", "block_storage:read", () =>
    volumeRoom(found, main, namesOf(settings, stack).dataVolume),
  );
  const own = await unlessForbidden(found, "the reserved addresses", "reserved_ip:read", () =>
    reservedAddresses(found, main, tag),
  );
  if (settings.dnsZone)
    await unlessForbidden(found, `the records of ${settings.dnsZone}`, "domain:read", () =>
      foreignRecords(found, main.ask, settings, stack, own),
    );
  return found;
}

/** If the token may not read something, that is only a warning: the providers may still be allowed to do their work. */
async function unlessForbidden<T>(
  found: Found,
  what: string,
  scope: string,
  look: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    found.warnings.push(
      error.refused
        ? `Could not read ${what}: ${error.message}. The token lacks the scope ${scope}.`
        : `Could not read ${what}: ${error.message}.`,
    );
    return undefined;
  }
}

function dropletsNow(settings: Pick<Settings, "workers" | "workerAccount">) {
  const fleet = workerDroplets(settings);
  return settings.workerAccount === "same" ? { main: 1 + fleet, workers: 0 } : { main: 1, workers: fleet };
}

const totalOf = ({ meta }: Answer) => (meta as { total: number }).total;

async function dropletRoom(
  { problems, warnings }: Found,
  role: Role,
  { ask, account }: Opened,
  tag: string,
  now: number,
  atOnce: number,
): Promise<void> {
  const limit = account.droplet_limit as number;
  const all = totalOf(await ask("/v2/droplets?per_page=1"));
  const own = totalOf(await ask(`/v2/droplets?per_page=1&tag_name=${encodeURIComponent(tag)}`));
  const others = all - own;
  const has = `the ${CALLED[role]} may have ${limit} droplets and already has ${others} others`;
  const higher = "Ask DigitalOcean for a higher limit (cloud.digitalocean.com/account/team), or delete some";
  if (others + now > limit)
    problems.push({
      key: role === "main" ? "main" : "workers",
      message: `${role === "main" ? "needs" : "need"} ${now} droplets, but ${has}. ${higher}`,
    });
  else if (others + atOnce > limit)
    warnings.push(
      `Replacing workers takes up to ${atOnce} droplets at once, because new ones come first, but ${has}. ${higher}; until then, lower count before a replacement.`,
    );
}

async function volumeRoom({ problems }: Found, { ask, account }: Opened, name: string): Promise<void> {
  const limit = account.volume_limit as number | undefined;
  const volumes = await list<{ name: string }>(ask, "/v2/volumes", "volumes");
  if (limit === undefined || volumes.some((volume) => volume.name === name) || volumes.length < limit) return;
  problems.push({
    key: "main.volumeGiB",
    message: `needs a volume, but the ${CALLED.main} already has all ${limit} that it may have. Ask DigitalOcean for a higher limit, or delete one`,
  });
}

/**
 * The addresses that are this stack's, or may be. A reserved address has neither a name nor a tag, and an unassigned one may come from an
 * up that failed.
 */
async function reservedAddresses(
  { problems }: Found,
  { ask, account }: Opened,
  tag: string,
): Promise<Set<string>> {
  const ipv4 = await list<Reserved>(ask, "/v2/reserved_ips", "reserved_ips");
  const ipv6 = await list<Reserved>(ask, "/v2/reserved_ipv6", "reserved_ipv6s");
  const ours = ({ droplet }: Reserved) => droplet === null || droplet.tags?.includes(tag) === true;
  const limit = account.reserved_ip_limit as number | undefined;
  if (limit !== undefined && ipv4.length >= limit && !ipv4.some(ours))
    problems.push({
      key: "main",
      message: `needs a reserved address, but the ${CALLED.main} already has all ${limit} that it may have. Ask DigitalOcean for a higher limit, or delete one`,
    });
  return new Set([...ipv4, ...ipv6].filter(ours).map(({ ip }) => ip));
}

/** Another server's address next to ours would get a share of the visitors, and a CNAME allows no address next to it. */
async function foreignRecords(
  { problems }: Found,
  ask: Ask,
  settings: Settings,
  stack: string,
  own: ReadonlySet<string> | undefined,
): Promise<void> {
  const zone = settings.dnsZone;
  let records: DnsRecord[];
  try {
    records = await list<DnsRecord>(ask, `/v2/domains/${zone}/records`, "domain_records");
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    problems.push({
      key: "dnsZone",
      message: `is ${zone}, which the main DigitalOcean account does not serve; add it there (doctl compute domain create ${zone}), or leave dnsZone empty`,
    });
    return;
  }
  const names = namesOf(settings, stack);
  for (const host of new Set([names.web, names.media])) {
    const label = host === zone ? "@" : host.slice(0, -zone.length - 1);
    const foreign = records.filter(
      ({ type, name, data }) =>
        name === label && ["A", "AAAA", "CNAME"].includes(type) && own?.has(data) !== true,
    );
    // Without the addresses there is no way to tell whose a record is.
    if (foreign.length === 0 || !own) continue;
    problems.push({
      key: "dnsZone",
      message:
        `already has ${foreign.map(({ type, data }) => `${type} ${data}`).join(", ")} for ${host}, which would keep serving next to the new records. ` +
        `If the old server is no longer needed, delete them first: ${foreign.map(({ id }) => `doctl compute domain records delete ${zone} ${id}`).join(" && ")}. ` +
        `Otherwise leave dnsZone empty until you move; the output nextSteps then says what to set`,
    });
  }
}
