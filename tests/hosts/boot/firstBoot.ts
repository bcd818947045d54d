/** What main is once its first boot is over. */
import type { Machine } from "../../../lab/machine";
import { ready, redis, sql } from "./ask";

export function firstBootTests(main: () => Machine): void {
  test("boot ends without an error or a warning of cloud-init's, every step applied, no unit failed, and main does its work", async () => {
    expect(await main().booted()).toBe("done");
    const { extended_status, errors, recoverable_errors } = JSON.parse(
      await main().run("cloud-init status --format json"),
    );
    expect({ extended_status, errors, recoverable_errors }).toEqual({
      extended_status: "done",
      errors: [],
      recoverable_errors: {},
    });
    expect(JSON.parse(main().read("/var/lib/mastodon-host/status"))).toEqual({
      state: "ok",
      time: expect.any(String),
    });
    expect(main().has("/var/lib/mastodon-host/changed")).toBe(false);
    // The owner's account waits for its mail domain.
    expect(
      await main().run("systemctl list-units --failed --plain --no-legend | grep -v ^owner-account || true"),
    ).toBe("");
    expect(await ready(main())).toContain("mastodon-ready: ready\n");
  });

  test("how many signatures a core makes is measured within seconds, and once", async () => {
    const step = "/usr/local/lib/mastodon-host/steps/22-yardstick";
    const figure = () => main().read("/var/lib/mastodon-host/yardstick");
    const measured = figure();
    expect(Number(measured)).toBeGreaterThan(100);
    await main().run(step);
    expect(figure()).toBe(measured);
    // All that openssl would measure takes it ten seconds of CPU.
    const cpu = await main().run(
      `rm /var/lib/mastodon-host/yardstick; TIMEFORMAT=%U; { time ${step}; } 2>&1`,
    );
    expect(Number(cpu)).toBeLessThan(4);
    expect(Number(figure())).toBeGreaterThan(100);
    expect((await main().attempt("pgrep -x openssl")).code).toBe(1);
  });

  test("the empty volume holds a cluster with checksums, a locale that does not rot, and fixed owners", async () => {
    expect(await sql(main(), "SHOW data_checksums")).toBe("on");
    expect(
      await sql(main(), "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'mastodon'"),
    ).toBe("b|C.UTF-8");
    expect(await sql(main(), "SELECT lower('ÄÉ')")).toBe("äé");
    expect(await main().run("stat -c %u /srv/data/postgresql/17/main /srv/data/redis")).toBe("550\n551\n");
    expect(await main().run("cat /srv/data/.mastodon-volume; xfs_io -c label /srv/data")).toBe(
      'prod\nlabel = "mastodon"\n',
    );
    // Debian's own paths, and nothing of them on the root disk.
    expect(await main().run("findmnt -nro TARGET,FSROOT -t xfs | sort")).toBe(
      [
        "/etc/letsencrypt /letsencrypt",
        "/etc/postgresql /etc-postgresql",
        "/srv/data /",
        "/var/lib/postgresql /postgresql",
        "/var/lib/redis /redis",
        "",
      ].join("\n"),
    );
  });

  test("the first database is prepared straight on 5432, and its release and schema are published for workers", async () => {
    expect(await sql(main(), "SELECT value FROM ar_internal_metadata WHERE key = 'prepared_on'")).toBe(
      "127.0.0.1:5432",
    );
    expect(await redis(main(), "--json HGETALL mastodon-hosting:release")).toBe(
      '{"version":"v4.7.3","schema":"20260901000000"}',
    );
  });

  test("power that went between the schema and its seeds: the next start seeds, and with people in it never again", async () => {
    const roles = () =>
      sql(main(), "SELECT string_agg(name, ' ' ORDER BY name) FROM user_roles WHERE name <> ''");
    const before = await roles();
    expect(before).toContain("Owner");
    const cut = async () => {
      await sql(main(), "DELETE FROM user_roles");
      await redis(main(), "DEL mastodon-hosting:release");
      await main().run("systemctl reload mastodon.service");
    };
    await cut();
    expect(await roles()).toBe(before);
    expect(await redis(main(), "HGET mastodon-hosting:release version")).toMatch(/^v/);

    await sql(
      main(),
      "WITH a AS (INSERT INTO accounts (username) VALUES ('first') RETURNING id) INSERT INTO users (account_id, email) SELECT id, 'first@example.org' FROM a",
    );
    await cut();
    expect(await roles()).toBe("");
    await sql(main(), "DELETE FROM users; DELETE FROM accounts WHERE username = 'first'");
    await cut();
    expect(await roles()).toBe(before);
  });
}
