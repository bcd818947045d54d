/** The main droplet: data volume, Postgres, pgbouncer, two Redis, nginx, Mastodon's containers, backups. */
import type { HostBundle, HostFile } from "./bundle";
import { COMPOSE_PATH, command, commonFiles, commonPackages, secretFile, step } from "./common";
import type { MainHostInputs } from "./inputs";
import { type MainCompose, mainCompose } from "./mainCompose";
import { mainUnits } from "./mainUnits";
import { nginxFiles } from "./nginx";
import { POSTGRES_VERSION, pgbouncerIni, pgbouncerUserlist, postgresConf } from "./postgres";
import { redisConf } from "./redis";
import { hostFile } from "./template";

/** Debian packages of main. */
export const mainPackages: readonly string[] = [
  ...commonPackages,
  "awscli",
  "certbot",
  // gpg only recommends it, and cannot encrypt without.
  "gpg-agent",
  "nginx",
  "openssl",
  "pgbouncer",
  `postgresql-${POSTGRES_VERSION}`,
  "redis-server",
  "xfsprogs",
];

const STEPS = [
  "50-volume",
  "55-postgres",
  "60-redis",
  "65-pgbouncer",
  "70-web",
  "75-mastodon",
  "80-timers",
] as const;

/** For people, on PATH. */
const COMMANDS = ["mastodon-ready", "mastodon-backup", "mastodon-restore"] as const;

/** For the units and steps alone. */
const INTERNAL = [
  "data-volume",
  "redis-import",
  "redis-repair",
  "tailnet-address",
  "certificate",
  "release",
  "traffic",
  "waiting-room",
  "owner-account",
] as const;

const internal = (name: string): HostFile => ({
  path: `/usr/local/lib/mastodon-host/${name}`,
  content: hostFile(`main/bin/${name}`),
  mode: "0755",
});

/** What main's scripts read from host.env. */
function hostEnv({ settings, names, volumeName }: MainHostInputs, compose: MainCompose) {
  return {
    VOLUME_NAME: volumeName,
    // No script reads it: a new size brings the bundle to the machine, whose volume step then grows the filesystem.
    VOLUME_GIB: settings.main.volumeGiB,
    POSTGRES_VERSION,
    WEB_DOMAIN: names.web,
    MEDIA_DOMAIN: names.media,
    ACME: settings.acme,
    OWNER_USERNAME: settings.owner.username,
    OWNER_EMAIL: settings.owner.email,
    AWS_REGION: settings.aws.region,
    BACKUP_BUCKET: names.backupBucket,
    SIDEKIQ_PROCESSES: compose.sidekiqProcesses,
  };
}

function databaseFiles({ sizing, secrets }: MainHostInputs): HostFile[] {
  return [
    { path: "/etc/sysctl.d/61-mastodon-main.conf", content: hostFile("main/etc/sysctl.conf") },
    { path: "/etc/postgresql-common/createcluster.conf", content: hostFile("main/etc/createcluster.conf") },
    // 55-postgres puts these two on the volume, which is not mounted when the bundle is installed on a new machine.
    { path: "/etc/mastodon-host/postgres.conf", content: postgresConf(sizing.postgres) },
    { path: "/etc/mastodon-host/pg_hba.conf", content: hostFile("main/etc/pg_hba.conf") },
    { path: "/etc/pgbouncer/pgbouncer.ini", content: pgbouncerIni(sizing.pgbouncer) },
    {
      path: "/etc/pgbouncer/userlist.txt",
      content: pgbouncerUserlist(secrets.postgresPassword),
      mode: "0640",
      owner: "root:postgres",
    },
    {
      path: "/etc/redis/mastodon.conf",
      content: redisConf("redis", { ...sizing.redis, password: secrets.redisPassword }),
      mode: "0640",
      owner: "root:redis",
    },
    {
      path: "/etc/redis/redis-cache.conf",
      content: redisConf("redis-cache", { ...sizing.cacheRedis, password: secrets.cacheRedisPassword }),
      mode: "0640",
      owner: "root:redis",
    },
  ];
}

function secretFiles({ secrets }: MainHostInputs): HostFile[] {
  return [
    secretFile("console-password", secrets.consolePassword),
    secretFile("postgres-password", secrets.postgresPassword),
    secretFile("redis-password", secrets.redisPassword),
    secretFile("cache-redis-password", secrets.cacheRedisPassword),
    secretFile("backup-key", secrets.backupKey),
    secretFile(
      "backup-credentials",
      `[default]\naws_access_key_id = ${secrets.backupAccessKeyId}\naws_secret_access_key = ${secrets.backupSecretAccessKey}\n`,
    ),
  ];
}

/** Everything that the main droplet is made of. */
export function mainHost(inputs: MainHostInputs): HostBundle {
  const { stack, settings, names, deployKey, sizing, volumeName } = inputs;
  const compose = mainCompose(inputs);
  return {
    role: "main",
    packages: mainPackages,
    files: [
      ...commonFiles({
        role: "main",
        stack,
        settings,
        names,
        deployKey,
        swapMiB: sizing.swapMiB,
        hostEnv: hostEnv(inputs, compose),
      }),
      ...secretFiles(inputs),
      ...databaseFiles(inputs),
      ...nginxFiles(settings, names),
      { path: COMPOSE_PATH, content: compose.text, mode: "0600" },
      ...mainUnits({ volumeName, backupTime: settings.backups.time, ipv6: settings.main.ipv6 }),
      ...STEPS.map((name) => step("main", name)),
      ...COMMANDS.map((name) => command("main", name)),
      ...INTERNAL.map(internal),
      ...(settings.main.ipv6 ? [internal("reserved-ipv6")] : []),
      { path: "/usr/local/bin/tootctl", content: hostFile("main/bin/tootctl"), mode: "0755" },
    ],
  };
}
