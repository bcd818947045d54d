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
 * Asks for everything at once: each answer takes DigitalOcean a tenth of a second or more.
 *
 * @param opened the accounts whose tokens were accepted; empty in `npm run plan`, which asks no account
 */
export async function surroundings(
  settings: Settings,
  stack: string,
  opened: Partial<Record<Role, Opened>>,
): Promise<Found> {
  const tag = cloudTag(stack);
  const now = dropletsNow(settings);
  const atOnce = dropletsAtOnce(settings);
  const looks = (["main", "workers"] as const).flatMap((role) => {
    const account = opened[role];
    if (!account || now[role] === 0) return [];
    return unlessForbidden(`the droplets of the ${CALLED[role]}`, "droplet:read", () =>
      dropletRoom(role, account, tag, now[role], atOnce[role]),
    );
  });
  if (opened.main) looks.push(...looksAtMain(opened.main, settings, stack));
  const found = await Promise.all(looks);
  return {
    problems: found.flatMap(({ problems }) => problems),
    warnings: found.flatMap(({ warnings }) => warnings),
  };
}

function looksAtMain(main: Opened, settings: Settings, stack: string): Promise<Found>[] {
  const tag = cloudTag(stack);
  const addresses = reservedAddresses(main);
  const own = addresses.then(
    (all) =>
      new Set(
        all.ipv4
          .concat(all.ipv6)
          .filter(mayBeOurs(tag))
          .map(({ ip }) => ip),
      ),
    () => undefined, // which the second look tells
  );
  return [
    unlessForbidden("the volumes", "block_storage:read", () =>
      volumeRoom(main, namesOf(settings, stack).dataVolume),
    ),
    unlessForbidden("the reserved addresses", "reserved_ip:read", async () =>
      addressRoom(main, await addresses, tag),
    ),
    ...(settings.dnsZone
      ? [
          unlessForbidden(`the records of ${settings.dnsZone}`, "domain:read", () =>
            foreignRecords(main.ask, settings, stack, own),
          ),
        ]
      : []),
  ];
}

/** If the token may not read something, that is only a warning: the providers may still be allowed to do their work. */
async function unlessForbidden(
  what: string,
  scope: string,
  look: () => Promise<Partial<Found>>,
): Promise<Found> {
  try {
    return { problems: [], warnings: [], ...(await look()) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const warning = `Could not read ${what}: ${error.message}.`;
    return {
      problems: [],
      warnings: [error.refused ? `${warning} The token lacks the scope ${scope}.` : warning],
    };
  }
}

function dropletsNow(settings: Pick<Settings, "workers" | "workerAccount">) {
  const fleet = workerDroplets(settings);
  return settings.workerAccount === "same" ? { main: 1 + fleet, workers: 0 } : { main: 1, workers: fleet };
}

const totalOf = ({ meta }: Answer) => (meta as { total: number }).total;

async function dropletRoom(
  role: Role,
  { ask, account }: Opened,
  tag: string,
  now: number,
  atOnce: number,
): Promise<Partial<Found>> {
  const limit = account.droplet_limit as number;
  const [all, own] = await Promise.all([
    ask("/v2/droplets?per_page=1"),
    ask(`/v2/droplets?per_page=1&tag_name=${encodeURIComponent(tag)}`),
  ]);
  const others = totalOf(all) - totalOf(own);
  const has = `the ${CALLED[role]} may have ${limit} droplets and already has ${others} others`;
  const higher = "Ask DigitalOcean for a higher limit (cloud.digitalocean.com/account/team), or delete some";
  if (others + now > limit)
    return {
      problems: [
        {
          key: role === "main" ? "main" : "workers",
          message: `${role === "main" ? "needs" : "need"} ${now} droplets, but ${has}. ${higher}`,
        },
      ],
    };
  if (others + atOnce > limit)
    return {
      warnings: [
        `Replacing workers takes up to ${atOnce} droplets at once, because new ones come first, but ${has}. ${higher}; until then, lower count before a replacement.`,
      ],
    };
  return {};
}

async function volumeRoom({ ask, account }: Opened, name: string): Promise<Partial<Found>> {
  const limit = account.volume_limit as number | undefined;
  const volumes = await list<{ name: string }>(ask, "/v2/volumes", "volumes");
  if (limit === undefined || volumes.some((volume) => volume.name === name) || volumes.length < limit)
    return {};
  return {
    problems: [
      {
        key: "main.volumeGiB",
        message: `needs a volume, but the ${CALLED.main} already has all ${limit} that it may have. Ask DigitalOcean for a higher limit, or delete one`,
      },
    ],
  };
}

interface Addresses {
  ipv4: Reserved[];
  ipv6: Reserved[];
}

async function reservedAddresses({ ask }: Opened): Promise<Addresses> {
  const [ipv4, ipv6] = await Promise.all([
    list<Reserved>(ask, "/v2/reserved_ips", "reserved_ips"),
    list<Reserved>(ask, "/v2/reserved_ipv6", "reserved_ipv6s"),
  ]);
  return { ipv4, ipv6 };
}

/** A reserved address has neither a name nor a tag, and an unassigned one may come from an up that failed. */
const mayBeOurs =
  (tag: string) =>
  ({ droplet }: Reserved) =>
    droplet === null || droplet.tags?.includes(tag) === true;

function addressRoom({ account }: Opened, { ipv4 }: Addresses, tag: string): Partial<Found> {
  const limit = account.reserved_ip_limit as number | undefined;
  if (limit === undefined || ipv4.length < limit || ipv4.some(mayBeOurs(tag))) return {};
  return {
    problems: [
      {
        key: "main",
        message: `needs a reserved address, but the ${CALLED.main} already has all ${limit} that it may have. Ask DigitalOcean for a higher limit, or delete one`,
      },
    ],
  };
}

/**
 * Another server's address next to ours would get a share of the visitors, and a CNAME allows no address next to it.
 *
 * @param own the stack's addresses; undefined if they could not be read: then there is no way to tell whose a record is
 */
async function foreignRecords(
  ask: Ask,
  settings: Settings,
  stack: string,
  own: Promise<ReadonlySet<string> | undefined>,
): Promise<Partial<Found>> {
  const zone = settings.dnsZone;
  const records = await list<DnsRecord>(ask, `/v2/domains/${zone}/records`, "domain_records").catch(
    (error) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      return undefined;
    },
  );
  if (!records)
    return {
      problems: [
        {
          key: "dnsZone",
          message: `is ${zone}, which the main DigitalOcean account does not serve; add it there (doctl compute domain create ${zone}), or leave dnsZone empty`,
        },
      ],
    };
  const ours = await own;
  if (!ours) return {};
  const names = namesOf(settings, stack);
  const problems = [...new Set([names.web, names.media])].flatMap((host) => {
    const label = host === zone ? "@" : host.slice(0, -zone.length - 1);
    const foreign = records.filter(
      ({ type, name, data }) => name === label && ["A", "AAAA", "CNAME"].includes(type) && !ours.has(data),
    );
    if (foreign.length === 0) return [];
    return {
      key: "dnsZone",
      message:
        `already has ${foreign.map(({ type, data }) => `${type} ${data}`).join(", ")} for ${host}, which would keep serving next to the new records. ` +
        `If the old server is no longer needed, delete them first: ${foreign.map(({ id }) => `doctl compute domain records delete ${zone} ${id}`).join(" && ")}. ` +
        `Otherwise leave dnsZone empty until you move; the output nextSteps then says what to set`,
    };
  });
  return { problems };
}
