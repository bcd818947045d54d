import {
  ARCHIVE_SECONDS,
  type Dumps,
  FULL_BACKUP_DAYS,
  OLD_VERSIONS_DAYS,
  REDIS_COPIES_DAYS,
  REDIS_SECONDS,
  REDIS_WHOLE_HOURS,
} from "./backups";
import { dropletSize, SNAPSHOT_USD_PER_GIB_MONTH, VOLUME_USD_PER_GIB_MONTH } from "./droplets";

/**
 * Amazon S3, us-east-1, aws.amazon.com/s3/pricing, checked 2026-11-23 against guides of 2026. AWS' GB is 2^30 bytes
 * (the S3 FAQ's worked examples). These are the first tiers (50 TB stored, 10 TB out): above them it gets cheaper.
 */
const S3_STORAGE_USD_PER_GIB_MONTH = 0.023;
const S3_EGRESS_USD_PER_GIB = 0.09;
/** Free egress to the internet per month, for all AWS services together. */
const S3_FREE_EGRESS_GIB = 100;

/** The first tier, per request; same source and day as above. A list costs as much as an upload. */
const S3_UPLOAD_USD = 0.005 / 1000;
const S3_DOWNLOAD_USD = 0.0004 / 1000;

const SECONDS_PER_MONTH = 30.4 * 86_400;

/**
 * pgBackRest 2.55.1 archives a segment of WAL with a download (archive.info), a list (is it there already?) and an upload
 * (src/command/archive/push), and each closes after ARCHIVE_SECONDS.
 */
const ARCHIVED_USD_PER_MONTH = (SECONDS_PER_MONTH / ARCHIVE_SECONDS) * (2 * S3_UPLOAD_USD + S3_DOWNLOAD_USD);
const REDIS_PARTS_USD_PER_MONTH = (SECONDS_PER_MONTH / REDIS_SECONDS) * S3_UPLOAD_USD;

/** A week's six differential backups, in full ones. Chosen: a day changes some 5 % of the database's blocks, and each has all days since the full one. */
const DIFFERENTIALS = 1;

/** What `monthlyPrice` leaves out. */
export const NOT_COUNTED =
  "tax, S3 requests for media ($5 per million uploads, $0.40 per million downloads), transfer beyond what droplets include";

/** docs.digitalocean.com/products/uptime/details/pricing, read 2026-11. */
const UPTIME_CHECK_USD_PER_MONTH = 1;

export interface PriceInput {
  main: { size: string; volumeGiB: number };
  /** What is in use on the data volume, if DigitalOcean keeps a snapshot of it. */
  snapshotGiB?: number | undefined;
  /** Whether DigitalOcean looks at the site from outside. */
  uptimeCheck?: boolean;
  pools: readonly { name: string; size: string; count: number }[];
  media: {
    storageGiB: number;
    /** What nginx on main fetches; a hit in its cache costs nothing. */
    egressGiB: number;
    /** Deleted or overwritten per month; the bucket keeps it as old versions. */
    deletedGiB: number;
    keepOldVersionsDays: number;
  };
  backups: BackupSizes & { keepDays: number; dumps: Dumps };
}

/** In GiB, compressed and encrypted, as S3 stores it. */
export interface BackupSizes {
  /** A full backup by pgBackRest. */
  fullGiB: number;
  /** The WAL of a day. */
  dailyWalGiB: number;
  /** A dump. */
  dumpGiB: number;
  /** An export of the accounts. */
  federationGiB: number;
  /** What Redis holds. */
  redisGiB: number;
}

export interface PriceLine {
  item: string;
  account: "main" | "workers" | "aws";
  monthlyUsd: number;
}

export interface MonthlyPrice {
  lines: PriceLine[];
  dropletsAndVolumesUsd: number;
  s3Usd: number;
  totalUsd: number;
}

/**
 * List prices per month, without NOT_COUNTED.
 * @throws if a size is not in the catalogue: settings/schema/ refuses it first.
 */
export function monthlyPrice(input: PriceInput): MonthlyPrice {
  const digitalOcean = [
    ...mainLines(input.main),
    ...(input.snapshotGiB === undefined ? [] : [snapshotLine(input.snapshotGiB)]),
    ...input.pools.map(poolLine),
    ...(input.uptimeCheck ? [UPTIME_CHECK] : []),
  ];
  const aws = s3Lines(input);
  const dropletsAndVolumesUsd = sum(digitalOcean);
  const s3Usd = sum(aws);
  return {
    lines: [...digitalOcean, ...aws],
    dropletsAndVolumesUsd,
    s3Usd,
    totalUsd: cents(dropletsAndVolumesUsd + s3Usd),
  };
}

