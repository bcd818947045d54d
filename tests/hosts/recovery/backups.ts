/** Backups on days on which all goes well. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Beds } from "./bed";

/** What a table, a dump, a copy of Redis and pgBackRest's own files would show of themselves. */
const PLAIN = ["its id is made by timestamp_id", "PGDMP", "REDIS00", "[backrest]"];
/** How what pgBackRest compresses begins. */
const ZSTD = Buffer.from("28b52ffd", "hex");

export function backupTests(bed: Beds): void {
  test("a new instance backs itself up within minutes: the database, a dump, the accounts and Redis", async () => {
    await bed().until("the first backups", 300, (status) =>
      [status, status.dump, status.federation, status.redis].every((part) => part?.ok),
    );
    const status = await bed().status();
    expect(status).toMatchObject({ code: 0, kind: "full", gap: null });
    expect(Date.parse(status.from)).toBeLessThanOrEqual(Date.parse(status.to));
  });

  test("another backup takes only what has changed, and no secret is on a command line", async () => {
    const { label } = await bed().status();
    const { result, seen } = await bed().watched(() => bed().backup());
    expect(result).toMatchObject({ ok: true, kind: "diff" });
    expect(result.label).toMatch(new RegExp(`^${label}_\\d{8}-\\d{6}D$`));
    expect(seen).toContain("pgbackrest\n");
  });

  test("a new week begins with a full backup", async () => {
    // As on the Sunday after.
    bed().main.write(
      "/root/sunday/date",
      `#!/bin/bash
       case "$*" in "-u +%F") exec /usr/bin/date -u -d 'next Sunday' +%F ;; "-u +%w") echo 0 ;; *) exec /usr/bin/date "$@" ;; esac\n`,
      0o755,
    );
    await bed().main.run("PATH=/root/sunday:$PATH mastodon-backup");
    expect(await bed().status()).toMatchObject({ code: 0, kind: "full" });
  });

  test("what is written can be restored after a minute and a few seconds", async () => {
    await bed().sql("INSERT INTO statuses (account_id, text) VALUES (1, 'a minute')");
    const written = Date.now();
    await bed().until("the minute's WAL", 80, ({ to }) => Date.parse(to) >= written);
  });

  test("Redis: a copy, and what was appended since, through a rewrite; after two, or a new start, another copy", async () => {
    const copied = async () => {
      await bed().redis("INCR copied");
      await bed().main.run("systemctl start mastodon-backup-redis");
      const { redis } = await bed().status();
      expect(redis).toMatchObject({ ok: true });
      return redis?.object?.split("/").length === 3 ? "part" : "copy";
    };
    const rewrite = async () => {
      await bed().redis("BGREWRITEAOF");
      const over = "INFO persistence | grep -q aof_rewrite_in_progress:0";
      await bed().main.waitFor(
        "the rewrite",
        30,
        async () => (await bed().redis(`${over}; echo $?`)) === "0",
      );
    };
    // Parts only come when something is asked for: the timer would mix in.
    await bed().main.run("systemctl stop mastodon-backup-redis.timer");
    await bed().main.run("systemctl restart redis-server");
    expect([await copied(), await copied()]).toEqual(["copy", "part"]);
    await rewrite();
    expect(await copied()).toBe("part");
    await rewrite();
    await rewrite();
    expect([await copied(), await copied()]).toEqual(["copy", "part"]);
    await bed().main.run("systemctl restart redis-server");
    expect(await copied()).toBe("copy");
    await bed().main.run("systemctl start mastodon-backup-redis.timer");
  });

  test("what is in the bucket is encrypted, and the dumps are out of main's reach", async () => {
    const objects = await bed().bucket.objects();
    const kinds = new Set(objects.map(({ key }) => key.split("/")[0]));
    expect([...kinds].sort()).toEqual(["database", "federation", "pgbackrest", "redis"]);
    const file = join(bed().lab.folder, "object");
    for (const { key } of objects) {
      await bed().bucket.request("administrator", "GET", key, file);
      const content = readFileSync(file);
      expect([key, PLAIN.filter((text) => content.includes(text))]).toEqual([key, []]);
      expect([key, content.subarray(0, 4).equals(ZSTD)]).toEqual([key, false]);
    }
    const dump = objects.find(({ key }) => key.startsWith("database/"))?.key ?? "";
    const writer = async (method: string, path: string) =>
      (await bed().bucket.request("writer", method, path)).status;
    expect(await writer("GET", dump)).toBe(403);
    expect(await writer("DELETE", dump)).toBe(403);
    const version = objects.find(({ key }) => key.startsWith("pgbackrest/"));
    expect(await writer("DELETE", `${version?.key}?versionId=${version?.versionId}`)).toBe(403);
  });
}
