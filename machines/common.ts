/** What both kinds of host get: installer, apply steps, firewall, tailnet, ssh, Docker, resolver, upkeep. */

import type { Names } from "../settings/names";
import type { Settings } from "../settings/schema";
import type { HostBundle, HostFile } from "./bundle";
import { CONTAINER_FILES } from "./compose";
import { envFile } from "./envFile";
import { hostFile } from "./template";

export type Role = HostBundle["role"];

export interface CommonInputs {
  role: Role;
  stack: string;
  settings: Pick<Settings, "administratorKeys" | "upkeep" | "monitoring" | "mastodonVersion">;
  names: Names;
  /** Public half of the stack's own ssh key, in OpenSSH's format. */
  deployKey: string;
  /** Size of the swap file. */
  swapMiB: number;
  /** What the role's own scripts read from /etc/mastodon-host/host.env, in addition to the common variables. */
  hostEnv: Readonly<Record<string, string | number | boolean | undefined>>;
}

/**
 * Debian packages of every host. Tailscale's comes from its own repository (steps/40-tailnet). apparmor: without it Docker
 * runs containers unconfined.
 */
export const commonPackages: readonly string[] = [
  "apparmor",
  "ca-certificates",
  "curl",
  "docker-cli",
  "docker-compose",
  "docker.io",
  "gpg",
  "jq",
  "nftables",
  "openssh-server",
  "redis-tools",
  "systemd-resolved",
  "systemd-timesyncd",
  "unattended-upgrades",
];

/** Where Mastodon's containers are described; `mastodon-compose` works there. */
export const COMPOSE_PATH = "/etc/mastodon/compose.yaml";

const LIBRARY = "/usr/local/lib/mastodon-host";

/** A script under machines/files/FOLDER/bin for /usr/local/sbin. */
export const command = (folder: "common" | Role, name: string): HostFile => ({
  path: `/usr/local/sbin/${name}`,
  content: hostFile(`${folder}/bin/${name}`),
  mode: "0755",
});

/** A step of host-apply under machines/files/FOLDER/steps, `NN-name`: 50 to 89 are the roles' own. */
export const step = (folder: "common" | Role, name: string): HostFile => ({
  path: `${LIBRARY}/steps/${name}`,
  content: hostFile(`${folder}/steps/${name}`),
  mode: "0755",
});

/** A secret that scripts read, without a line break at its end. */
export const secretFile = (name: string, content: string): HostFile => ({
  path: `/etc/mastodon-host/secrets/${name}`,
  content,
  mode: "0600",
});

const etc = (
  path: string,
  source: string,
  values: Readonly<Record<string, string | number>> = {},
): HostFile => ({
  path,
  content: hostFile(`common/etc/${source}`, values),
});

/** `HH:MM` that many hours later, around midnight. */
function later(time: string, hours: number): string {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return [(hour + hours) % 24, minute].map((part) => String(part).padStart(2, "0")).join(":");
}

/**
 * Workers an hour after main, so that an update that breaks something does not meet both at once. Tailscale has one channel for fixes
 * and features: workers take it on a Tuesday, over the day, and main two days later.
 */
function upkeepFiles({ role, settings: { upkeep } }: CommonInputs): HostFile[] {
  const worker = role === "worker";
  return [
    etc("/etc/apt/apt.conf.d/60mastodon-host", "upgrades.conf", {
      REBOOT: String(worker && upkeep.rebootWorkers),
    }),
    etc("/etc/systemd/system/apt-daily-upgrade.timer.d/mastodon-host.conf", "upgrade-window.conf", {
      TIME: later(upkeep.window, worker ? 1 : 0),
    }),
    etc("/etc/systemd/system/tailscale-upgrade.service", "tailscale-upgrade.service"),
    etc("/etc/systemd/system/tailscale-upgrade.timer", "tailscale-upgrade.timer", {
      DAY: worker ? "Tue" : "Thu",
      TIME: upkeep.window,
      SPREAD: worker ? "20h" : "30min",
    }),
  ];
}

