/** A living main gets its bundle: the same one, a changed one, a broken one. */
import type { Machine } from "../../../lab/machine";
import { mainBundle } from "../lab";
import { edited, ready, receive, restarted, running } from "./ask";

/** A unit that a later release no longer has. */
const FORMER = {
  path: "/etc/systemd/system/former.service",
  content: "[Service]\nExecStart=sleep infinity\n",
};

export function bundleTests(main: () => Machine): void {
  const status = () => JSON.parse(main().read("/var/lib/mastodon-host/status"));

  /** Content, mode and owner of everything that is configured; not the apply's own notes of its time. */
  const configuration = () =>
    main().run(
      `find /etc /usr/local /root /srv/data/etc-postgresql /var/lib/mastodon-host -type f ! -name status -printf '%p %m %u:%g\n' | sort
       find /etc /usr/local /root /srv/data/etc-postgresql -type f -exec sha256sum {} + | sort`,
    );

  /** How often systemd has read all of its units again, which takes it a third of a second of a core. */
  const reloads = () =>
    main().run("journalctl --sync; journalctl -q -b -o cat _PID=1 | grep -ci '^Reload.* requested' || true");

  /** A reload gives nginx new workers. The loader of its cache ends by itself. */
  const nginxWorkers = () => main().run("pgrep --full --parent $(</run/nginx.pid) 'nginx: worker' | sort");

  test("the first up brings what user data has no room for, and starts nothing anew", async () => {
    const bundle = mainBundle();
    const late = bundle.files.filter((file) => file.late).length;
    const before = await running(main());
    const { code, stdout } = await receive(main(), bundle);
    expect([code, stdout]).toEqual([
      0,
      `host-bundle: ${bundle.files.length} files, ${late} changed, 0 removed\n`,
    ]);
    const now = restarted(before, await running(main()));
    expect(now.filter((name) => !/^(prometheus|mastodon-probe)/.test(name))).toEqual([]);
  });

  test("the same again: no file changes, nothing is started anew, and systemd has nothing to read again", async () => {
    const [before, configured, read] = [await running(main()), await configuration(), await reloads()];
    const workers = await nginxWorkers();
    expect(Number(read)).toBeGreaterThan(0);
    expect(Object.keys(before)).toEqual(
      expect.arrayContaining([
        "/sidekiq-push-1",
        "/sidekiq-scheduler-1",
        "/streaming",
        "/web",
        "docker.service",
        "nginx.service",
        "pgbouncer.service",
        "postgresql@17-main.service",
        "redis-server.service",
        "redis-server@cache.service",
        "ssh.service",
        "tailscaled.service",
      ]),
    );
    const { code, stdout, stderr } = await receive(main(), mainBundle());
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("mastodon-ready: ready\n") });
    expect(stdout).toBe(`host-bundle: ${mainBundle().files.length} files, 0 changed, 0 removed\n`);
    expect(restarted(before, await running(main()))).toEqual([]);
    expect(await configuration()).toBe(configured);
    expect(await reloads()).toBe(read);
    expect(await nginxWorkers()).toBe(workers);
    expect(await main().run("ls /run | grep host-bundle || true")).toBe("");
  });

  /** The bundle with another size of the cache. */
  const smallCache = (changes = {}) =>
    edited(mainBundle(changes), "/etc/redis/redis-cache.conf", /^maxmemory \d+mb$/m, "maxmemory 99mb");

  test("another size of the cache: its Redis alone is started anew", async () => {
    const before = await running(main());
    const { code } = await receive(main(), {
      ...smallCache(),
      files: [...smallCache().files, FORMER],
    });
    expect(code).toBe(0);
    expect(restarted(before, await running(main()))).toEqual(["redis-server@cache.service"]);
    await main().run("systemctl start former.service");
  });

  test("a broken nginx: the apply fails and names the step; the site goes on; what the bundle no longer has is stopped and gone", async () => {
    const broken = edited(smallCache(), "/etc/nginx/conf.d/web.conf", "upstream web {", "upstream web [");
    const before = await running(main());
    const { code, stderr } = await receive(main(), broken);
    expect(code).toBe(1);
    expect(stderr).toContain("host-apply: failed at 70-web; its messages are above");
    expect(status()).toEqual({ state: "failed", step: "70-web", time: expect.any(String) });
    expect(restarted(before, await running(main()))).toEqual(["former.service"]);
    expect((await main().attempt("systemctl cat former.service")).code).toBe(1);
    expect(await ready(main(), 5)).toContain("ready");
  });

  const anotherWeb = () =>
    edited(smallCache(), "/etc/nginx/conf.d/web.conf", "upstream web {", "# Another\nupstream web {");

  /** Until none of these workers of nginx is left. */
  const newWorkers = (workers: string) =>
    main().waitFor("nginx' new workers", 30, async () => {
      const now = new Set((await nginxWorkers()).split("\n"));
      return workers
        .trim()
        .split("\n")
        .every((worker) => !now.has(worker));
    });

  test("another configuration of nginx: it reloads, and does not start anew", async () => {
    const [before, workers] = [await running(main()), await nginxWorkers()];
    const { code } = await receive(main(), anotherWeb());
    expect(code).toBe(0);
    expect(restarted(before, await running(main()))).toEqual([]);
    await newWorkers(workers);
  });

  test("another certificate: nginx reloads once, and not again with the next apply", async () => {
    const before = await nginxWorkers();
    await main().run(
      `. /usr/local/lib/mastodon-host/common.sh; live=/etc/letsencrypt/live/mastodon-$ACME; mkdir -p $live
       cp /etc/nginx/tls/self-signed.pem $live/fullchain.pem && cp /etc/nginx/tls/self-signed.key $live/privkey.pem
       /usr/local/lib/mastodon-host/certificate deploy`,
    );
    await newWorkers(before);
    const workers = await nginxWorkers();
    await main().run("/usr/local/lib/mastodon-host/steps/70-web");
    expect(await nginxWorkers()).toBe(workers);
    await main().run("rm -r /etc/letsencrypt/live && /usr/local/lib/mastodon-host/steps/70-web");
  });

  test("the right one with another variable: only the containers that get it are started anew, and the apply is whole again", async () => {
    const before = await running(main());
    const { code } = await receive(main(), smallCache({ extraEnv: { MAX_TOOT_CHARS: 5000 } }));
    expect(code).toBe(0);
    expect(restarted(before, await running(main()))).toEqual([
      "/sidekiq-push-1",
      "/sidekiq-scheduler-1",
      "/web",
    ]);
    expect(status()).toEqual({ state: "ok", time: expect.any(String) });
    expect(main().has("/var/lib/mastodon-host/changed")).toBe(false);
  });
}
