// Not named droplets.json: Node resolves "./droplets" to .json before ts-node offers it .ts.
import catalogue from "./dropletSizes.json";

export interface DropletSize {
  slug: string;
  vcpus: number;
  memoryMiB: number;
  diskGiB: number;
  /** Outbound transfer per month that the price includes; shared by all droplets of an account. */
  transferTiB: number;
  /** USD. */
  priceMonthly: number;
  /** A shared vCPU may show 70 % usage and have no more to give. */
  cpu: "shared" | "dedicated";
}

/** The day on which dropletSizes.json was last compared with its sources. */
export const CATALOGUE_CHECKED = catalogue.checked;

/** USD. https://docs.digitalocean.com/products/volumes/details/pricing, as price calculators of 2026 quote it. */
export const VOLUME_USD_PER_GIB_MONTH = 0.1;

/** USD, of what is in use. https://docs.digitalocean.com/products/snapshots/details/pricing, read 2026-11. */
export const SNAPSHOT_USD_PER_GIB_MONTH = 0.06;

const sizes = catalogue.sizes.map(
  (row) =>
    Object.fromEntries(catalogue.columns.map((column, i) => [column, row[i]])) as unknown as DropletSize,
);
const bySlug = new Map(sizes.map((size) => [size.slug, size]));

export function dropletSize(slug: string): DropletSize | undefined {
  return bySlug.get(slug);
}

export function dropletSlugs(): string[] {
  return [...bySlug.keys()];
}

/** "s-4vcpu-8gb-240gb-intel" → "s-intel": the plan without its size. */
export function dropletFamily(slug: string): string {
  const parts = slug.split("-");
  const last = parts.at(-1);
  return last === "intel" || last === "amd" ? `${parts[0]}-${last}` : `${parts[0]}`;
}

/**
 * Sizes with more memory, in the order in which to recommend them: first the same family from small to large, then the others by price. A
 * dedicated CPU is never replaced by a shared one.
 */
export function biggerSizes(memoryMiB: number, slug?: string): DropletSize[] {
  const bigger = sizes.filter((size) => size.memoryMiB > memoryMiB);
  const current = slug === undefined ? undefined : dropletSize(slug);
  if (!current) return bigger.sort((a, b) => a.priceMonthly - b.priceMonthly);
  const inFamily = ({ slug }: DropletSize) => dropletFamily(slug) === dropletFamily(current.slug);
  const family = bigger
    .filter(inFamily)
    .sort((a, b) => a.memoryMiB - b.memoryMiB || a.priceMonthly - b.priceMonthly);
  const others = bigger
    .filter((size) => !inFamily(size) && (current.cpu === "shared" || size.cpu === "dedicated"))
    .sort((a, b) => a.priceMonthly - b.priceMonthly);
  return [...family, ...others];
}
