import { parse } from "yaml";
import { packed, userData } from "../../machines/bundle";
import { boot, fileOf } from "../support/fixtures";
import { mainBundle, mainInputs, mainSecrets } from "../support/mainFixtures";

const bundle = mainBundle();
const content = (path: string) => fileOf(bundle, path).content;

interface Compose {
  services: Record<
    string,
    { image: string; command: string[]; environment: Record<string, string>; [key: string]: unknown }
  >;
}
const compose = parse(content("/etc/mastodon/compose.yaml"), { version: "1.1" }) as Compose;
const service = (name: string) => {
  const found = compose.services[name];
  if (!found) throw new Error(`no service ${name} in ${Object.keys(compose.services).join(", ")}`);
  return found;
};

describe("what main gets", () => {
  test("no secret is in a file that others may read", () => {
    const secretValues = Object.values(mainSecrets).filter((value) => typeof value === "string");
    const leaks = bundle.files
      .filter(({ mode = "0644" }) => mode !== "0600" && mode !== "0640")
      .flatMap((file) =>
        secretValues.filter((secret) => file.content.includes(secret)).map((s) => [file.path, s]),
      );
    expect(leaks).toEqual([]);
  });

  test("what is 0640 belongs to the group of the one service that reads it", () => {
    const shared = bundle.files.filter(({ mode }) => mode === "0640").map(({ path, owner }) => [path, owner]);
    expect(shared).toEqual([
      ["/etc/pgbouncer/userlist.txt", "root:postgres"],
      ["/etc/redis/mastodon.conf", "root:redis"],
      ["/etc/redis/redis-cache.conf", "root:redis"],
      ["/etc/pgbackrest.conf", "root:postgres"],
    ]);
  });

  test("no path twice, and nothing below a mount of the data volume, where it would be hidden", () => {
    const paths = bundle.files.map(({ path }) => path);
    expect(paths).toHaveLength(new Set(paths).size);
    expect(
      paths.filter((path) =>
        /^(\/srv|\/var\/lib\/(postgresql|redis)|\/etc\/(postgresql|letsencrypt))\//.test(path),
      ),
    ).toEqual([]);
  });

  test("every script that a unit, a step or another script names is in the bundle and may be run", () => {
    const named = bundle.files.flatMap(({ content: text }) => [
      ...text.matchAll(/\/usr\/local\/(?:s?bin|lib\/mastodon-host)\/[a-z0-9-]+(?![\w./-])/g),
    ]);
    const modes = new Map(bundle.files.map(({ path, mode }) => [path, mode]));
    const missing = named.map(([path]) => path).filter((path) => modes.get(path) !== "0755");
    const folders = ["steps", "container"].map((name) => `/usr/local/lib/mastodon-host/${name}`);
    expect(missing.filter((path) => !folders.includes(path))).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });

  test("a script's shell is strict", () => {
    const scripts = bundle.files.filter(({ content: text }) => text.startsWith("#!/bin/bash\n"));
    expect(scripts.filter(({ content: text }) => !text.includes("\nset -euo pipefail\n"))).toEqual([]);
    expect(scripts.length).toBeGreaterThan(20);
  });

  test("the scripts' variables are in host.env", () => {
    const env = content("/etc/mastodon-host/host.env");
    expect(env).toContain("STACK='prod'\n");
    expect(env).toContain("VOLUME_NAME='mastodon-prod-data'\n");
    expect(env).toContain("WEB_DOMAIN='social.example.org'\n");
    expect(env).toContain("MEDIA_DOMAIN='media.social.example.org'\n");
    expect(env).toContain("SIDEKIQ_PROCESSES='2'\n");
    expect(env).toContain("BACKUP_BUCKET='social-example-org-backups'\n");
  });

  test("user data leaves 7 KiB of DigitalOcean's limit free", () => {
    expect(Buffer.byteLength(userData(packed(bundle), boot))).toBeLessThan((64 - 7) * 1024);
  });

  test("the watch, drills, housekeeping, exports of accounts and restores in place come later, with the first `pulumi up`: user data has none of its files and packages", () => {
    const late = bundle.files.filter((file) => file.late).map(({ path }) => path);
    expect(late).toContain("/usr/local/lib/mastodon-host/probe");
    expect(
      late.every((path) =>
        /watch|probe|work\.py|prometheus|alarms|alert|page|prediction|restore-(in-place|dump|serve)|mastodon-drill|forget-cache|escrow|federation|housekeeping|open-ports|outside/.test(
          path,
        ),
      ),
    ).toBe(true);
    expect(bundle.latePackages).toEqual([
      "iputils-ping",
      "prometheus",
      "prometheus-alertmanager",
      "prometheus-node-exporter",
    ]);
    const without = { ...bundle, files: bundle.files.filter((file) => !file.late) };
    const packages = bundle.packages.filter((name) => !/^(prometheus|iputils-ping)/.test(name));
    expect(userData(packed(bundle), boot)).toBe(
      userData(packed({ ...without, packages, latePackages: [] }), boot),
    );
  });
});

