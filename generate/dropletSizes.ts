/**
 * `npm run sizes:fetch`: rewrites catalogue/dropletSizes.json from DigitalOcean's API; the token is DIGITALOCEAN_TOKEN (scope sizes:read).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { runCommand } from "../tools/commandLine";

const FILE = join(__dirname, "../catalogue/dropletSizes.json");
const FIRST_PAGE = "https://api.digitalocean.com/v2/sizes?per_page=200";

/** One of `sizes` in the answer to GET /v2/sizes (docs.digitalocean.com/reference/api/reference/sizes); only the fields that are used. */
const apiSize = z.object({
  slug: z.string(),
  vcpus: z.int().positive(),
  /** MiB, although the reference says megabytes: 1024 for 1 GB. */
  memory: z.int().positive(),
  /** GB. */
  disk: z.int().positive(),
  /** TB per month. */
  transfer: z.number().positive(),
  /** USD. */
  price_monthly: z.number().positive(),
  /** Whether new droplets can be created with it. */
  available: z.boolean(),
  gpu_info: z.unknown().optional(),
});
const apiPage = z.object({
  sizes: z.array(apiSize),
  links: z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional(),
});
export type ApiSize = z.infer<typeof apiSize>;

const COLUMNS = ["slug", "vcpus", "memoryMiB", "diskGiB", "transferTiB", "priceMonthly", "cpu"] as const;

export interface Catalogue {
  checked: string;
  currency: string;
  sources: string[];
  notes: string[];
  columns: readonly string[];
  sizes: (string | number)[][];
}

/** Plans of 2018, which no page offers any more: names of today's families with other figures. */
const OLD = [
  "s-1vcpu-3gb",
  "s-3vcpu-1gb",
  "s-6vcpu-16gb",
  "s-8vcpu-32gb",
  "s-12vcpu-48gb",
  "s-16vcpu-64gb",
  "s-20vcpu-96gb",
  "s-24vcpu-128gb",
  "s-32vcpu-192gb",
  "m-1vcpu-8gb",
];
/** The families for workers and main droplets: Basic, CPU-, memory- and storage-optimized, general purpose. */
const FAMILY = /^(s|[cg]\d*(_5)?|gd|m\d*|so\d*(_5)?)-/;

/** The catalogue made from the API's sizes, in the order of DigitalOcean's price list: by family and size. */
export function catalogueOf(sizes: readonly ApiSize[], checked: string): Catalogue {
  const kept = sizes.filter(
    ({ slug, available, gpu_info }) =>
      available && !gpu_info && FAMILY.test(slug) && !/^\d/.test(slug) && !OLD.includes(slug),
  );
  const families = [...new Set(kept.map(({ slug }) => family(slug)))];
  return {
    checked,
    currency: "USD",
    sources: [`DigitalOcean API GET /v2/sizes, ${checked}`],
    notes: [
      "Left out: GPU droplets, sizes that no new droplet can have, and the plans of 2018 and before (512mb to 64gb, s-6vcpu-16gb and its like).",
    ],
    columns: COLUMNS,
    sizes: kept
      .toSorted(
        (a, b) =>
          families.indexOf(family(a.slug)) - families.indexOf(family(b.slug)) ||
          a.price_monthly - b.price_monthly,
      )
      .map(({ slug, vcpus, memory, disk, transfer, price_monthly }) => [
        slug,
        vcpus,
        memory,
        disk,
        transfer,
        price_monthly,
        // Basic droplets share their CPUs; all others have dedicated ones
        // (docs.digitalocean.com/products/droplets/concepts/choosing-a-plan).
        slug.startsWith("s-") ? "shared" : "dedicated",
      ]),
  };
}

const family = (slug: string) => slug.split("-")[0] ?? slug;

/** Formatted like the file: one size per line. */
export function catalogueText({ columns, sizes, ...head }: Catalogue): string {
  const row = (cells: readonly (string | number)[]) =>
    `[${cells.map((cell) => JSON.stringify(cell)).join(", ")}]`;
  const start = JSON.stringify(head, null, 2).replace(/\n}$/, "");
  const list = sizes.map((size) => `    ${row(size)}`).join(",\n");
  return `${start},\n  "columns": ${row(columns)},\n  "sizes": [\n${list}\n  ]\n}\n`;
}

/** @throws Error with the API's answer */
async function allSizes(token: string): Promise<ApiSize[]> {
  const sizes: ApiSize[] = [];
  for (let url: string | undefined = FIRST_PAGE; url; ) {
    const answer: Response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new Error(`GET ${url}: ${answer.status} ${await answer.text()}`);
    const page = apiPage.parse(await answer.json());
    sizes.push(...page.sizes);
    url = page.links?.pages?.next;
  }
  return sizes;
}

/** Slugs that differ between two catalogues, with what changed, for the reader of the diff. */
export function changesBetween(before: Catalogue, after: Catalogue): string[] {
  const old = new Map(before.sizes.map((row) => [row[0], row.join(" ")]));
  const now = new Map(after.sizes.map((row) => [row[0], row.join(" ")]));
  return [
    ...[...old].filter(([slug]) => !now.has(slug)).map(([, row]) => `- ${row}`),
    ...[...now]
      .filter(([slug, row]) => old.get(slug) !== row)
      .map(([slug, row]) => `${old.has(slug) ? "~" : "+"} ${row}`),
  ];
}

async function main(): Promise<void> {
  const token = process.env.DIGITALOCEAN_TOKEN;
  if (!token) throw new Error("DIGITALOCEAN_TOKEN is not set; any token with the scope sizes:read will do");
  const before = JSON.parse(readFileSync(FILE, "utf8")) as Catalogue;
  const after = catalogueOf(await allSizes(token), new Date().toISOString().slice(0, 10));
  writeFileSync(FILE, catalogueText(after));
  const changes = changesBetween(before, after);
  console.log([`${after.sizes.length} sizes, ${changes.length} changes`, ...changes].join("\n"));
}

const HELP = `npm run sizes:fetch

Fetches the droplet sizes and prices from DigitalOcean's API and lists what changed. DIGITALOCEAN_TOKEN needs the scope sizes:read.
`;

if (require.main === module) runCommand({ help: HELP, options: {} }, main, () => true);
