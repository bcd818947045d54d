/** Services that die, fail, or have no room: each is back by itself. */
import { withFullVolume } from "../../../lab/fullVolume";
import { comeBack, givenUp, services } from "../comesBack";
import type { Beds } from "./bed";

export function comesBackTests(bed: Beds): void {
  test("systemd gives up on none of main's services", async () => {
    const units = await services(bed().main);
    expect(units).toEqual(
      expect.arrayContaining([
        "containerd.service",
        "docker.service",
        "nginx.service",
        "pgbouncer.service",
        "postgresql@17-main.service",
        "redis-server.service",
        "redis-server@cache.service",
        "ssh.service",
        "systemd-resolved.service",
        "tailscaled.service",
      ]),
    );
    expect(await givenUp(bed().main, units)).toEqual([]);
  });

  test("all of them die, and fail at six starts each: they are back when the reason is gone, and so is the site", async () => {
    // It waits for Postgres: a failure of its own shows only while Postgres runs.
    const pgbouncer = "pgbouncer.service";
    const all = await services(bed().main);
    await comeBack(
      bed().main,
      all.filter((unit) => unit !== pgbouncer),
    );
    await comeBack(bed().main, [pgbouncer]);
    await bed().main.run("mastodon-ready 180");
  });

  test("the volume is full until Postgres has given up on it; with room again the site is back within a minute", async () => {
    await bed().sql("CREATE TABLE kept AS SELECT 'before' AS word");
    await withFullVolume(bed().main, 6);
    await bed().main.run("mastodon-ready 60", { timeout: 70 });
    expect((await bed().mastodonSql("SELECT 1")).stdout).toBe("1\n");
    expect(await bed().sql("SELECT word FROM kept")).toBe("before");
    expect(await bed().main.run("grep -c 'PANIC' /var/log/postgresql/postgresql-17-main.log")).not.toBe(
      "0\n",
    );
    await bed().redis("redis", "SET with-room yes");
  });
}