const UPTIME_CHECK: PriceLine = {
  item: "uptime check",
  account: "main",
  monthlyUsd: UPTIME_CHECK_USD_PER_MONTH,
};

function mainLines({ size, volumeGiB }: PriceInput["main"]): PriceLine[] {
  return [
    { item: `main droplet, ${size}`, account: "main", monthlyUsd: dropletPrice(size) },
    {
      item: `data volume, ${volumeGiB} GiB`,
      account: "main",
      monthlyUsd: cents(volumeGiB * VOLUME_USD_PER_GIB_MONTH),
    },
  ];
}

const snapshotLine = (gib: number): PriceLine => ({
  item: `snapshot of the data volume, ${shown(gib)} GiB in use`,
  account: "main",
  monthlyUsd: cents(gib * SNAPSHOT_USD_PER_GIB_MONTH),
});

function poolLine({ name, size, count }: PriceInput["pools"][number]): PriceLine {
  return {
    item: `pool ${name}, ${count} × ${size}`,
    account: "workers",
    monthlyUsd: cents(count * dropletPrice(size)),
  };
}

const stored = (item: string, gib: number, requestsUsd = 0): PriceLine => ({
  item,
  account: "aws",
  monthlyUsd: cents(gib * S3_STORAGE_USD_PER_GIB_MONTH + requestsUsd),
});

function s3Lines({ media, backups }: PriceInput): PriceLine[] {
  const billedEgressGiB = Math.max(media.egressGiB - S3_FREE_EGRESS_GIB, 0);
  return [
    stored(`media in S3, ${media.storageGiB} GiB`, media.storageGiB),
    stored(
      `deleted media, kept ${media.keepOldVersionsDays} days`,
      (media.deletedGiB / 30) * media.keepOldVersionsDays,
    ),
    {
      item: `media out of S3, ${media.egressGiB} GiB`,
      account: "aws",
      monthlyUsd: cents(billedEgressGiB * S3_EGRESS_USD_PER_GIB),
    },
    ...backupLines(backups),
  ];
}

/** Includes what was deleted and can still be brought back. */
function backupLines(backups: PriceInput["backups"]) {
  const { fullGiB, dailyWalGiB, dumpGiB, federationGiB, redisGiB, keepDays, dumps } = backups;
  const days = keepDays + FULL_BACKUP_DAYS + OLD_VERSIONS_DAYS;
  const weeklyGiB = fullGiB * (1 + DIFFERENTIALS);
  const nights = keepDays + OLD_VERSIONS_DAYS;
  const dumpCount = Math.ceil(nights / (dumps === "daily" ? 1 : 7));
  // With what was appended since it was last rewritten, the file is up to twice as large.
  const copies = 2 * (24 / REDIS_WHOLE_HOURS) * (REDIS_COPIES_DAYS + 1);
  return [
    stored(`backups in S3, ${keepDays} days to any second`, (weeklyGiB * days) / 7),
    stored(`WAL in S3, a segment every ${ARCHIVE_SECONDS} s`, dailyWalGiB * days, ARCHIVED_USD_PER_MONTH),
    stored(`dumps in S3, ${dumpCount} × ${shown(dumpGiB)} GiB`, dumpCount * dumpGiB),
    stored(`exports of accounts, ${nights} × ${Math.ceil(federationGiB * 1024)} MiB`, nights * federationGiB),
    stored(`copies of Redis, ${REDIS_COPIES_DAYS} days`, copies * redisGiB, REDIS_PARTS_USD_PER_MONTH),
  ];
}

const shown = (gib: number) => Number(gib.toFixed(1));

function dropletPrice(slug: string): number {
  const size = dropletSize(slug);
  if (!size)
    throw new Error(
      `The droplet size "${slug}" is not in catalogue/dropletSizes.json: add it with its price, or write another.`,
    );
  return size.priceMonthly;
}

function sum(lines: readonly PriceLine[]): number {
  return cents(lines.reduce((total, { monthlyUsd }) => total + monthlyUsd, 0));
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}
