/** The secrets that a host's files hold, gathered into one secret output. */
import * as pulumi from "@pulumi/pulumi";
import type { MainSecrets, MastodonSecrets } from "../services/inputs";
import type { BackupBucket } from "./backupBucket";
import type { InstanceSecrets } from "./instanceSecrets";
import type { MediaBucket } from "./mediaBucket";

/** What Mastodon's processes need, on every host. */
export function mastodonSecrets(
  instance: InstanceSecrets,
  media: MediaBucket,
): pulumi.Output<MastodonSecrets> {
  return pulumi.secret(
    pulumi.output({
      secretKeyBase: instance.secretKeyBase,
      otpSecret: instance.otpSecret,
      activeRecordEncryptionPrimaryKey: instance.activeRecordEncryptionPrimaryKey,
      activeRecordEncryptionDeterministicKey: instance.activeRecordEncryptionDeterministicKey,
      activeRecordEncryptionKeyDerivationSalt: instance.activeRecordEncryptionKeyDerivationSalt,
      vapidPrivateKey: instance.vapidPrivateKey,
      vapidPublicKey: instance.vapidPublicKey,
      postgresPassword: instance.postgresPassword,
      redisPassword: instance.redisPassword,
      cacheRedisPassword: instance.cacheRedisPassword,
      smtpPassword: instance.smtpPassword,
      mediaAccessKeyId: media.accessKeyId,
      mediaSecretAccessKey: media.secretAccessKey,
      extraSecretEnv: instance.extraSecretEnv,
    }),
  );
}

/** The same with what only main holds. */
export function mainSecrets(
  instance: InstanceSecrets,
  media: MediaBucket,
  backups: BackupBucket,
): pulumi.Output<MainSecrets> {
  return pulumi.secret(
    pulumi
      .all([
        mastodonSecrets(instance, media),
        instance.consolePassword,
        instance.backupKey,
        backups.accessKeyId,
        backups.secretAccessKey,
      ])
      .apply(([shared, consolePassword, backupKey, backupAccessKeyId, backupSecretAccessKey]) => ({
        ...shared,
        consolePassword,
        backupKey,
        backupAccessKeyId,
        backupSecretAccessKey,
      })),
  );
}