describe("Mastodon's containers on main", () => {
  test("listen on loopback only, as the image itself would not", () => {
    expect(service("web").environment).toMatchObject({ BIND: "127.0.0.1", PORT: "3000" });
    expect(service("streaming").environment).toMatchObject({ BIND: "127.0.0.1", PORT: "4000" });
  });

  test("reach the databases on this machine, pooled, and never over the tailnet", () => {
    const databases = { DB_HOST: "127.0.0.1", DB_PORT: "6432", REDIS_HOST: "127.0.0.1", REDIS_PORT: "6379" };
    const rails = { PREPARED_STATEMENTS: "false", CACHE_REDIS_HOST: "127.0.0.1", CACHE_REDIS_PORT: "6380" };
    for (const name of Object.keys(compose.services))
      expect(service(name).environment).toMatchObject(
        name === "streaming" ? databases : { ...databases, ...rails },
      );
  });

  test("streaming gets what its program reads: no key, no mail, no storage, and no secret that is not its own", () => {
    const of = (changes: Record<string, unknown>, secrets: Record<string, unknown>) => {
      const text = fileOf(mainBundle(changes, secrets), "/etc/mastodon/compose.yaml").content;
      return Object.keys(parse(text, { version: "1.1" }).services.streaming.environment).sort();
    };
    const always = [
      ...["BIND", "DB_HOST", "DB_NAME", "DB_PASS", "DB_PORT", "DB_USER", "PORT"],
      ...["REDIS_HOST", "REDIS_PASSWORD", "REDIS_PORT"],
    ];
    expect(of({}, {})).toEqual(always);
    expect(
      of(
        { extraEnv: { LOG_LEVEL: "warn", DEFAULT_LOCALE: "de" } },
        { extraSecretEnv: { DEEPL_API_KEY: "x" } },
      ),
    ).toEqual([...always, "LOG_LEVEL"].sort());
  });

  test("Puma is as big as the sizing says, and DB_POOL stays out of it", () => {
    const { web } = mainInputs().sizing;
    expect(service("web").environment).toMatchObject({
      WEB_CONCURRENCY: String(web.processes),
      MAX_THREADS: String(web.threads),
    });
    expect(service("web").mem_limit).toBe(`${web.memoryMiB}m`);
    expect(JSON.stringify(compose)).not.toContain("DB_POOL");
  });

  test("are the default fleet's two processes, the two web ones, a second web for upgrades, and one for tootctl and consoles within a limit of its own", () => {
    expect(Object.keys(compose.services)).toEqual([
      "web",
      "web-next",
      "streaming",
      "sidekiq-push-1",
      "sidekiq-scheduler-1",
      "tools",
    ]);
    // Only for `mastodon-compose run`.
    expect(
      Object.entries(compose.services).flatMap(([name, { profiles }]) => (profiles ? [name] : [])),
    ).toEqual(["web-next", "tools"]);
    expect(service("streaming").image).toMatch(/mastodon-streaming:/);
  });
});

