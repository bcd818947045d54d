/** The hosts as a plan shows them: the real renderers, with each secret replaced by its name. */

import type { Assessment } from "../fleet/assess";
import type { MainSecrets } from "../services/inputs";
import { namesOf } from "../settings/names";
import type { Settings } from "../settings/schema";
import { type HeldSecrets, heldOn, SECRETS, type SecretSetting } from "../settings/secrets";
import { type BootSecrets, type HostBundle, packed, readableCloudConfig, redacted, userData } from "./bundle";
import { mainHost, workerHost } from "./hosts";

export interface PlannedHost {
  /** `main`, or `workers-POOL`. */
  name: string;
  /** cloud-config with every file as plain text and every secret redacted: rendered when a plan shows it. */
  cloudConfig: () => string;
  /** Size of the user data with secrets of realistic length. */
  userDataBytes: number;
}

/** Secrets of realistic length, from letters that compress as badly as random ones do. */
function sampleSecrets(settings: Settings, extraSecretEnv: Readonly<Record<string, string>>): MainSecrets {
  // A fixed sequence (a linear congruential generator), so that the size is the same in every run.
  let state = 1;
  const sample = (length: number) =>
    Array.from({ length }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[(state >> 16) % 62];
    }).join("");
  const lengthOf = ({ made, placeholder }: SecretSetting) =>
    made ? ("letters" in made ? made.letters : 2 * made.bytes) : (placeholder?.length ?? 32);
  const held = [...heldOn("every machine"), ...heldOn("main")].map((name) => {
    const { optional, requiredWhen } = SECRETS[name];
    const isThere = !optional || requiredWhen?.(settings);
    return [name, isThere ? sample(lengthOf(SECRETS[name])) : undefined];
  });
  return {
    ...(Object.fromEntries(held) as HeldSecrets<"every machine"> & HeldSecrets<"main">),
    mediaAccessKeyId: sample(20),
    mediaSecretAccessKey: sample(40),
    backupAccessKeyId: sample(20),
    backupSecretAccessKey: sample(40),
    extraSecretEnv,
  };
}

/**
 * @param extraSecretEnv the variables of the secret of that name, if it could be read; only their names are shown
 */
export function plannedHosts(
  settings: Settings,
  stack: string,
  assessment: Pick<Assessment, "main" | "pools" | "prediction">,
  extraSecretEnv: Readonly<Record<string, string>> = {},
): PlannedHost[] {
  const names = namesOf(settings, stack);
  const sample = sampleSecrets(settings, extraSecretEnv);
  const boot = (machine: string): BootSecrets => ({
    hostname: `${names.prefix}-${machine}-[id]`,
    authKey: "k".repeat(60),
    consolePassword: "c".repeat(24),
    hostKey: { privatePem: "p".repeat(400), publicOpenSsh: "o".repeat(80) },
  });
  const host = (
    name: string,
    machine: string,
    render: (secrets: MainSecrets) => HostBundle,
  ): PlannedHost => ({
    name,
    cloudConfig: () =>
      readableCloudConfig(render(redacted(sample)), {
        ...redacted(boot(machine)),
        hostname: boot(machine).hostname,
      }),
    userDataBytes: Buffer.byteLength(userData(packed(render(sample)), boot(machine))),
  });
  const shared = { stack, settings, names, deployKey: "[deployKey]" };
  return [
    host("main", "main", (secrets) =>
      mainHost({
        ...shared,
        sizing: assessment.main,
        prediction: assessment.prediction,
        escrow: "[escrow]",
        volumeName: names.dataVolume,
        secrets,
      }),
    ),
    ...assessment.pools.map(({ pool, sizing }) =>
      host(`workers-${pool.name}`, `${pool.name}-1`, (secrets) =>
        workerHost({ ...shared, pool, sizing, secrets }),
      ),
    ),
  ];
}
