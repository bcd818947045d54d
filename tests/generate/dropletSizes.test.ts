/** The refresh of the droplet catalogue, on an answer of the API's shape. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ApiSize,
  type Catalogue,
  catalogueOf,
  catalogueText,
  changesBetween,
} from "../../generate/dropletSizes";

const FILE = join(__dirname, "../../catalogue/dropletSizes.json");

const size = (slug: string, vcpus: number, memory: number, price: number, more: Partial<ApiSize> = {}) => ({
  slug,
  memory,
  vcpus,
  disk: 25,
  transfer: 4,
  price_monthly: price,
  price_hourly: price / 672,
  regions: ["ams3", "nyc3"],
  available: true,
  description: "Basic",
  ...more,
});

const ANSWER = [
  size("s-1vcpu-512mb-10gb", 1, 512, 4, { disk: 10, transfer: 0.5 }),
  size("s-1vcpu-1gb", 1, 1024, 6, { transfer: 1 }),
  size("s-6vcpu-16gb", 6, 16384, 96),
  size("c-4", 4, 8192, 84, { disk: 50, transfer: 5 }),
  size("c-2", 2, 4096, 42),
  size("g5_5-2vcpu-8gb", 2, 8192, 90),
  size("so1_5-2vcpu-16gb", 2, 16384, 163),
  size("4gb", 2, 4096, 24),
  size("c-48", 48, 98304, 1008, { available: false }),
  size("gpu-h100x1-80gb", 20, 245760, 2522, { gpu_info: { count: 1, model: "nvidia_h100" } }),
];

test("what new droplets can be made of is kept, with the CPU that the family has; smaller ones come first", () => {
  expect(catalogueOf(ANSWER, "2026-12-01")).toEqual({
    checked: "2026-12-01",
    currency: "USD",
    sources: ["DigitalOcean API GET /v2/sizes, 2026-12-01"],
    notes: [expect.stringMatching(/^Left out: GPU droplets/)],
    columns: ["slug", "vcpus", "memoryMiB", "diskGiB", "transferTiB", "priceMonthly", "cpu"],
    sizes: [
      ["s-1vcpu-512mb-10gb", 1, 512, 10, 0.5, 4, "shared"],
      ["s-1vcpu-1gb", 1, 1024, 25, 1, 6, "shared"],
      ["c-2", 2, 4096, 25, 4, 42, "dedicated"],
      ["c-4", 4, 8192, 50, 5, 84, "dedicated"],
      ["g5_5-2vcpu-8gb", 2, 8192, 25, 4, 90, "dedicated"],
      ["so1_5-2vcpu-16gb", 2, 16384, 25, 4, 163, "dedicated"],
    ],
  });
});

test("the text is the file's own form, byte for byte: only what changed shows in a diff", () => {
  const text = readFileSync(FILE, "utf8");
  expect(catalogueText(JSON.parse(text))).toBe(text);
});

test("today's catalogue comes back from an answer that lists it", () => {
  const today = JSON.parse(readFileSync(FILE, "utf8")) as Catalogue;
  const answer = today.sizes.map(([slug, vcpus, memory, disk, transfer, price]) => ({
    ...size(String(slug), Number(vcpus), Number(memory), Number(price)),
    disk: Number(disk),
    transfer: Number(transfer),
  }));
  const again = catalogueOf(answer, today.checked);
  expect(changesBetween(today, again)).toEqual([]);
  expect(again.sizes).toHaveLength(131);
});

test("changes are listed: gone, new, other", () => {
  const [before, after] = [ANSWER, ANSWER.filter(({ slug }) => slug !== "c-4")].map((sizes) =>
    catalogueOf(sizes, "2026-12-01"),
  ) as [Catalogue, Catalogue];
  expect(changesBetween(before, after)).toEqual(["- c-4 4 8192 50 5 84 dedicated"]);
  expect(changesBetween(after, before)).toEqual(["+ c-4 4 8192 50 5 84 dedicated"]);
  const dearer = catalogueOf([size("c-2", 2, 4096, 50)], "2026-12-01");
  expect(changesBetween(catalogueOf([size("c-2", 2, 4096, 42)], "2026-12-01"), dearer)).toEqual([
    "~ c-2 2 4096 25 4 50 dedicated",
  ]);
});
