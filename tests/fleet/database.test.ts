/** The database's size, and what it refuses or warns of. */
import type { Situation } from "../../fleet/model/evaluate";
import { AT_THE_BUSIEST } from "../../fleet/model/story";
import { workloadOf } from "../../fleet/model/workload";
import {
  backupSizes,
  databaseGiBPerYear,
  databaseOfDump,
  dumpHours,
  neededGiB,
  restoreHours,
  volumeFor,
  volumeForTwo,
} from "../../fleet/sizing/database";
import { judge } from "../../fleet/verdict/verdict";
import { CONDITIONS, fleet, mainHost, poolHost, sidekiq, sized } from "../support/fleets";

const situation = (activeUsers: number, databaseGiB = 0): Situation => ({
  ...AT_THE_BUSIEST,
  workload: workloadOf({ activeUsers, databaseGiB, nightPercent: 20, queues: {} }),
  conditions: CONDITIONS,
});
const everything = { default: 8, push: 6, ingress: 4, mailers: 2, pull: 2, fasp: 1 };
const on = (size: string, volumeGiB: number) => ({
  ...fleet(
    mainHost(sized(size), sidekiq(everything, 2), sidekiq(["scheduler"], 2)),
    poolHost(sized("c-2"), 1, sidekiq(everything, 10, 2)),
  ),
  volumeGiB,
});
const lines = (list: readonly { key: string; message: string }[]) =>
  list.map(({ key, message }) => `${key} ${message}`);

test("it grows by what was published, and a dump takes what one took", () => {
  // 200 MB a day at 1,000 users.
  expect(databaseGiBPerYear(1_000)).toBeCloseTo((200e6 * 365) / 2 ** 30, 9);
  expect(dumpHours(18)).toBeCloseTo(1.5, 9);
  expect(restoreHours(7)).toBe(1);
});

test("a volume that today's database does not fit in is refused, with the size that lasts for a year", () => {
  const { problems, warnings } = judge(on("g-4vcpu-16gb", 100), situation(1_000, 120));
  expect(lines(problems)).toEqual([
    "main.volumeGiB is 100, and the database of 1000 active users grows by some 5.7 GiB a month: with the 120 GiB that it has today, WAL and Redis' file, the volume is full; write 220 ($12 a month more)",
  ]);
  expect(warnings).toEqual([]);
  expect(judge(on("g-4vcpu-16gb", 220), situation(1_000, 120)).problems).toEqual([]);
});

test("one that is full within a year is warned of", () => {
  expect(lines(judge(on("g-4vcpu-16gb", 140), situation(1_000, 120)).warnings)).toContainEqual(
    expect.stringMatching(
      /^main\.volumeGiB is 140, .* the volume is full within a year; write 220 \(\$8 a month more\)$/,
    ),
  );
});

test("a tenth of the volume belongs to WAL that waits for the backup bucket", () => {
  const redis = { maxMemoryMiB: 1024 };
  // 100 + 4 for WAL + 2 for Redis, and 12 of 120.
  expect(neededGiB(100, redis, 120)).toBe(118);
  expect(volumeFor(100, redis)).toBe(120);
  expect(volumeFor(102, redis)).toBe(120);
  // 109 and 12 are more than 120.
  expect(volumeFor(103, redis)).toBe(130);
  // 9 and 1, and not a tenth, are 10.
  expect(volumeFor(3, redis)).toBe(10);
  expect(volumeForTwo(51, redis)).toBe(120);
});

test("backups have the sizes that were published or chosen, of the database and of its growth", () => {
  expect(backupSizes(databaseOfDump(10), 1_000)).toEqual({
    fullGiB: 49 / 3,
    dailyWalGiB: expect.closeTo(2e9 / 2 ** 30, 9),
    dumpGiB: 10,
    federationGiB: 50e6 / 2 ** 30,
  });
});

test("a main whose memory cannot hold what is in use of the database is warned of, with the next size", () => {
  const { problems, warnings } = judge(on("c-4", 1_000), situation(3_000));
  expect(problems).toEqual([]);
  expect(lines(warnings)).toEqual([
    expect.stringMatching(
      /^main\.size is c-4, which leaves Postgres \d\.\d GiB to keep its database in; of the 85 GiB in a year, 3\.4 GiB are in use all the time; write \S+ \(\$\d+ a month more\)$/,
    ),
  ]);
  expect(judge(on("g-4vcpu-16gb", 1_000), situation(3_000)).warnings).toEqual([]);
});
