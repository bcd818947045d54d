import { dropletSize, VOLUME_USD_PER_GIB_MONTH } from "./droplets";

/**
 * Amazon S3, us-east-1, aws.amazon.com/s3/pricing, checked 2026-11-23 against guides of 2026. AWS' GB is 2^30 bytes
 * (the S3 FAQ's worked examples). These are the first tiers (50 TB stored, 10 TB out): above them it gets cheaper.
 */
const S3_STORAGE_USD_PER_GIB_MONTH = 0.023;
const S3_EGRESS_USD_PER_GIB = 0.09;
/** Free egress to the internet, a month, of all AWS services together. */
const S3_FREE_EGRESS_GIB = 100;

export interface PriceInput {
  main: { size: string; volumeGiB: number };
  pools: readonly { name: string; size: string; count: number }[];
  /** Egress is what nginx on main fetches: a hit in its cache costs nothing. */
  s3: { storageGiB: number; egressGiB: number };
  /** Dumps of the database in their own bucket. */
  backups?: { storageGiB: number };
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
 * List prices of a month, before tax, without requests and without transfer beyond what droplets include.
 * @throws if a size is not in the catalogue: config.ts refuses it first.
 */
export function monthlyPrice(input: PriceInput): MonthlyPrice {
  const digitalOcean = [...mainLines(input.main), ...input.pools.map(poolLine)];
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

function s3Lines({ s3, backups }: PriceInput): PriceLine[] {
  const billedEgressGiB = Math.max(s3.egressGiB - S3_FREE_EGRESS_GIB, 0);
  const lines: PriceLine[] = [
    storageLine("media", s3.storageGiB),
    {
      item: `media out of S3, ${s3.egressGiB} GiB`,
      account: "aws",
      monthlyUsd: cents(billedEgressGiB * S3_EGRESS_USD_PER_GIB),
    },
  ];
  return backups ? [...lines, storageLine("backups", backups.storageGiB)] : lines;
}

function storageLine(what: string, gib: number): PriceLine {
  return {
    item: `${what} in S3, ${gib} GiB`,
    account: "aws",
    monthlyUsd: cents(gib * S3_STORAGE_USD_PER_GIB_MONTH),
  };
}

function dropletPrice(slug: string): number {
  const size = dropletSize(slug);
  if (!size)
    throw new Error(
      `The droplet size "${slug}" is not in capacity/dropletSizes.json: add it with its price, or write another.`,
    );
  return size.priceMonthly;
}

function sum(lines: readonly PriceLine[]): number {
  return cents(lines.reduce((total, { monthlyUsd }) => total + monthlyUsd, 0));
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}
