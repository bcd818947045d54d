/** The nightly dump of the database. */
import { command, secretFile, timed } from "./hostFile";
import type { MainInputs } from "./inputs";
import { service } from "./service";

export const backup = service({
  name: "backup",
  // Debian's gpg only recommends gpg-agent, but cannot encrypt without it.
  packages: ["awscli", "gpg-agent"],
  hostEnv: ({ settings, names }: MainInputs) => ({
    AWS_REGION: settings.aws.region,
    BACKUP_BUCKET: names.backupBucket,
  }),
  files: ({ settings, secrets }: MainInputs) => [
    command("backup/mastodon-backup"),
    command("backup/mastodon-restore"),
    ...timed("backup/mastodon-backup", { TIME: settings.backups.time }),
    secretFile("backup-key", secrets.backupKey),
    secretFile(
      "backup-credentials",
      `[default]\naws_access_key_id = ${secrets.backupAccessKeyId}\naws_secret_access_key = ${secrets.backupSecretAccessKey}\n`,
    ),
  ],
});
