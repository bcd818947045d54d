import fc from "fast-check";
import { dropletSlugs } from "../../catalogue/droplets";
import { monthlyPrice } from "../../catalogue/price";

const input = {
  main: { size: "s-8vcpu-16gb", volumeGiB: 100 },
  pools: [
    { name: "cpu", size: "c-2", count: 2 },
    { name: "net", size: "s-1vcpu-2gb", count: 1 },
  ],
  media: { storageGiB: 500, egressGiB: 300, deletedGiB: 150, keepOldVersionsDays: 30 },
  backups: { dumpGiB: 2, keepDays: 30 },
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
      { item: "dumps in S3, 37 × 2 GiB", account: "aws", monthlyUsd: 1.7 },
    ],
    dropletsAndVolumesUsd: 202,
    s3Usd: 34.65,
    totalUsd: 236.65,
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

test("dumps cost by the days that they are kept, and by a week more as old versions", () => {
  const days = (keepDays: number) => usd({ backups: { dumpGiB: 10, keepDays } }, "dumps");
  expect([1, 30, 365].map(days)).toEqual([1.84, 8.51, 85.56]);
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
        backups: fc.record({ dumpGiB: gib, keepDays: fc.integer({ min: 1, max: 365 }) }),
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
