import { dropletSize, VOLUME_USD_PER_GIB_MONTH } from "./droplets";

/**
 * Amazon S3, us-east-1, aws.amazon.com/s3/pricing, checked 2026-11-23 against guides of 2026. AWS' GB is 2^30 bytes
 * (the S3 FAQ's worked examples). These are the first tiers (50 TB stored, 10 TB out): above them it gets cheaper.
 */
const S3_STORAGE_USD_PER_GIB_MONTH = 0.023;
const S3_EGRESS_USD_PER_GIB = 0.09;
/** Free egress to the internet per month, for all AWS services together. */
const S3_FREE_EGRESS_GIB = 100;

/** An expired dump stays as an old version for these days, so that nobody can delete the last dumps unnoticed. */
export const EXPIRED_DUMPS_DAYS = 7;

/** What `monthlyPrice` leaves out. AWS' first tiers: PUT $0.005 and GET $0.0004 per thousand; same source and day as above. */
export const NOT_COUNTED =
  "tax, S3 requests ($5 per million uploads, $0.40 per million downloads), transfer beyond what droplets include";

/** docs.digitalocean.com/products/uptime/details/pricing, read 2026-11. */
const UPTIME_CHECK_USD_PER_MONTH = 1;

export interface PriceInput {
  main: { size: string; volumeGiB: number };
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
  /** Nightly dumps of the database, in a separate bucket. */
  backups: { dumpGiB: number; keepDays: number };
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

function poolLine({ name, size, count }: PriceInput["pools"][number]): PriceLine {
  return {
    item: `pool ${name}, ${count} × ${size}`,
    account: "workers",
    monthlyUsd: cents(count * dropletPrice(size)),
  };
}

function s3Lines({ media, backups }: PriceInput): PriceLine[] {
  const stored = (item: string, gib: number): PriceLine => ({
    item,
    account: "aws",
    monthlyUsd: cents(gib * S3_STORAGE_USD_PER_GIB_MONTH),
  });
  const billedEgressGiB = Math.max(media.egressGiB - S3_FREE_EGRESS_GIB, 0);
  const dumps = backups.keepDays + EXPIRED_DUMPS_DAYS;
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
    stored(`dumps in S3, ${dumps} × ${backups.dumpGiB} GiB`, dumps * backups.dumpGiB),
  ];
}

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