describe("systemd on main", () => {
  const unit = (name: string) => content(`/etc/systemd/system/${name}`);

  test("a missing volume holds nothing back but what lives on it", () => {
    expect(unit("srv-data.mount")).toMatch(/^What=\/dev\/disk\/by-id\/scsi-0DO_Volume_mastodon-prod-data$/m);
    for (const mount of [
      "srv-data",
      "var-lib-postgresql",
      "etc-postgresql",
      "var-lib-redis",
      "etc-letsencrypt",
    ]) {
      expect(unit(`${mount}.mount`)).toMatch(/^Options=.*\bnofail\b/m);
      expect(unit(`${mount}.mount`)).not.toContain("WantedBy");
    }
    expect(unit("nginx.service.d/mastodon-host.conf")).not.toMatch(/^Requires/m);
  });

  test("nothing is mounted from a volume that was not checked", () => {
    for (const [where, from] of Object.entries({
      "var/lib/postgresql": "postgresql",
      "etc/postgresql": "etc-postgresql",
      "var/lib/redis": "redis",
      "etc/letsencrypt": "letsencrypt",
    })) {
      const text = unit(`${where.replaceAll("/", "-")}.mount`).split("\n");
      expect(text).toEqual(
        expect.arrayContaining([
          "Requires=data-volume.service",
          "After=data-volume.service",
          `What=/srv/data/${from}`,
          `Where=/${where}`,
        ]),
      );
    }
  });

  test("the public site waits for no tailnet", () => {
    const site = [
      "mastodon.service",
      "pgbouncer.service.d/mastodon-host.conf",
      "redis-server.service.d/mastodon-host.conf",
      "nginx.service.d/mastodon-host.conf",
    ];
    for (const name of site) expect(unit(name)).not.toMatch(/tail(scale|net)/);
    expect(content("/etc/sysctl.d/61-mastodon-main.conf")).toMatch(/^net\.ipv4\.ip_nonlocal_bind = 1$/m);
  });

  /** The unit of every version that may serve. */
  const POSTGRES = [15, 16, 17, 18].map((version) => `postgresql@${version}-main.service`);

  test("Mastodon stops before the databases that it wants", () => {
    const mastodon = unit("mastodon.service");
    for (const name of [
      "docker.service",
      "pgbouncer.service",
      "redis-server.service",
      "redis-server@cache.service",
    ])
      expect(mastodon).toMatch(new RegExp(`^Wants=.*${name}`, "m"));
    // The unit of the Postgres that serves names who wants it, since the version may change.
    expect(unit("postgresql@.service.d/serves.conf")).toMatch(
      /^WantedBy=mastodon\.service pgbouncer\.service$/m,
    );
    for (const name of [
      ...POSTGRES,
      "docker.service",
      "pgbouncer.service",
      "redis-server.service",
      "redis-server@cache.service",
    ])
      expect(mastodon).toMatch(new RegExp(`^After=.*${name}`, "m"));
    expect(mastodon).toMatch(/^RequiresMountsFor=\/var\/lib\/postgresql \/var\/lib\/redis$/m);
  });

  test("workers are told of main's end before anything that they need stops, the tailnet included", () => {
    const release = unit("mastodon-release.service");
    for (const name of [
      "mastodon.service",
      "nginx.service",
      ...POSTGRES,
      "pgbouncer.service",
      "redis-server.service",
      "tailscaled.service",
    ])
      expect(release).toMatch(new RegExp(`^After=.*${name}`, "m"));
    for (const name of [...POSTGRES, "pgbouncer.service", "redis-server.service", "tailscaled.service"])
      for (const key of ["PartOf", "WantedBy"])
        expect(release).toMatch(new RegExp(`^${key}=.*\\b${name}`, "m"));
    expect(release).toMatch(/^ExecStop=\S+\/release withdraw$/m);
  });

  test("requests and jobs wait before a database, pgbouncer or Mastodon restarts, whoever asks for it, and come back with them", () => {
    const traffic = unit("mastodon-traffic.service");
    for (const name of ["mastodon.service", ...POSTGRES, "pgbouncer.service", "redis-server.service"])
      for (const key of ["After", "PartOf", "WantedBy"])
        expect(traffic).toMatch(new RegExp(`^${key}=.*\\b${name}`, "m"));
  });

  test("the backup starts at the time that was set, in UTC", () => {
    const timer = fileOf(
      mainBundle({ backups: { time: "04:45" } }),
      "/etc/systemd/system/mastodon-backup.timer",
    );
    expect(timer.content).toMatch(/^OnCalendar=\*-\*-\* 04:45:00 UTC$/m);
  });

  test("a reserved IPv6 address is configured only where there is one", () => {
    const paths = (ipv6: boolean) =>
      mainBundle({ main: { ipv6 } })
        .files.map(({ path }) => path)
        .filter((path) => path.includes("reserved-ipv6"));
    expect(paths(false)).toEqual([]);
    expect(paths(true)).toEqual([
      "/usr/local/lib/mastodon-host/reserved-ipv6",
      "/etc/systemd/system/reserved-ipv6.service",
    ]);
  });
});
