/** What keeps an instance from moving in, each with its remedy. */
import type { Facts } from "../../../operations/adopt/facts";
import { findingsOf } from "../../../operations/adopt/findings";
import type { NewStack } from "../../../operations/adopt/stack";
import { FACTS, GIB, newStack, TARGET } from "./server";

type Changes = Partial<Omit<Facts, "database" | "redis" | "values" | "secrets">> & {
  database?: Partial<NonNullable<Facts["database"]>>;
  redis?: Partial<NonNullable<Facts["redis"]>>;
  values?: Facts["values"];
  secrets?: Facts["secrets"];
};

const changed = ({ database, redis, values, secrets, ...changes }: Changes): Facts => ({
  ...FACTS,
  ...changes,
  database: { ...(FACTS.database as NonNullable<Facts["database"]>), ...database },
  redis: { ...(FACTS.redis as NonNullable<Facts["redis"]>), ...redis },
  values: { ...FACTS.values, ...values },
  secrets: { ...FACTS.secrets, ...secrets },
});

/** "refusal about: says → remedy", without the findings of the untouched server, of which there are none. */
const found = (changes: Changes, stack: NewStack | undefined = newStack()) =>
  findingsOf(changed(changes), TARGET, stack).map(
    ({ level, about, says, remedy }) => `${level} ${about}: ${says} → ${remedy}`,
  );

test("a server on which nothing is wrong gets no finding, with and without a stack", () => {
  expect(found({})).toEqual([]);
  expect(found({}, undefined)).toEqual([]);
});

describe("the release", () => {
  const path = (version: string, database: Changes["database"] = {}, redis: Changes["redis"] = {}) =>
    found({ version, database, redis }).filter((line) => line.includes(" Mastodon:"));

  test("4.2 on Postgres 9.6 and Redis 6: every minor between, and what each asks for first", () => {
    expect(path("4.2.10", { version: 90_624 })).toEqual([
      "refusal Mastodon: it runs 4.2.10, which is too old for v4.7.3: one release of every minor has to run on the way → Upgrade it where it is, to the newest release of 4.3 (after Postgres 12), then 4.4 (after Postgres 13 and Redis 6.2), then 4.5 (after Postgres 14 and Redis 7), then 4.6. Patch releases may be skipped. The last step, to 4.7, happens here.",
    ]);
  });

  test("the story's own 3.5 begins at 4.0, and 2.9 at 3.0", () => {
    expect(path("3.5.3")[0]).toContain("to the newest release of 4.0, then 4.1, then 4.2");
    expect(path("2.9.3")[0]).toContain("to the newest release of 3.0, then 3.1");
  });

  test("the minor before moves, and the stack's own release migrates it", () => {
    expect(path("4.6.9")).toEqual([
      "warning Mastodon: it runs 4.6.9, so the migrations of 4.7 run while the site is down → To make the move shorter, upgrade it to v4.7.3 first.",
    ]);
  });

  test.each(["4.7.4", "4.8.0", "5.0.0"])("%s is newer than the stack's", (version) => {
    expect(path(version)).toEqual([
      `refusal Mastodon: it runs ${version}, and the stack's mastodonVersion is v4.7.3: older code does not know the database of a newer release → Write mastodonVersion: v${version}.`,
    ]);
  });

  test("an unknown one", () => {
    expect(path("")[0]).toMatch(/^refusal Mastodon: its release is not known →/);
  });

  test("a fork's", () => {
    expect(path("4.7.3+glitch")).toEqual([
      "warning Mastodon: 4.7.3+glitch is not a release of Mastodon itself; here it becomes v4.7.3, and what the fork adds is gone → ",
    ]);
  });

  test("migrations that have not run, and those of which the code knows nothing", () => {
    expect(found({ migrations: { code: ["1", "2", "3", "4", "5"], database: ["5", "6"] } })).toEqual([
      "refusal migrations: 4 of its release have not run, or failed: 1, 2, 3 and 1 more → Run them there: bin/rails db:migrate (docker compose run --rm web bin/rails db:migrate).",
      "warning migrations: the database has 1 that its code does not know: 6. They come from a fork or a later release → ",
    ]);
  });
});

