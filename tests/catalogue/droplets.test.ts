import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DropletSlug } from "@pulumi/digitalocean/types/enums";
import catalogue from "../../catalogue/dropletSizes.json";
import { biggerSizes, dropletFamily, dropletSize, dropletSlugs } from "../../catalogue/droplets";

const sizes = dropletSlugs().flatMap((slug) => dropletSize(slug) ?? []);

test.each([
  {
    slug: "s-1vcpu-512mb-10gb",
    vcpus: 1,
    memoryMiB: 512,
    diskGiB: 10,
    transferTiB: 0.5,
    priceMonthly: 4,
    cpu: "shared",
  },
  {
    slug: "s-4vcpu-8gb",
    vcpus: 4,
    memoryMiB: 8192,
    diskGiB: 160,
    transferTiB: 5,
    priceMonthly: 48,
    cpu: "shared",
  },
  { slug: "c-2", vcpus: 2, memoryMiB: 4096, diskGiB: 25, transferTiB: 4, priceMonthly: 42, cpu: "dedicated" },
  {
    slug: "c-4-intel",
    vcpus: 4,
    memoryMiB: 8192,
    diskGiB: 50,
    transferTiB: 5,
    priceMonthly: 109,
    cpu: "dedicated",
  },
  {
    slug: "g-4vcpu-16gb",
    vcpus: 4,
    memoryMiB: 16384,
    diskGiB: 50,
    transferTiB: 5,
    priceMonthly: 126,
    cpu: "dedicated",
  },
])("$slug is as DigitalOcean lists it", (size) => {
  expect(dropletSize(size.slug)).toEqual(size);
});

test("a size that is not in the catalogue is undefined", () => {
  expect(dropletSize("s-6vcpu-16gb")).toBeUndefined();
});

test("the catalogue holds 131 sizes, each once, each known to the provider", () => {
  expect(catalogue.sizes).toHaveLength(131);
  expect(dropletSlugs()).toHaveLength(131);
  expect(dropletSlugs().filter((slug) => !(Object.values(DropletSlug) as string[]).includes(slug))).toEqual(
    [],
  );
});

test("no number is missing, and vCPUs and memory are those in the slug", () => {
  for (const { slug, vcpus, memoryMiB, diskGiB, transferTiB, priceMonthly } of sizes) {
    expect(Math.min(vcpus, memoryMiB, diskGiB, transferTiB, priceMonthly)).toBeGreaterThan(0);
    const [, cores, amount, unit] = /(\d+)vcpu-(\d+)(gb|mb)/.exec(slug) ?? [];
    const inSlug = cores ? [Number(cores), Number(amount) * (unit === "gb" ? 1024 : 1)] : undefined;
    // c-N has no memory in its slug: 2 GiB a core.
    expect([vcpus, memoryMiB]).toEqual(
      inSlug ?? [Number(slug.split("-")[1]), Number(slug.split("-")[1]) * 2048],
    );
  }
});

test("within a family of dedicated CPUs the price is proportional to the cores, which a typing error would break", () => {
  const dedicated = sizes.filter(({ cpu }) => cpu === "dedicated");
  for (const family of new Set(dedicated.map(({ slug }) => dropletFamily(slug)))) {
    const perCore = dedicated
      .filter(({ slug }) => dropletFamily(slug) === family)
      .map(({ priceMonthly, vcpus }) => priceMonthly / vcpus);
    expect(Math.max(...perCore) / Math.min(...perCore)).toBeLessThan(1.02);
  }
});

test.each([
  ["s-4vcpu-8gb-240gb-intel", "s-intel"],
  ["s-2vcpu-4gb-amd", "s-amd"],
  ["c-2", "c"],
  ["c2-4vcpu-8gb-intel", "c2-intel"],
  ["so1_5-2vcpu-16gb", "so1_5"],
])("%s is of the family %s", (slug, family) => {
  expect(dropletFamily(slug)).toBe(family);
});

test("bigger sizes start with the same family, and a dedicated CPU is not exchanged for a shared one", () => {
  const slugs = biggerSizes(4096, "c-2").map(({ slug }) => slug);
  expect(slugs.slice(0, 7)).toEqual(["c-4", "c-8", "c-16", "c-32", "c-48", "g-2vcpu-8gb", "gd-2vcpu-8gb"]);
  expect(slugs.filter((slug) => slug.startsWith("s-"))).toEqual([]);
  expect(biggerSizes(8192).at(0)?.slug).toBe("s-4vcpu-16gb-amd");
});

test("no data file shadows a module: Node resolves .json before the .ts of ts-node", () => {
  const files = readdirSync(join(__dirname, "../../catalogue"));
  expect(files).toContain("dropletSizes.json");
  expect(
    files.filter((file) => file.endsWith(".json") && files.includes(file.replace(/json$/, "ts"))),
  ).toEqual([]);
});