function firewallFiles({ role, settings: { monitoring } }: CommonInputs): HostFile[] {
  return [
    etc("/etc/mastodon-host/firewall.nft", "firewall.nft"),
    etc("/etc/mastodon-host/firewall.d/role.nft", `firewall-${role}.nft`),
    etc("/etc/systemd/system/nftables.service.d/mastodon-host.conf", "nftables.service.conf"),
    ...(monitoring
      ? [etc("/etc/systemd/system/do-agent.service.d/mastodon-host.conf", "do-agent.service.conf")]
      : []),
  ];
}

function sshFiles({ deployKey, settings: { administratorKeys } }: CommonInputs): HostFile[] {
  return [
    etc("/etc/ssh/sshd_config.d/10-mastodon-host.conf", "sshd.conf"),
    {
      path: "/etc/ssh/authorized_keys.d/root",
      content: [deployKey, ...administratorKeys].map((key) => `${key.trim()}\n`).join(""),
    },
  ];
}

/**
 * Drop-ins for services that have to come back whenever they can. Debian's units differ: Postgres' and pgbouncer's restart
 * nothing, and the others give up after a few tries in a row.
 *
 * @param services without `.service`
 */
export const comeBack = (services: readonly string[]): HostFile[] =>
  services.map((name) => etc(`/etc/systemd/system/${name}.service.d/restart.conf`, "restart.conf"));

/** The same without a word to the units that are part of them. */
export const comeBackUnnoticed = (services: readonly string[]): HostFile[] => [
  ...comeBack(services),
  ...services.map((name) =>
    etc(`/etc/systemd/system/${name}.service.d/restart-direct.conf`, "restart-direct.conf"),
  ),
];

/** What every host needs to be reachable, and to run containers. */
const ALWAYS = ["containerd", "docker", "ssh", "systemd-resolved", "systemd-timesyncd"] as const;

/** The common part of a bundle, in no particular order: host-bundle writes the users first. */
export function commonFiles(inputs: CommonInputs): HostFile[] {
  const { role, stack, names, settings, swapMiB, hostEnv } = inputs;
  return [
    ...["host-bundle", "host-apply", "host-receive", "mastodon-compose", "needs-restart"].map((name) =>
      command("common", name),
    ),
    ...["common.sh", "apt.sh"].map((name) => ({
      path: `${LIBRARY}/${name}`,
      content: hostFile(`common/${name}`),
    })),
    { path: `${CONTAINER_FILES}/ffmpeg`, content: hostFile("common/container/ffmpeg"), mode: "0755" },
    { path: `${LIBRARY}/containers.py`, content: hostFile("common/lib/containers.py") },
    ...["10-system", "20-packages", "25-resolver", "30-firewall", "40-tailnet", "45-docker", "90-upkeep"].map(
      (name) => step("common", name),
    ),
    etc("/etc/systemd/system/host-apply.service", "host-apply.service"),
    ...comeBack(ALWAYS),
    ...comeBackUnnoticed(["tailscaled"]),
    etc("/etc/sysusers.d/mastodon-host.conf", `sysusers-${role}.conf`),
    etc("/etc/sysctl.d/60-mastodon-host.conf", "sysctl.conf"),
    etc("/etc/systemd/journald.conf.d/mastodon-host.conf", "journald.conf"),
    etc("/etc/systemd/resolved.conf.d/mastodon-host.conf", "resolved.conf"),
    etc("/etc/docker/daemon.json", "daemon.json"),
    ...firewallFiles(inputs),
    ...sshFiles(inputs),
    ...upkeepFiles(inputs),
    {
      path: "/etc/mastodon-host/host.env",
      content: envFile({
        ROLE: role,
        STACK: stack,
        MAIN_TAG: names.tags.main,
        SWAP_MIB: swapMiB,
        ...hostEnv,
      }),
    },
    // Moves in place and in order, so it replaces no machine.
    {
      path: "/etc/mastodon/.env",
      content: `MASTODON_VERSION=${settings.mastodonVersion}\n`,
      replaces: false,
    },
  ];
}
