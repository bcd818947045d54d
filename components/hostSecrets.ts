/** The secrets in a host's files, as one secret output. */
import * as pulumi from "@pulumi/pulumi";
import type { MainSecrets, MastodonSecrets } from "../services/inputs";
import { heldOn } from "../settings/secrets";
import type { BackupBucket } from "./backupBucket";
import type { InstanceSecrets } from "./instanceSecrets";
import type { MediaBucket } from "./mediaBucket";

const pick = <T extends object, Name extends keyof T>(from: T, names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, Name>;

const onEvery = (instance: InstanceSecrets, media: MediaBucket) => ({
  ...pick(instance.held, heldOn("every machine")),
  mediaAccessKeyId: media.accessKeyId,
  mediaSecretAccessKey: media.secretAccessKey,
  extraSecretEnv: instance.extraSecretEnv,
});

/** What Mastodon's processes need, on every host. */
export const mastodonSecrets = (
  instance: InstanceSecrets,
  media: MediaBucket,
): pulumi.Output<MastodonSecrets> => pulumi.secret(pulumi.output(onEvery(instance, media)));

/** The same, plus what only main holds. */
export const mainSecrets = (
  instance: InstanceSecrets,
  media: MediaBucket,
  backups: BackupBucket,
): pulumi.Output<MainSecrets> =>
  pulumi.secret(
    pulumi.output({
      ...onEvery(instance, media),
      ...pick(instance.held, heldOn("main")),
      backupAccessKeyId: backups.accessKeyId,
      backupSecretAccessKey: backups.secretAccessKey,
    }),
  );
