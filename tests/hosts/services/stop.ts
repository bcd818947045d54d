/** A bigger volume, and main's orderly end: everything that holds data is whole before the volume is let go. */
import { join } from "node:path";
import { attempt, run } from "../../../tools/run";
import type { Beds } from "./bed";

export function stopTests(bed: Beds): void {
  test("a volume that has grown gives its filesystem the room, under running databases", async () => {
    const mib = async () =>
      Number(await bed().main.run("df --output=size -BM /var/lib/postgresql | tail -n 1 | tr -d 'M '"));
    const before = await mib();
    await bed().volume.grow(2048);
    expect(await mib()).toBe(before);
    await bed().main.run("/usr/local/lib/mastodon-host/steps/50-volume");
    expect((await mib()) - before).toBeGreaterThan(1000);
    expect((await bed().mastodonSql("SELECT 1")).stdout).toBe("1\n");
  });

  test("main ends in order: containers, then Redis, pgbouncer and Postgres, then the volume", async () => {
    await bed().redis("redis", "SET last word");
    await bed().sql("CREATE TABLE last (word text); INSERT INTO last VALUES ('word')");
    await bed().main.stop();
    const journal = await run([
      ...["chroot", bed().main.root, "journalctl", "--directory=/var/log/journal", "--quiet", "--output=cat"],
      "_PID=1",
    ]);
    const lines = journal.split("\n");
    const at = (unit: RegExp) => lines.findLastIndex((line) => unit.test(line));
    const order = {
      containers: at(/^Stopped mastodon\.service/),
      redis: at(/^Stopped redis-server\.service/),
      postgres: at(/^Stopped postgresql@17-main\.service/),
      mount: at(/^Unmounted srv-data\.mount/),
    };
    expect(order.containers).toBeGreaterThan(0);
    expect(order.redis).toBeGreaterThan(order.containers);
    expect(order.postgres).toBeGreaterThan(order.containers);
    expect(order.mount).toBeGreaterThan(Math.max(order.redis, order.postgres));
    expect(
      lines.slice(order.containers - 20).filter((line) => /SIGKILL|Failed with result|timed out/.test(line)),
    ).toEqual([]);
  });

  test("what is on the volume then is whole: the filesystem's log is empty, Postgres was shut down, Redis' file is complete", async () => {
    const { device } = bed().volume;
    expect(await run(["xfs_logprint", "-t", device])).toContain("<CLEAN>");
    const mounted = join(bed().main.root, "mnt");
    // Read-only and without recovery: nothing here repairs what it looks at.
    await run(["mount", "-t", "xfs", "-o", "ro,norecovery,nouuid", device, mounted]);
    try {
      const inRoot = (command: string) => attempt(["chroot", bed().main.root, "bash", "-c", command]);
      const control = await inRoot("/usr/lib/postgresql/17/bin/pg_controldata /mnt/postgresql/17/main");
      expect(control.stdout).toMatch(/^Database cluster state: +shut down$/m);
      // A copy: the checker opens for writing.
      const aof = await inRoot(
        "cp -r /mnt/redis/appendonlydir /tmp/aof && redis-check-aof /tmp/aof/*.manifest",
      );
      expect(aof.stdout).toContain("All AOF files and manifest are valid");
    } finally {
      await run(["umount", mounted]);
    }
  });

  test("and it starts again with the last word", async () => {
    await bed().main.start();
    await bed().main.run("mastodon-ready 120");
    expect(await bed().sql("SELECT word FROM last")).toBe("word");
    expect(await bed().redis("redis", "GET last")).toBe("word");
  });
}
