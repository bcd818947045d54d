/** main's systemd units: mounts, Mastodon, timers, and what Debian's own units lack. */
import type { HostFile } from "./bundle";
import { comeBack, comeBackUnnoticed } from "./common";
import { POSTGRES_VERSION } from "./postgres";
import { hostFile } from "./template";

const UNITS = "/etc/systemd/system";

/** Debian's own path → its folder on the data volume. */
const ON_THE_VOLUME = {
  "/var/lib/postgresql": "postgresql",
  "/etc/postgresql": "etc-postgresql",
  "/var/lib/redis": "redis",
  "/etc/letsencrypt": "letsencrypt",
} as const;

type Values = Readonly<Record<string, string | number>>;

const unit = (name: string, values: Values = {}): HostFile => ({
  path: `${UNITS}/${name}`,
  content: hostFile(`main/units/${name}`, values),
});

const dropIn = (name: string, source: string, values: Values = {}): HostFile => ({
  path: `${UNITS}/${name}.service.d/mastodon-host.conf`,
  content: hostFile(`main/units/${source}.conf`, values),
});

/** systemd names a mount's unit by its path: `/var/lib/redis` is var-lib-redis.mount. */
const bindMounts = (): HostFile[] =>
  Object.entries(ON_THE_VOLUME).map(([where, from]) => ({
    path: `${UNITS}/${where.slice(1).replaceAll("/", "-")}.mount`,
    content: hostFile("main/units/bind.mount", { WHERE: where, FROM: from }),
  }));

const timed = (name: string, values: Values = {}): HostFile[] => [
  unit(`${name}.service`),
  unit(`${name}.timer`, values),
];

export interface UnitInputs {
  /** DigitalOcean's name of the data volume. */
  volumeName: string;
  /** `HH:MM`, UTC. */
  backupTime: string;
  /** Whether a reserved IPv6 address is to be configured. */
  ipv6: boolean;
}

export function mainUnits({ volumeName, backupTime, ipv6 }: UnitInputs): HostFile[] {
  const postgres = { POSTGRES: POSTGRES_VERSION };
  return [
    unit("srv-data.mount", { VOLUME: volumeName }),
    unit("data-volume.service"),
    unit("volume-watch.service", { VOLUME: volumeName }),
    unit("volume-watch.timer"),
    ...bindMounts(),
    unit("mastodon.service", postgres),
    unit("mastodon-watch.service"),
    unit("mastodon-traffic.service", postgres),
    unit("mastodon-waiting-room.service"),
    unit("mastodon-release.service", postgres),
    dropIn("pgbouncer", "pgbouncer", postgres),
    dropIn("redis-server", "redis-server"),
    dropIn("nginx", "nginx"),
    dropIn("certbot", "certbot"),
    ...comeBack(["nginx"]),
    ...comeBackUnnoticed([
      `postgresql@${POSTGRES_VERSION}-main`,
      "redis-server",
      "redis-server@cache",
      "pgbouncer",
    ]),
    ...timed("tailnet-address"),
    ...timed("certificate"),
    ...timed("owner-account"),
    ...timed("mastodon-backup", { TIME: backupTime }),
    ...timed("mastodon-housekeeping"),
    ...(ipv6 ? [unit("reserved-ipv6.service")] : []),
  ];
}
