/** What the two kinds of machine are rendered from: plain values and secrets, kept apart. */

import type { Names } from "../settings/names";
import type { Settings, WorkerPoolSettings } from "../settings/schema";
import type { HeldSecrets } from "../settings/secrets";
import type { MainSizes, WorkerSizes } from "./sizes";
import type { Prediction } from "./watch/prediction";

/** Secrets that every process of Mastodon needs, on every host the same. */
export interface MastodonSecrets extends HeldSecrets<"every machine"> {
  mediaAccessKeyId: string;
  mediaSecretAccessKey: string;
  /** Variables from the secret `extraSecretEnv`. */
  extraSecretEnv: Readonly<Record<string, string>>;
}

/** The same, plus what only main holds. A new machine gets its console password from cloud-config, a living one from here. */
export interface MainSecrets extends MastodonSecrets, HeldSecrets<"main"> {
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
  /** What the capacity model expects of the fleet. */
  prediction: Prediction;
  /** An EscrowState (services/escrow.ts); in a plan, which knows no secrets, a placeholder. */
  escrow: string;
  /** DigitalOcean's name of the data volume: its device is /dev/disk/by-id/scsi-0DO_Volume_NAME. */
  volumeName: string;
  secrets: MainSecrets;
}

export interface WorkerInputs extends HostInputs {
  pool: WorkerPoolSettings;
}
