/** What the two kinds of machine are rendered from: plain values and secrets, apart from each other. */

import type { Names } from "../settings/names";
import type { Settings, WorkerPoolSettings } from "../settings/schema";
import type { MainSizes, WorkerSizes } from "./sizes";

/** Secrets that every process of Mastodon needs, on every host the same. */
export interface MastodonSecrets {
  secretKeyBase: string;
  /** Only for an adopted instance older than 4.4. */
  otpSecret?: string | undefined;
  activeRecordEncryptionPrimaryKey: string;
  activeRecordEncryptionDeterministicKey: string;
  activeRecordEncryptionKeyDerivationSalt: string;
  vapidPrivateKey: string;
  vapidPublicKey: string;
  postgresPassword: string;
  redisPassword: string;
  cacheRedisPassword: string;
  smtpPassword?: string | undefined;
  mediaAccessKeyId: string;
  mediaSecretAccessKey: string;
  /** Variables from the secret `extraSecretEnv`. */
  extraSecretEnv: Readonly<Record<string, string>>;
}

/** What only main holds. */
export interface MainSecrets extends MastodonSecrets {
  /** root's password for the console: a new machine has it from cloud-config, a living one from here. */
  consolePassword: string;
  backupKey: string;
  backupAccessKeyId: string;
  backupSecretAccessKey: string;
}

export interface HostInputs {
  role: "main" | "worker";
  stack: string;
  settings: Settings;
  names: Names;
  /** Public half of the stack's own ssh key, in OpenSSH's format. */
  deployKey: string;
  sizing: WorkerSizes;
  secrets: MastodonSecrets;
}

export interface MainInputs extends HostInputs {
  sizing: MainSizes;
  /** DigitalOcean's name of the data volume: its device is /dev/disk/by-id/scsi-0DO_Volume_NAME. */
  volumeName: string;
  secrets: MainSecrets;
}

export interface WorkerInputs extends HostInputs {
  pool: WorkerPoolSettings;
}
