/** The move as it would be: its steps, how long the site is down, what it costs. Pure. */
import { evaluate } from "../../fleet/model/evaluate";
import { fleetOf } from "../../fleet/model/fleet";
import { situationOf } from "../../fleet/situation";
import { dumpHours, restoreHours } from "../../fleet/sizing/database";
import type { Facts } from "./facts";
import { inS3, oldMediaUrl } from "./findings/media";
import { comesAlong } from "./findings/redis";
import { releasePath } from "./releasePath";
import type { NewStack } from "./stack";

/** Minutes: at the best and at the worst that are known. */
export interface Range {
  from: number;
  to: number;
}

export interface DowntimeLine {
  what: string;
  minutes: Range;
  /** Where the figures come from: measured on these servers, or taken from elsewhere. */
  basis: "measured" | "assumed";
  source: string;
}

export interface MovePlan {
  steps: { when: "before" | "down" | "after"; what: string }[];
  downtime: DowntimeLine[];
  total: Range;
  /** Of copying the media, in USD; undefined if their number is not known. */
  media: { objects: number; gib: number; requestsUsd: number } | undefined;
  /** Minutes from the start on main until no job waits, by the capacity model, after the longest downtime; undefined without a stack. */
  catchUpMinutes: number | undefined;
  /** The old Postgres could be copied as it is, by replication. */
  physical: { possible: boolean; why: string };
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** 11 GiB were dumped and restored in 158 s on one machine with two cores (docs/operations.md, "Upgrade Postgres"). */
const BEST_GIB_PER_MINUTE = 11 / (158 / 60);
/** Of that, a third was the dump. */
const DUMP_SHARE = 1 / 3;
/** A compressed dump is a quarter to a third of its database (services/recovery/restore-dump); a quarter is what the transfer is reckoned with. */
const COMPRESSED = 1 / 4;
/** Home connections upload 20 Mbit/s and data centers a gigabit: what is assumed if nothing was measured. */
const ASSUMED_MBIT: Range = { from: 20, to: 1000 };

/** AWS' list prices in us-east-1 (catalogue/price.ts, NOT_COUNTED). */
const PUT_USD = 0.005 / 1000;
const GET_USD = 0.0004 / 1000;

export interface Situation {
  facts: Facts;
  /** The stack's `mastodonVersion`. */
  target: string;
  /** From the old server to this machine. */
  mbitPerSecond: number | undefined;
  stack?: NewStack | undefined;
}

export function planOf({ facts, target, mbitPerSecond, stack }: Situation): MovePlan {
  const downtime = downtimeOf(facts, target, mbitPerSecond);
  const longest = downtime.reduce((sum, { minutes }) => sum + minutes.to, 0);
  return {
    steps: stepsOf(facts),
    downtime,
    total: {
      from: downtime.reduce((sum, { minutes }) => sum + minutes.from, 0),
      to: longest,
    },
    catchUpMinutes: stack && catchUp(stack.settings, longest),
    media: mediaOf(facts),
    physical: physicalOf(facts),
  };
}

function downtimeOf(facts: Facts, target: string, mbit: number | undefined): DowntimeLine[] {
  const gib = (facts.database?.bytes ?? 0) / GIB;
  const megabits = (gib * COMPRESSED * GIB * 8) / 1e6;
  const best = gib / BEST_GIB_PER_MINUTE;
  const transfer: Range =
    mbit === undefined
      ? { from: megabits / ASSUMED_MBIT.to / 60, to: megabits / ASSUMED_MBIT.from / 60 }
      : { from: megabits / mbit / 60, to: megabits / mbit / 60 };
  const dump: Range = { from: best * DUMP_SHARE, to: dumpHours(gib) * 60 };
  const isSlower = transfer.to > dump.to;
  const migrates = releasePath(facts.version, target).kind === "one minor before";
  return [
    {
      what: "the old instance stops",
      minutes: { from: 0.2, to: 1 },
      basis: "assumed",
      source: "Sidekiq ends its jobs within 25 s",
    },
    {
      what: "the dump travels to main through this machine",
      minutes: { from: Math.max(dump.from, transfer.from), to: Math.max(dump.to, transfer.to) },
      basis: mbit !== undefined && isSlower ? "measured" : "assumed",
      source: isSlower
        ? mbit === undefined
          ? `a quarter of ${gib.toFixed(1)} GiB at 20 to 1,000 Mbit/s`
          : `a quarter of ${gib.toFixed(1)} GiB at the ${Math.round(mbit)} Mbit/s that came from there; the way on to main was not measured`
        : "from 11 GiB in 53 s, measured elsewhere, to 12 GiB an hour, published",
    },
    ...(facts.redis && comesAlong(facts.redis)
      ? [
          {
            what: "Redis comes along",
            minutes: { from: 0.2, to: 0.3 + facts.redis.usedBytes / MIB / 1024 },
            basis: "assumed" as const,
            source: "a minute a GiB",
          },
        ]
      : []),
    {
      what: "the restore on main",
      minutes: { from: best * (1 - DUMP_SHARE), to: restoreHours(gib) * 60 },
      basis: "assumed",
      source: "from 11 GiB in 105 s, measured elsewhere, to 7 GiB an hour, published",
    },
    {
      what: migrates ? "migrations, checks and start" : "checks and start",
      minutes: { from: 0.5, to: migrates ? 15 : 2 },
      basis: "assumed",
      source: migrates
        ? "migrations of large tables were never measured here; upgrade before the move to know"
        : "Mastodon loads in 10 to 30 s",
    },
  ];
}

/** The shortest outage that the model knows. */
const LEAST_OUTAGE_HOURS = 0.1;

/** Moved at the busiest hour, with what other servers have kept for it. */
function catchUp(settings: NewStack["settings"], downMinutes: number): number | undefined {
  const fleet = fleetOf(settings);
  if (!fleet) return undefined;
  const outage = { hours: Math.max(downMinutes / 60, LEAST_OUTAGE_HOURS), hoursBeforeBusiest: 0 };
  const { queues } = evaluate(fleet, { ...situationOf(settings), outage });
  const hours = Math.max(...queues.map(({ drainHours }) => drainHours ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(hours) ? hours * 60 : undefined;
}

function stepsOf(facts: Facts): MovePlan["steps"] {
  const old = facts.values.WEB_DOMAIN || facts.values.LOCAL_DOMAIN || "the old instance";
  const compose = facts.runs === "compose";
  return [
    { when: "before", what: "lower the TTL of its DNS records to a minute" },
    {
      when: "before",
      what: `media.fallbackUrl: ${oldMediaUrl(facts) ?? "https://NAME/system, where NAME stays the old server's"}, so that main serves files that are not copied yet`,
    },
    { when: "before", what: "npm run adopt -- secrets, then pulumi up: main runs, empty" },
    {
      when: "before",
      what: inS3(facts)
        ? `copy the media from bucket to bucket: s3://${facts.values.S3_BUCKET ?? "BUCKET"}`
        : `copy the media from the old server's disk: ${facts.onDisk?.path ?? "public/system"}`,
    },
    { when: "before", what: "npm run adopt -- look once more, without refusals" },
    {
      when: "down",
      what: `npm run adopt -- move: stops ${compose ? "web, streaming and Sidekiq of the compose project" : "Mastodon's units"}; ${old} answers 503`,
    },
    { when: "down", what: "the dump streams to main and is restored there; rows are counted on both sides" },
    ...(facts.redis && comesAlong(facts.redis)
      ? [{ when: "down" as const, what: "Redis: queues and feeds" }]
      : []),
    { when: "down", what: "main migrates the database if it has to, and starts" },
    { when: "after", what: "DNS to main's reserved address; the certificate follows within minutes" },
    {
      when: "after",
      what: "copy the media once more: what was uploaded since; then remove media.fallbackUrl",
    },
    {
      when: "after",
      what: "until DNS has moved, npm run adopt -- back starts the old instance again and empties main",
    },
  ];
}

function mediaOf({ onDisk, listed }: Facts): MovePlan["media"] {
  if (!onDisk && !listed) return undefined;
  const { own, others } = onDisk ?? listed ?? { own: { files: 0, bytes: 0 }, others: { files: 0, bytes: 0 } };
  // In a bucket each attachment is two objects, the original and its preview, and each picture two.
  const objects = onDisk
    ? own.files + others.files
    : 2 * (own.files + others.files + (listed?.pictures ?? 0));
  return {
    objects,
    gib: (own.bytes + others.bytes) / GIB,
    requestsUsd: objects * (PUT_USD + (onDisk ? 0 : GET_USD)),
  };
}

const MAINS_POSTGRES = 17;

/** Byte by byte: what all libraries agree on. Main's own collation is one of these, so that no update of a library touches an index. */
const INDEPENDENT = /^(C|POSIX|C\.UTF-?8)$/i;

/** A standby has the same major version as what it follows, and sorts as it does. */
function physicalOf({ database }: Facts): MovePlan["physical"] {
  const major = Math.floor((database?.version ?? 0) / 10_000);
  const reasons = !database
    ? ["its Postgres could not be asked"]
    : major !== MAINS_POSTGRES
      ? [`Postgres ${major} there, ${MAINS_POSTGRES} on main`]
      : [
          ...(database.provider === "b" || (database.provider === "c" && INDEPENDENT.test(database.collation))
            ? []
            : [`text is sorted by the collation ${database.collation} of its library, and here by bytes`]),
          ...(database.walLevel === "minimal" || database.walSenders < 2
            ? [`wal_level is ${database.walLevel} and max_wal_senders ${database.walSenders} there`]
            : []),
          ...(database.tablespaces > 0
            ? [`it has tablespaces (${database.tablespaces}) beyond the default one`]
            : []),
        ];
  return reasons.length > 0
    ? { possible: false, why: reasons.join("; ") }
    : { possible: true, why: "the same major version, and sorting as on main" };
}
