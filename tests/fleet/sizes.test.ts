/** docs/sizes.md, and what has to be true of each of its rows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dropletSlugs } from "../../catalogue/droplets";
import { totalMiB } from "../../fleet/sizing/memory";
import { MAX_CONNECTIONS_CEILING } from "../../fleet/sizing/postgres";
import { generatedFiles } from "../../generate/settings";
import { type SizedDroplet, sizedDroplets } from "../../generate/sizesPage";

const page = readFileSync(join(__dirname, "../../docs/sizes.md"), "utf8");
const rows = sizedDroplets();

/** Sizes that a section of the page names: `size`. */
const named = (title: string) =>
  [...(page.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? "").matchAll(/`([a-z0-9_-]+)`/g)].map(
    ([, slug]) => slug,
  );
const slugs = (wanted: (row: SizedDroplet) => boolean) => rows.filter(wanted).map(({ size }) => size.slug);

describe("sizes", () => {
  test("docs/sizes.md is what the formulas make of the catalogue: run `npm run settings` where this fails", () => {
    expect(page.split("\n")).toEqual(generatedFiles()["docs/sizes.md"]?.split("\n"));
  });

  test("every size of the catalogue is in the page, for main and for workers, as fitting or with its reason", () => {
    const all = dropletSlugs().sort();
    for (const [fitting, tooSmall] of [
      ["main: Postgres and pgbouncer", "main: too small"],
      ["main: Redis, web, streaming", "main: too small"],
      ["Workers", "Workers: too small"],
    ] as const)
      expect([...named(fitting), ...named(tooSmall)].sort()).toEqual(all);
    expect(named("main: too small")).toEqual(slugs(({ main }) => main.problems.length > 0));
    expect(named("Workers: too small")).toEqual(slugs(({ worker }) => worker.problems.length > 0));
  });

  test.each(
    rows.filter(({ main }) => main.problems.length === 0).map((row) => [row.size.slug, row] as const),
  )("main on %s: limits within the RAM, connections within theirs", (_, { size, main }) => {
    const { clientTotal, clientLimit, serverTotal, serverLimit } = main.connections;
    expect(totalMiB(main.memory)).toBeLessThanOrEqual(size.memoryMiB);
    expect(clientTotal).toBeLessThanOrEqual(clientLimit);
    expect(serverTotal).toBeLessThanOrEqual(serverLimit);
    expect(serverLimit).toBeLessThanOrEqual(MAX_CONNECTIONS_CEILING);
    // What one session may sort in, all at once, is counted with its sessions.
    expect(main.postgres.workMemMiB * main.pgbouncer.defaultPoolSize).toBeLessThan(size.memoryMiB / 4);
  });

  test("more RAM and cores never make any part of main smaller", () => {
    const parts = ({ main }: SizedDroplet) => ({
      ...main.postgres,
      workMemMiB: main.postgres.workMemMiB * main.pgbouncer.defaultPoolSize,
      pool: main.pgbouncer.defaultPoolSize,
      clients: main.pgbouncer.maxClientConnections,
      redis: main.redis.maxMemoryMiB,
      cache: main.cacheRedis.maxMemoryMiB,
      web: main.web.processes,
      streaming: main.streaming.memoryMiB,
    });
    for (const smaller of rows)
      for (const bigger of rows) {
        if (smaller.size.memoryMiB > bigger.size.memoryMiB || smaller.size.vcpus > bigger.size.vcpus)
          continue;
        const [less, more] = [parts(smaller), parts(bigger)];
        const shrunk = Object.entries(less).filter(
          ([part, value]) => more[part as keyof typeof more] < value * 0.9,
        );
        expect([smaller.size.slug, bigger.size.slug, shrunk]).toEqual([
          smaller.size.slug,
          bigger.size.slug,
          [],
        ]);
      }
  });
});
