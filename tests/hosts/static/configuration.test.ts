/** Configuration files, each read by the program that it is for. */

import type { Machine } from "../../../lab/machine";
import { mainHost } from "../../../machines/hosts";
import { mainInputs } from "../../support/mainFixtures";
import { Lab, mainBundle, workerBundle } from "../lab";
import { type Check, check, installed } from "./installed";

let lab: Lab;
let main: Machine;
let worker: Machine;

beforeAll(async () => {
  lab = await Lab.create();
  [main, worker] = (await installed(lab, mainBundle(), workerBundle())) as [Machine, Machine];
  // As steps/70-web does before nginx is asked.
  await main.run("install -d /var/www/acme /var/cache/nginx && /usr/local/lib/mastodon-host/certificate use");
}, 900_000);

afterAll(() => lab?.remove());

const since = "rm -f /run/cursor && journalctl --quiet --cursor-file=/run/cursor -n 0";
const said = "journalctl --quiet --cursor-file=/run/cursor --output=cat";

const COMMON: Check[] = [
  {
    name: "dockerd --validate",
    command: "dockerd --validate --config-file=/etc/docker/daemon.json",
    slip: { path: "/etc/docker/daemon.json", from: "live-restore", to: "liverestore" },
    says: "directives don't match any configuration option: liverestore",
  },
  {
    name: "docker compose config",
    command: "mastodon-compose config --quiet",
    slip: { path: "/etc/mastodon/compose.yaml", from: "mem_limit", to: "mem_limits" },
    says: "Additional property mem_limits is not allowed",
  },
  {
    name: "nft --check",
    command: "nft --check --file /etc/mastodon-host/firewall.nft",
    slip: { path: "/etc/mastodon-host/firewall.d/role.nft", from: "tailnet_tcp", to: "tailnet_tpc" },
    says: "No such file or directory",
  },
  {
    name: "sshd -t",
    command: "sshd -t",
    slip: {
      path: "/etc/ssh/sshd_config.d/10-mastodon-host.conf",
      from: "Authentication no",
      to: "Authentication on",
    },
    says: 'unsupported option "on"',
  },
  {
    name: "systemd-sysusers --dry-run",
    command: "systemd-sysusers --dry-run /etc/sysusers.d/mastodon-host.conf",
    slip: { path: "/etc/sysusers.d/mastodon-host.conf", from: "mastodon 991", to: "mastodon x991" },
    says: "Failed to parse UID: 'x991'",
  },
  {
    name: "sysctl --dry-run",
    command: "sysctl --dry-run --load=/etc/sysctl.d/60-mastodon-host.conf",
    slip: { path: "/etc/sysctl.d/60-mastodon-host.conf", from: "swappiness", to: "swappyness" },
    says: "cannot stat /proc/sys/vm/swappyness",
  },
  {
    name: "apt-config",
    command: "apt-config dump",
    slip: { path: "/etc/apt/apt.conf.d/60mastodon-host", from: '"true";', to: '"true"' },
    says: "Syntax error /etc/apt/apt.conf.d/60mastodon-host",
  },
  {
    name: "systemd-resolved",
    // It ignores a line that it cannot read, and says so in its log.
    command: `${since} && systemctl restart systemd-resolved && journalctl --sync &&
      ! ${said} -g resolved.conf.d/mastodon-host.conf`,
    slip: {
      path: "/etc/systemd/resolved.conf.d/mastodon-host.conf",
      from: "StaleRetentionSec",
      to: "StaleRetention",
    },
    says: "Unknown key 'StaleRetention' in section [Resolve]",
  },
  {
    name: "systemd-journald",
    // It reads its configuration before it can log, but says what it makes of it.
    command: `${since} && systemctl restart systemd-journald && journalctl --sync &&
      made=$(${said} -g 'System Journal') && echo "$made" && [[ $made == *"max 1G,"* ]]`,
    slip: { path: "/etc/systemd/journald.conf.d/mastodon-host.conf", from: "1G", to: "1Gig" },
    says: "System Journal",
  },
];