describe("the database", () => {
  test("another encoding", () => {
    const [line] = found({ database: { encoding: "SQL_ASCII" } });
    expect(line).toMatch(
      /^refusal encoding: the database is in SQL_ASCII, and main's is in UTF8 → .*createdb -T template0 -E UTF8 mastodon_production_utf8 && pg_dump -E UTF8 mastodon_production \|/,
    );
  });

  test("no pg_dump, or one that is older than its server", () => {
    expect(found({ pgDump: "" })).toEqual([
      "refusal pg_dump: was not found next to psql → Install it there: postgresql-client-13.",
    ]);
    expect(found({ pgDump: "pg_dump (PostgreSQL) 12.20" })).toEqual([
      "refusal pg_dump: is of version 12, and the server of version 13 → Install it there: postgresql-client-13.",
    ]);
    expect(found({ pgDump: "pg_dump (PostgreSQL) 16.4" })).toEqual([]);
  });

  test("an extension that main does not have", () => {
    expect(found({ database: { extensions: ["plpgsql", "pgroonga", "hstore"] } })).toEqual([
      expect.stringMatching(
        /^refusal extensions: main's Postgres cannot restore pgroonga → .*DROP EXTENSION "pgroonga"/,
      ),
    ]);
  });

  const unique = (changes: Partial<NonNullable<Facts["unique"]>[number]>, schema = "20230907150100") =>
    found({
      migrations: { code: [schema], database: [schema] },
      unique: [
        {
          index: "index_tags",
          table: "tags",
          keys: "lower(name)",
          primary: false,
          missing: false,
          duplicates: 0,
          ...changes,
        },
      ],
    });

  test("duplicates under a damaged index: fix-duplicates, which is made for schemas up to 4.2", () => {
    const remedy =
      "Stop Mastodon, make a backup, and run there: tootctl maintenance fix-duplicates, then REINDEX DATABASE.";
    expect(unique({ duplicates: 2 })).toEqual([
      `refusal duplicates: the restore would fail at a unique index: tags (lower(name)): 2 keys more than once → ${remedy}`,
    ]);
    expect(unique({ duplicates: 1, missing: true }, "20260901000000")).toEqual([
      `refusal duplicates: the restore would fail at a unique index: tags (lower(name)): 1 key more than once, and the index is missing → ${remedy} It was written for schemas up to 20230907150100 (4.2) and asks before it goes on with a newer one: try it on a copy of the database first.`,
    ]);
  });

  test("rows that share an id, which fix-duplicates cannot tell apart (mastodon#22451)", () => {
    expect(unique({ primary: true, keys: "id", duplicates: 5 })[0]).toMatch(
      /→ Rows of tags share an id, which fix-duplicates cannot repair\. .*DELETE FROM tags WHERE ctid = /,
    );
  });

  test("a unique index that is missing, and one that took too long", () => {
    expect(unique({ missing: true })).toEqual([
      "refusal indexes: a unique index is missing that Mastodon relies on: index_tags → Create it there: CREATE UNIQUE INDEX CONCURRENTLY index_tags ON tags (lower(name))",
    ]);
    expect(unique({ duplicates: undefined })).toEqual([
      "warning duplicates: 1 of 1 unique indexes could not be checked in time: index_tags → Look again in a quiet hour, with a larger --patience.",
    ]);
  });

  test("an index that Postgres does not use; but not what REINDEX CONCURRENTLY left, which nobody misses", () => {
    expect(found({ database: { invalid: ["index_a", "index_b_ccnew", "index_c_ccold1"] } })).toEqual([
      expect.stringMatching(
        /^refusal indexes: Postgres does not use index_a, left .*REINDEX INDEX index_a\./,
      ),
    ]);
  });

  test("a database that could not be asked", () => {
    expect(findingsOf({ ...FACTS, database: undefined }, TARGET, undefined)[0]).toMatchObject({
      level: "refusal",
      about: "Postgres",
    });
  });
});

describe("Redis", () => {
  test("a namespace, which 4.4 refuses", () => {
    expect(found({ values: { REDIS_NAMESPACE: "ns" } })).toEqual([
      expect.stringMatching(/^refusal Redis: REDIS_NAMESPACE is ns, with which Mastodon 4\.4/),
    ]);
  });

  test.each([
    [{ version: "7.4.2" }, false],
    [{ version: "8.0.5" }, false],
    [{ version: "8.2.1" }, true],
    [{ version: "7.2.4", valkey: "8.1.0" }, false],
    [{ version: "7.2.4", valkey: "9.0.0" }, true],
  ])("%j stays behind: %s", (redis, stays) => {
    expect(found({ redis }).some((line) => line.includes("queues and feeds stay behind"))).toBe(stays);
  });

  test("many jobs that wait; dead ones do not count", () => {
    expect(found({ redis: { queues: { default: 15_000, "(dead)": 1 } } })).toEqual([
      expect.stringMatching(/^warning queues: 15,000 jobs wait/),
    ]);
  });
});

