/** Backups of the database and of Redis: continuously and daily with pgBackRest, dumps as a second copy, Redis every half minute. */
import { REDIS_SECONDS, REDIS_WHOLE_HOURS } from "../catalogue/backups";
import type { Settings } from "../settings/schema";
import { command, file, type HostFile, hostFile, internal, LIBRARY, secretFile, timed } from "./hostFile";
import type { MainInputs } from "./inputs";
import { service } from "./service";

/**
 * Limit of each unit. Measured with a database of 1 GB, without the page cache: 46 MiB for pgBackRest, 160 for a dump and its upload. From a
 * database of some 80 GB on, the upload's parts are larger: 300 MiB at 300 GB. It is no part of the budget in addition to what ffmpeg or
 * tootctl has there, which is more: if both run and memory is short, the kernel kills ffmpeg (decision 23).
 */
const LIMIT_MIB = 384;

/** How old, in hours, the last good one may be: `mastodon-backup status` and the alarm BackupLate fail beyond it. */
export const freshHours = ({ backups: { dumps } }: Settings) => ({
  database: 26,
  dump: dumps === "daily" ? 26 : 192,
  federation: 26,
  redis: 1,
});

interface Kind {
  /** What follows `mastodon-backup` on its command line and in its unit's name. */
  part: string;
  what: string;
  /** In systemd's form. */
  when: string;
  after?: string;
}

/** `backups.time` each day, in systemd's form. */
export const daily = ({ backups: { time } }: Settings) => `*-*-* ${time}:00 UTC`;

function kinds(settings: Settings): Kind[] {
  const when = daily(settings);
  return [
    { part: "", what: "Back the database up to S3", when },
    {
      part: "dump",
      what: "Encrypted dump of the database to S3",
      when: settings.backups.dumps === "daily" ? when : `Sun ${when}`,
      after: "mastodon-backup.service",
    },
    { part: "redis", what: "What is new in Redis, encrypted, to S3", when: `*:*:0/${REDIS_SECONDS}` },
  ];
}

export function units({ part, what, when, after = "" }: Kind): HostFile[] {
  const name = `/etc/systemd/system/mastodon-backup${part && `-${part}`}`;
  return [
    file(`${name}.service`, "backup/backup.service", {
      PART: part,
      WHAT: what,
      AFTER: after,
      MIB: LIMIT_MIB,
    }),
    file(`${name}.timer`, "backup/backup.timer", { WHEN: when }),
  ];
}

function mastodonBackup(settings: Settings): HostFile {
  const { database, dump, federation, redis } = freshHours(settings);
  return command("backup/mastodon-backup", {
    DATABASE_HOURS: database,
    DUMP_HOURS: dump,
    FEDERATION_HOURS: federation,
    REDIS_HOURS: redis,
  });
}

/** Readable by Postgres, whose user runs pgBackRest. */
const pgbackrestConf = ({ settings, names, sizing, secrets }: MainInputs): HostFile => ({
  path: "/etc/pgbackrest.conf",
  content: hostFile("backup/pgbackrest.conf", {
    BUCKET: names.backupBucket,
    REGION: settings.aws.region,
    KEY_ID: secrets.backupAccessKeyId,
    KEY: secrets.backupSecretAccessKey,
    PASSPHRASE: secrets.repositoryKey,
    KEEP_DAYS: settings.backups.keepDays,
    ARCHIVE_LIMIT: sizing.postgres.archiveLimitMiB,
  }),
  mode: "0640",
  owner: "root:postgres",
});

export const backup = service({
  name: "backup",
  // Debian's gpg only recommends gpg-agent, but cannot encrypt without it.
  packages: ["awscli", "gpg-agent", "pgbackrest"],
  hostEnv: ({ settings, names }: MainInputs) => ({
    AWS_REGION: settings.aws.region,
    BACKUP_BUCKET: names.backupBucket,
  }),
  files: (inputs: MainInputs) => [
    pgbackrestConf(inputs),
    ...["repository.sh", "backup.sh"].map((name) => file(`${LIBRARY}/${name}`, `backup/${name}`)),
    mastodonBackup(inputs.settings),
    ...["pgbackrest-push", "backup-database", "backup-dump"].map((name) => internal(`backup/${name}`)),
    internal("backup/backup-redis", { HOURS: REDIS_WHOLE_HOURS }),
    ...kinds(inputs.settings).flatMap(units),
    ...timed("backup/mastodon-backup-due"),
    secretFile("backup-key", inputs.secrets.backupKey),
    secretFile(
      "backup-credentials",
      `[default]\naws_access_key_id = ${inputs.secrets.backupAccessKeyId}\naws_secret_access_key = ${inputs.secrets.backupSecretAccessKey}\n`,
    ),
  ],
});
