/** main is switched off, and its power goes; it comes back by itself. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Machine } from "../../../lab/machine";
import type { Volume } from "../../../lab/volume";
import { Lab, mainBundle, VOLUME_NAME } from "../lab";
import { controlPlane, tailnetAddresses } from "../tailnet";
import { listens } from "./address";
import { lastShutdown, ready, redis, sql } from "./ask";

describe("boot", () => {
  let lab: Lab;
  let main: Machine;
  let volume: Volume;

  beforeAll(async () => {
    lab = await Lab.create();
    main = await lab.machine(mainBundle());
    volume = await lab.volume();
    await main.attach(volume, VOLUME_NAME);
    await main.start();
    expect(await main.booted()).toBe("done");
    await ready(main);
  }, 900_000);
  afterAll(() => lab?.remove());

  test("off: workers are told before anything stops, Mastodon stops before its databases, and those before the volume is unmounted", async () => {
    await main.stop();
    controlPlane(main, "down");
    await main.start();
    const stops = [
      "Stopped mastodon.service",
      "Stopping pgbouncer.service",
      "Stopped redis-server.service",
      "Stopped postgresql@17-main.service",
      "Unmounted srv-data.mount",
    ];
    const at = await lastShutdown(main);
    expect(stops.map(at)).not.toContain(-1);
    const told = at("Stopped mastodon-release.service");
    expect(told).toBeGreaterThan(-1);
    expect(told).toBeLessThan(
      Math.min(...[...stops, "Stopping tailscaled.service", "Stopping nginx.service"].map(at)),
    );
    expect(at(stops[0] ?? "")).toBeLessThan(Math.min(...stops.slice(1, 4).map(at)));
    expect(Math.max(...stops.slice(1, 4).map(at))).toBeLessThan(at("Unmounted srv-data.mount"));
  });

  test("on, with the tailnet's control plane down: the site is back by itself, and listens on the last known address", async () => {
    const applied = main.read("/var/lib/mastodon-host/status");
    expect(await ready(main)).toContain("ready");
    expect((await main.attempt("tailscale ip -4")).stderr).toBe(
      "no current Tailscale IPs; state: Starting\n",
    );
    // What its timer does a little later.
    await main.run("systemctl start tailnet-address.service");
    const { v4 } = tailnetAddresses(main.number);
    expect(await listens(main)).toEqual([
      `${v4}:6379`,
      `${v4}:6380`,
      `${v4}:6432`,
      "127.0.0.1:6379",
      "127.0.0.1:6380",
      "127.0.0.1:6432",
    ]);
    expect(main.read("/var/lib/mastodon-host/status")).toBe(applied);
    expect(await main.run("tail -n 40 /var/log/postgresql/postgresql-17-main.log")).toContain(
      "database system was shut down at",
    );
  });

  test("a power cut: what was committed, and what Redis had for a second, is there after it", async () => {
    await redis(main, "SET for-a-second yes");
    await sleep(1500);
    await sql(main, "INSERT INTO statuses (text) VALUES ('committed')");
    await main.cut();
    await main.start();
    expect(await ready(main)).toContain("ready");
    expect(await sql(main, "SELECT count(*) FROM statuses WHERE text = 'committed'")).toBe("1");
    expect(await redis(main, "GET for-a-second")).toBe("yes");
    expect(await main.run("tail -n 40 /var/log/postgresql/postgresql-17-main.log")).toContain(
      "database system was not properly shut down; automatic recovery in progress",
    );
    expect(await main.run("systemctl list-units --failed --plain --no-legend")).toBe("");
  });

  test("the volume comes minutes after a boot: everything that waited for it starts by itself", async () => {
    await ready(main);
    await redis(main, "SET on-the-volume yes");
    // Less patient than in production, where nobody watches.
    await main.run("sed -i s/^RestartSec=2min$/RestartSec=10s/ /etc/systemd/system/host-apply.service");
    expect(await main.run("grep ^RestartSec /etc/systemd/system/host-apply.service")).toBe(
      "RestartSec=10s\n",
    );
    await main.stop();
    await main.detach(VOLUME_NAME);
    await main.start();
    await main.waitFor("the boot's end", 180, async () =>
      /^(running|degraded)/.test((await main.attempt("systemctl is-system-running")).stdout),
    );
    for (const unit of ["postgresql@17-main", "redis-server"])
      expect((await main.attempt(`systemctl is-active ${unit}`)).stdout).toBe("inactive\n");
    await main.attach(volume, VOLUME_NAME);
    // The timer's pause, and what an apply takes.
    await main.waitFor("Mastodon", 240, async () => (await main.attempt("mastodon-ready 1")).code === 0);
    expect(await redis(main, "GET on-the-volume")).toBe("yes");
    expect(await main.run("systemctl list-units --failed --plain --no-legend")).toBe("");
  });
});
