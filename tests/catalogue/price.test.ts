import fc from "fast-check";
import { DUMPS } from "../../catalogue/backups";
import { dropletSlugs } from "../../catalogue/droplets";
import { monthlyPrice } from "../../catalogue/price";

const input = {
  main: { size: "s-8vcpu-16gb", volumeGiB: 100 },
  pools: [
    { name: "cpu", size: "c-2", count: 2 },
    { name: "net", size: "s-1vcpu-2gb", count: 1 },
  ],
  media: { storageGiB: 500, egressGiB: 300, deletedGiB: 150, keepOldVersionsDays: 30 },
  backups: {
    ...{ fullGiB: 7, dailyWalGiB: 1, dumpGiB: 2, federationGiB: 0.5, redisGiB: 0.1 },
    ...{ keepDays: 30, dumps: "weekly" as "weekly" | "daily" },
  },
};

test("a month is itemised by account, S3 apart from DigitalOcean", () => {
  expect(monthlyPrice(input)).toEqual({
    lines: [
      { item: "main droplet, s-8vcpu-16gb", account: "main", monthlyUsd: 96 },
      { item: "data volume, 100 GiB", account: "main", monthlyUsd: 10 },
      { item: "pool cpu, 2 × c-2", account: "workers", monthlyUsd: 84 },
      { item: "pool net, 1 × s-1vcpu-2gb", account: "workers", monthlyUsd: 12 },
      { item: "media in S3, 500 GiB", account: "aws", monthlyUsd: 11.5 },
      { item: "deleted media, kept 30 days", account: "aws", monthlyUsd: 3.45 },
      { item: "media out of S3, 300 GiB", account: "aws", monthlyUsd: 18 },
      { item: "backups in S3, 30 days to any second", account: "aws", monthlyUsd: 3.08 },
      { item: "WAL in S3, a segment every 50 s", account: "aws", monthlyUsd: 2.09 },
      { item: "dumps in S3, 9 × 2 GiB", account: "aws", monthlyUsd: 0.41 },
      { item: "exports of accounts, 60 × 512 MiB", account: "aws", monthlyUsd: 0.69 },
      { item: "copies of Redis, 7 days", account: "aws", monthlyUsd: 0.58 },
    ],
    dropletsAndVolumesUsd: 202,
    s3Usd: 39.8,
    totalUsd: 241.8,
  });
});

test.each([
  [0, 0],
  [100, 0],
  [101, 0.09],
  [1100, 90],
])("%i GiB out of S3 cost %d USD: the first 100 are free", (egressGiB, monthlyUsd) => {
  const { lines } = monthlyPrice({ ...input, media: { ...input.media, egressGiB } });
  expect(lines.find(({ item }) => item.startsWith("media out"))?.monthlyUsd).toBe(monthlyUsd);
});

const usd = (more: Partial<typeof input>, item: string) =>
  monthlyPrice({ ...input, ...more }).lines.find((line) => line.item.startsWith(item))?.monthlyUsd;

test("old versions of media cost by the days that they stay", () => {
  const days = (keepOldVersionsDays: number) =>
    usd({ media: { ...input.media, keepOldVersionsDays } }, "deleted media");
  expect([1, 30, 365].map(days)).toEqual([0.12, 3.45, 41.98]);
});

test("a snapshot of the volume costs by what is in use, in the main account", () => {
  expect(usd({}, "snapshot")).toBeUndefined();
  expect(monthlyPrice({ ...input, snapshotGiB: 25 }).lines).toContainEqual({
    item: "snapshot of the data volume, 25 GiB in use",
    account: "main",
    monthlyUsd: 1.5,
  });
});

const backups = (more: Partial<typeof input.backups>, item: string) =>
  usd({ backups: { ...input.backups, ...more } }, item);

test("backups cost by the days to which one can go back, and by 30 more in which nothing is gone for good", () => {
  const days = (keepDays: number) => backups({ keepDays }, "backups");
  // Two fulls a week, of 7 GiB each, for 44, 67 and 402 days: the oldest full is up to a week older than it has to be.
  expect([7, 30, 365].map(days)).toEqual([2.02, 3.08, 18.49]);
});

test("an idle instance pays for a segment of WAL every 50 s", () => {
  // 52,531 of them: an upload, a list and a download each.
  expect(backups({ dailyWalGiB: 0 }, "WAL")).toBe(0.55);
});

test("daily dumps are seven times as many as weekly ones", () => {
  const lines = (dumps: "weekly" | "daily") =>
    monthlyPrice({ ...input, backups: { ...input.backups, dumpGiB: 10.04, dumps } }).lines.filter(
      ({ item }) => item.startsWith("dumps"),
    );
  expect(lines("weekly")).toEqual([{ item: "dumps in S3, 9 × 10 GiB", account: "aws", monthlyUsd: 2.08 }]);
  expect(lines("daily")).toEqual([{ item: "dumps in S3, 60 × 10 GiB", account: "aws", monthlyUsd: 13.86 }]);
});

test("a size that is not in the catalogue is an error that says what to do", () => {
  expect(() => monthlyPrice({ ...input, main: { size: "s-6vcpu-16gb", volumeGiB: 10 } })).toThrow(
    'The droplet size "s-6vcpu-16gb" is not in catalogue/dropletSizes.json: add it with its price, or write another.',
  );
});

test("the lines add up to the totals, to the cent", () => {
  const size = fc.constantFrom(...dropletSlugs());
  const gib = fc.nat({ max: 16_384 });
  fc.assert(
    fc.property(
      fc.record({
        main: fc.record({ size, volumeGiB: gib }),
        pools: fc.array(fc.record({ name: fc.string(), size, count: fc.nat({ max: 20 }) }), { maxLength: 4 }),
        media: fc.record({
          storageGiB: gib,
          egressGiB: gib,
          deletedGiB: gib,
          keepOldVersionsDays: fc.integer({ min: 1, max: 365 }),
        }),
        backups: fc.record({
          fullGiB: gib,
          dailyWalGiB: gib,
          dumpGiB: gib,
          federationGiB: gib,
          redisGiB: gib,
          keepDays: fc.integer({ min: 7, max: 365 }),
          dumps: fc.constantFrom(...DUMPS),
        }),
      }),
      (anyInput) => {
        const { lines, dropletsAndVolumesUsd, s3Usd, totalUsd } = monthlyPrice(anyInput);
        const centsOf = (aws: boolean) =>
          lines
            .filter(({ account }) => (account === "aws") === aws)
            .reduce((sum, { monthlyUsd }) => sum + Math.round(monthlyUsd * 100), 0);
        expect(Math.round(dropletsAndVolumesUsd * 100)).toBe(centsOf(false));
        expect(Math.round(s3Usd * 100)).toBe(centsOf(true));
        expect(Math.round(totalUsd * 100)).toBe(centsOf(false) + centsOf(true));
      },
    ),
  );
});
