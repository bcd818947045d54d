/** How long a move would take, what it costs, and how that is said. */
import { planOf } from "../../../operations/adopt/plan";
import { lookText } from "../../../operations/adopt/text";
import { FACTS, GIB, newStack, TARGET } from "./server";

const plan = (facts = FACTS, mbitPerSecond: number | undefined = 100) =>
  planOf({ facts, target: TARGET, mbitPerSecond });
const line = (what: string, ...args: Parameters<typeof plan>) =>
  plan(...args).downtime.find((one) => one.what.startsWith(what));

test("a slow line decides how long the dump takes, and says that it was measured", () => {
  // A quarter of 8 GiB at 1 Mbit/s.
  expect(line("the dump", FACTS, 1)?.basis).toBe("measured");
  expect(line("the dump", FACTS, 1)?.minutes.from).toBeCloseTo(286.33);
  // On a fast one the database decides: 12 GiB an hour at the worst.
  expect(line("the dump", FACTS, 1000)).toMatchObject({ minutes: { to: 40 }, basis: "assumed" });
  expect(line("the dump", FACTS, undefined)?.source).toContain("from 11 GiB in 53 s");
});

test("the restore: from what two cores did to what others published", () => {
  const { minutes } = line("the restore") ?? {};
  expect(minutes?.from).toBeCloseTo((8 / 11) * (105 / 60), 1);
  expect(minutes?.to).toBeCloseTo((8 / 7) * 60);
});

test("the whole is the sum of its lines", () => {
  const { downtime, total } = plan();
  expect(total.to).toBeCloseTo(downtime.reduce((sum, { minutes }) => sum + minutes.to, 0));
});

test("Redis comes along if main can read it", () => {
  expect(line("Redis")).toBeDefined();
  const redis = { ...(FACTS.redis as NonNullable<typeof FACTS.redis>), version: "8.2.0" };
  expect(line("Redis", { ...FACTS, redis })).toBeUndefined();
});

test("how long the new fleet then catches up, which the model knows of a stack", () => {
  expect(plan().catchUpMinutes).toBeUndefined();
  const { total, catchUpMinutes = 0 } = planOf({
    facts: FACTS,
    target: TARGET,
    mbitPerSecond: 100,
    stack: newStack(),
  });
  expect(total.to).toBeGreaterThan(60);
  expect(catchUpMinutes).toBeGreaterThan(1);
  expect(catchUpMinutes).toBeLessThan(total.to);
});

test("media: two objects an attachment in a bucket, one a file on a disk, and the requests' price", () => {
  expect(plan().media).toMatchObject({ objects: 32_000, gib: 11 });
  expect(plan().media?.requestsUsd).toBeCloseTo(32 * (0.005 + 0.0004));
  const onDisk = { path: "/srv", own: { files: 1000, bytes: GIB }, others: { files: 0, bytes: 0 } };
  expect(plan({ ...FACTS, onDisk }).media).toEqual({ objects: 1000, gib: 1, requestsUsd: 0.005 });
});

test.each([
  ["Amazon's, by its name", {}, "https://old-media.s3.us-east-1.amazonaws.com"],
  [
    "Amazon's elsewhere, with a prefix",
    { S3_REGION: "eu-west-1", S3_KEY_PREFIX: "social" },
    "https://old-media.s3.eu-west-1.amazonaws.com/social",
  ],
  ["with dots", { S3_BUCKET: "files.shop.example" }, "https://s3.us-east-1.amazonaws.com/files.shop.example"],
  ["another provider's", { S3_ENDPOINT: "https://fra1.example.com/" }, "https://fra1.example.com/old-media"],
  [
    "with its own host name",
    { S3_ENDPOINT: "http://10.0.0.1:9000", S3_HOSTNAME: "s3.shop.example" },
    "https://s3.shop.example/old-media",
  ],
  [
    "on the old server's disk",
    { S3_ENABLED: "false" },
    "https://NAME/system, where NAME stays the old server's",
  ],
])("what main falls back to: a bucket, %s", (_, values, url) => {
  const steps = plan({ ...FACTS, values: { ...FACTS.values, ...values } }).steps.map(({ what }) => what);
  expect(steps).toContainEqual(
    `media.fallbackUrl: ${url}, so that main serves files that are not copied yet`,
  );
});

test("a copy by replication needs the same major version, the same sorting, and a server that gives it", () => {
  const physical = (changes: Partial<NonNullable<typeof FACTS.database>>) =>
    plan({
      ...FACTS,
      database: {
        ...(FACTS.database as NonNullable<typeof FACTS.database>),
        version: 170_002,
        collation: "C.UTF-8",
        ...changes,
      },
    }).physical;
  expect(physical({})).toEqual({ possible: true, why: "the same major version, and sorting as on main" });
  expect(physical({ version: 130_016 })).toEqual({ possible: false, why: "Postgres 13 there, 17 on main" });
  for (const collation of ["C", "POSIX", "C.utf8"]) expect(physical({ collation }).possible).toBe(true);
  expect(physical({ provider: "b", collation: "en_US.utf8" }).possible).toBe(true);
  expect(physical({ collation: "en_US.utf8" }).why).toMatch(
    /^text is sorted by the collation en_US\.utf8 of/,
  );
  // ICU's own, which is called C there, too.
  expect(physical({ provider: "i", collation: "C" }).possible).toBe(false);
  expect(physical({ walLevel: "minimal", walSenders: 0, tablespaces: 1 }).why).toBe(
    "wal_level is minimal and max_wal_senders 0 there; it has tablespaces (1) beyond the default one",
  );
});

test("the text has every part, and no line of it is a secret's value", () => {
  const findings = [
    { level: "refusal", about: "encoding", says: "is wrong", remedy: "Correct it." },
    { level: "warning", about: "search", says: "is gone", remedy: "" },
  ] as const;
  const text = lookText({
    host: "old",
    at: "2026-11-29T12:00:00Z",
    stack: "live",
    facts: FACTS,
    findings: [...findings],
    plan: plan(),
  });
  expect(text).toMatch(/^old: Mastodon 4\.7\.2, shop\.example, to stack live\nNothing was changed there\.\n/);
  expect(text).toContain(
    "It cannot move yet: 1\n─────────────────────\n  encoding: is wrong.\n    → Correct it.\n",
  );
  expect(text).toContain("Warnings: 1\n───────────\n  search: is gone.\n");
  expect(text).toContain("Postgres        13.16, 8.0 GiB (3.0 GiB of it indexes), UTF8, en_US.utf8");
  expect(text).toContain("$0.17 for S3's requests");
});
