/** A droplet's root file system before its first boot, with the packages of both kinds of host already in it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packagesOf } from "../machines/hosts";
import { hostFile } from "../services/hostFile";
import { mainServices, workerServices } from "../services/roles";
import { cached } from "../tools/cache";
import { run } from "../tools/run";
import { DEBIAN_NAMES, INTERNET } from "./internet/addresses";
import type { Overlay } from "./machine";

/** What DigitalOcean's image has in addition to a minimal Debian, as far as the hosts rely on it. */
const IMAGE = [
  "cloud-init",
  "dbus",
  "init",
  "iproute2",
  "kmod",
  "netbase",
  "procps",
  "python3",
  "systemd",
  "systemd-sysv",
  "udev",
];

/** As on a new droplet: none of these services runs before the host's own steps have configured it. */
const HOST_SERVICES = [
  "containerd",
  "docker.service",
  "docker.socket",
  "nginx",
  "pgbouncer",
  "postgresql",
  "prometheus",
  "prometheus-alertmanager",
  "prometheus-node-exporter",
  "redis-server",
];

/** A file that must exist before packages are configured; on a host, its own steps write it. */
export interface Seed {
  path: string;
  content: string;
}

/** Debian's mirrors as this machine uses them, so that a proxy or a private mirror also works here. */
export async function mirrors(): Promise<{ main: string; security: string }> {
  const listed = await run([
    "apt-get",
    "indextargets",
    "--format",
    "$(LABEL) $(REPO_URI)",
    "Created-By: Packages",
  ]);
  const of = (label: string, otherwise: string) =>
    listed
      .split("\n")
      .find((line) => line.startsWith(`${label} `))
      ?.slice(label.length + 1) ?? otherwise;
  return {
    main: of("Debian", "http://deb.debian.org/debian"),
    security: of("Debian-Security", "http://deb.debian.org/debian-security"),
  };
}

/**
 * Debian 13 as droplets have it; the release after it, which has Mastodon's versions of Sidekiq, Puma and Node; or Debian 11, with the
 * Postgres 13 and the docker-compose of an instance that moves in.
 */
export type Suite = "trixie" | "forky" | "bullseye";

/** `deb` lines. */
async function sources(suite: Suite, older?: string): Promise<string> {
  const { main, security } = await mirrors();
  if (suite !== "trixie") return `deb ${main} ${suite} main\n`;
  return [
    `deb ${main} trixie main`,
    `deb ${main} trixie-updates main`,
    `deb ${security} trixie-security main`,
    ...(older ? [`deb ${main} ${older} main`] : []),
    "",
  ].join("\n");
}

interface RootOptions {
  /** Written before any package is configured: users with fixed ids, and no cluster created by the package. */
  seeds?: readonly Seed[];
  /** Units that do not start at boot although their package enables them. */
  disabled?: readonly string[];
  /** Debian 13 if absent. */
  suite?: Suite;
  /** An older release, for packages that Debian 13 no longer has. */
  older?: "bookworm" | undefined;
}

/** A Debian root with these packages, from the cache; it takes about a minute to make. */
export function debianRoot(
  name: string,
  packages: readonly string[],
  { seeds = [], disabled = [], suite = "trixie", older }: RootOptions = {},
): Promise<string> {
  const wanted = [...new Set(packages)].sort();
  return cached(name, [suite, 3, wanted, seeds, disabled, ...(older ? [older] : [])], async (path) => {
    const seedFolder = mkdtempSync(join(tmpdir(), "root-seeds-"));
    try {
      for (const { path: file, content } of seeds) {
        mkdirSync(join(seedFolder, file, ".."), { recursive: true });
        writeFileSync(join(seedFolder, file), content);
      }
      await run(
        [
          "mmdebstrap",
          "--variant=minbase",
          `--include=${wanted.join(",")}`,
          "--dpkgopt=force-confold",
          // The lists of an unreleased Debian expire after days. For a stand-in, a mirror that is weeks behind is good enough.
          ...(suite === "forky" ? ['--aptopt=Acquire::Check-Valid-Until "false"'] : []),
          '--essential-hook=cp -r "$SEEDS"/. "$1"',
          '--essential-hook=for file in "$1"/etc/sysusers.d/*.conf; do if [ -e "$file" ]; then systemd-sysusers --root="$1" "$file"; fi; done',
          ...(disabled.length > 0
            ? [`--customize-hook=systemctl --root="$1" disable --quiet ${disabled.join(" ")}`]
            : []),
          suite,
          path,
          "-",
        ],
        { input: await sources(suite, older), timeout: 900, env: { ...process.env, SEEDS: seedFolder } },
      );
    } finally {
      rmSync(seedFolder, { recursive: true, force: true });
    }
  });
}

/**
 * The root that both kinds of host boot from: as close to DigitalOcean's image as possible, with the hosts' packages.
 *
 * @param tools further packages, for tests that look inside
 * @param older an older release of Debian that has some of them
 */
export const hostRoot = (tools: readonly string[] = [], older?: "bookworm") =>
  debianRoot("host", [...IMAGE, ...packagesOf([...mainServices, ...workerServices]), ...tools], {
    seeds: [
      { path: "/etc/sysusers.d/mastodon-host.conf", content: hostFile("system/sysusers-main.conf") },
      { path: "/etc/postgresql-common/createcluster.conf", content: hostFile("postgres/createcluster.conf") },
    ],
    disabled: HOST_SERVICES,
    older,
  });

/** The root of a server that an instance moves away from: Postgres 13, Redis 6 and docker-compose 1, or main's own Postgres and Redis. */
export const oldServerRoot = (postgres: 13 | 17) =>
  debianRoot(
    "old-server",
    [
      ...IMAGE.filter((name) => name !== "cloud-init"),
      ...[
        "docker-compose",
        "docker.io",
        // Apart from Docker itself since Debian 13.
        ...(postgres === 13 ? [] : ["docker-cli"]),
        "awscli",
        "ca-certificates",
        "nginx-light",
        "openssh-server",
        `postgresql-${postgres}`,
        "redis-server",
        "sudo",
      ],
    ],
    { suite: postgres === 13 ? "bullseye" : "trixie" },
  );

/** A new droplet's root: it contains nothing that the hosts' own steps install. */
export const bareRoot = () => debianRoot("bare", [...IMAGE, "ca-certificates", "openssh-server"]);

const [DEBIAN, SECURITY] = DEBIAN_NAMES;

/** What the image has beyond its packages; the hosts install their own resolver with theirs. */
export const bareFiles: Overlay = {
  "/etc/apt/sources.list": {
    content: [
      `deb http://${DEBIAN}/debian trixie main`,
      `deb http://${DEBIAN}/debian trixie-updates main`,
      `deb http://${SECURITY}/debian-security trixie-security main`,
      "",
    ].join("\n"),
  },
  "/etc/resolv.conf": { content: `nameserver ${INTERNET.dns}\n` },
};