const MAIN: Check[] = [
  {
    name: "nginx -t",
    command: "nginx -t",
    slip: { path: "/etc/nginx/conf.d/web.conf", from: "proxy_redirect off", to: "proxy_redirects off" },
    says: 'unknown directive "proxy_redirects"',
  },
  {
    name: "postgres -C",
    command:
      "runuser -u postgres -- /usr/lib/postgresql/17/bin/postgres -C shared_buffers -D /tmp --config_file=/etc/mastodon-host/postgres.conf",
    slip: { path: "/etc/mastodon-host/postgres.conf", from: "jit = off", to: "jitt = off" },
    says: 'unrecognized configuration parameter "jitt"',
  },
  {
    name: "sysctl --dry-run of main's own",
    command: "sysctl --dry-run --load=/etc/sysctl.d/61-mastodon-main.conf",
    slip: { path: "/etc/sysctl.d/61-mastodon-main.conf", from: "nonlocal", to: "non_local" },
    says: "cannot stat /proc/sys/net/ipv4/ip_non_local_bind",
  },
];

describe("static", () => {
  test.each(COMMON)("$name has nothing against main's file, and notices a slip", (each) => check(main, each));
  test.each(COMMON)("$name has nothing against a worker's file, and notices a slip", (each) =>
    check(worker, each),
  );
  test.each(MAIN)("$name has nothing against main's file, and notices a slip", (each) => check(main, each));

  test("sshd: root by key alone, no password of anybody's, keys from the bundle too", async () => {
    for (const machine of [main, worker]) {
      const effective = (await machine.run("sshd -T")).split("\n");
      expect(effective).toEqual(
        expect.arrayContaining([
          "permitrootlogin without-password",
          "passwordauthentication no",
          "kbdinteractiveauthentication no",
          "permitemptypasswords no",
          "authorizedkeysfile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u",
        ]),
      );
    }
  });

  test("Postgres takes every computed size as it is", async () => {
    const sizing = mainInputs().sizing.postgres;
    const value = async (name: string) =>
      (
        await main.run(
          `runuser -u postgres -- /usr/lib/postgresql/17/bin/postgres -C ${name} -D /tmp --config_file=/etc/mastodon-host/postgres.conf`,
        )
      ).trim();
    // In Postgres' own units: pages of 8 KiB, KiB, MiB.
    expect(await value("shared_buffers")).toBe(String(sizing.sharedBuffersMiB * 128));
    expect(await value("work_mem")).toBe(String(sizing.workMemMiB * 1024));
    expect(await value("maintenance_work_mem")).toBe(String(sizing.maintenanceWorkMemMiB * 1024));
    expect(await value("max_wal_size")).toBe(String(sizing.maxWalSizeMiB));
    expect(await value("max_connections")).toBe(String(sizing.maxConnections));
  });

  test("nginx serves names as long as DNS allows, with a certificate of its own for them", async () => {
    const inputs = mainInputs();
    const { names } = inputs;
    const web = [..."abc"]
      .map((letter) => letter.repeat(63))
      .join(".")
      .concat(`.${"d".repeat(42)}.example`);
    const long = { ...names, web, media: `media.${web}` };
    expect(long.media.length).toBeGreaterThan(245);
    const files = mainHost({ ...inputs, names: long }).files.filter(({ path }) =>
      path.startsWith("/etc/nginx/"),
    );
    const env = main.read("/etc/mastodon-host/host.env");
    main.write(
      "/etc/mastodon-host/host.env",
      env.replace(`'${names.web}'`, `'${web}'`).replace(`'${names.media}'`, `'${long.media}'`),
    );
    for (const { path, content } of files) main.write(path, content);
    await main.run("rm -r /etc/nginx/tls && /usr/local/lib/mastodon-host/certificate use && nginx -t");
    expect(await main.run("openssl x509 -in /etc/nginx/tls/chain.pem -noout -ext subjectAltName")).toContain(
      `DNS:${web}, DNS:${long.media}`,
    );
    const conf = main.read("/etc/nginx/nginx.conf");
    main.write("/etc/nginx/nginx.conf", conf.replace("bucket_size 512", "bucket_size 128"));
    expect((await main.attempt("nginx -t")).stderr).toContain("could not build server_names_hash");
  });
});