describe("variables", () => {
  test("a secret that is missing or odd", () => {
    expect(found({ secrets: { SECRET_KEY_BASE: "missing", VAPID_PUBLIC_KEY: "odd" } })).toEqual([
      "refusal secrets: SECRET_KEY_BASE not found; without it the instance cannot read its own columns → If they are in another file, name it: --env FILE.",
      "refusal secrets: VAPID_PUBLIC_KEY has not the form that this program takes: 88 characters of URL-safe base64 → Correct it there if it has spaces, quotes or a missing = at its end. Another value cannot move.",
    ]);
  });

  test("encryption keys are missed from 4.3 on", () => {
    const secrets = { ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY: "missing" } as const;
    const about = (version: string) =>
      found({ version, secrets }).filter((line) => line.startsWith("refusal secrets"));
    expect(about("4.2.9")).toEqual([]);
    expect(about("4.3.0")).toHaveLength(1);
    expect(about("4.10.0")).toHaveLength(1);
  });

  test("those that the stack does not set: plain ones, and what looks like a secret", () => {
    const names = [...FACTS.names, "AUTHORIZED_FETCH", "DEEPL_API_KEY", "DB_POOL", "OTP_SECRET", "MY"];
    const stack = newStack({ extraEnv: { MY: "1" } });
    expect(found({ names }, stack)).toEqual([
      "warning variables: .env.production sets AUTHORIZED_FETCH, and the stack does not → Write those that you still want into extraEnv.",
      "warning variables: .env.production sets DEEPL_API_KEY, and the stack does not → Set those that you still want: pulumi config set --secret extraSecretEnv, as a JSON object.",
    ]);
  });
});

describe("next to the stack", () => {
  test("another domain, and another web domain", () => {
    expect(found({ values: { LOCAL_DOMAIN: "other.example" } })[0]).toMatch(
      /^refusal domain: LOCAL_DOMAIN is other\.example, and the stack's domain is shop\.example: .* → Write domain: other\.example\.$/,
    );
    expect(found({ values: { WEB_DOMAIN: "web.shop.example" } })[0]).toMatch(
      /^refusal domain: the web interface is at web\.shop\.example, .* → Write webDomain: web\.shop\.example\.$/,
    );
  });

  test("a volume that is too small while the dump is restored, and a size that nobody wrote", () => {
    const lines = found({ database: { bytes: 200 * GIB } });
    expect(lines[0]).toMatch(
      /^refusal volume: main\.volumeGiB is \d+, .* take 300 while they are restored → Write main\.volumeGiB: 300, or more to grow\.$/,
    );
    expect(lines[1]).toMatch(/^warning size: .* → Write workload\.databaseGiB: 200: /);
  });

  test("a Redis that main's has no memory for", () => {
    const limit = { main: { ...newStack().settings.main, redis: { maxMemoryMiB: 300 } } };
    expect(found({}, newStack(limit))).toEqual([
      "refusal Redis: it uses 256 MiB, and main's gets 300 MiB → Write main.redis.maxMemoryMiB: 320; or make it smaller there: cached entries and dead jobs need not come along.",
    ]);
  });

  test("more people than the stack is sized for", () => {
    expect(found({ people: { users: 9000, active: 7000 } })).toEqual([
      "warning size: 7000 people signed in within 30 days, and workload.activeUsers is 6000 → Write workload.activeUsers: 7000, and run npm run plan.",
    ]);
  });

  test("secrets that the stack does not have yet", () => {
    expect(found({}, { ...newStack(), secrets: ["vapidPrivateKey"] })[0]).toMatch(
      /^warning secrets: the stack does not have secretKeyBase, otpSecret, .* → Before the first up: npm run adopt -- secrets --from HOST --stack live/,
    );
  });

  test("the bucket's own name, unless it is at another provider; and addresses that other servers know", () => {
    const values = { S3_BUCKET: "shop-example-media" };
    expect(found({ values })[0]).toMatch(/^refusal media: media\.bucket is shop-example-media/);
    expect(found({ values: { ...values, S3_ENDPOINT: "https://nyc3.digitaloceanspaces.com" } })).toEqual([]);
    expect(found({ values: { S3_ALIAS_HOST: "files.shop.example" } })[0]).toMatch(
      /^warning media: .* → Write mediaDomain: files\.shop\.example/,
    );
    expect(found({ values: { S3_ALIAS_HOST: "" } })[0]).toMatch(/→ Keep the old bucket readable/);
  });
});
