/** What the machines of a stack are expected to be made of: the tests' cloud on one side, the hosts' renderers on the other. */
import { vapidFromPem } from "../../components/vapid";
import { type BootSecrets, machineHash } from "../../machines/bundle";
import { mainHost, workerHost } from "../../machines/hosts";
import type { MainSecrets, MastodonSecrets } from "../../services/inputs";
import { namesOf } from "../../settings/names";
import { heldOn } from "../../settings/secrets";
import {
  accessKeyId,
  authKey,
  ecPem,
  password,
  privateKey,
  publicKey,
  secretBytes,
  tailnetName,
} from "./cloud";
import { checkedOf, type Values } from "./stacks";

/** Every secret as it is generated where none is given. */
export function generatedSecrets(): MainSecrets {
  const vapid = vapidFromPem(ecPem("secrets-vapid 1"));
  return {
    secretKeyBase: secretBytes("secrets-secret-key-base", 64).toString("hex"),
    otpSecret: undefined,
    activeRecordEncryptionPrimaryKey: password("secrets-encryption-primary", 32),
    activeRecordEncryptionDeterministicKey: password("secrets-encryption-deterministic", 32),
    activeRecordEncryptionKeyDerivationSalt: password("secrets-encryption-salt", 32),
    vapidPrivateKey: vapid.privateKey,
    vapidPublicKey: vapid.publicKey,
    postgresPassword: password("secrets-postgres", 32),
    redisPassword: password("secrets-redis", 32),
    cacheRedisPassword: password("secrets-cache-redis", 32),
    smtpPassword: "relay-password-dddd",
    mediaAccessKeyId: accessKeyId("media-writer-key"),
    mediaSecretAccessKey: password("media-writer-key", 40),
    extraSecretEnv: {},
    consolePassword: password("secrets-console", 24),
    backupKey: password("secrets-backup", 48),
    repositoryKey: password("secrets-repository", 48),
    backupAccessKeyId: accessKeyId("backups-writer-key"),
    backupSecretAccessKey: password("backups-writer-key", 40),
  };
}

const shared = (stack: string, values: Values) => {
  const { settings, assessment } = checkedOf(stack, values);
  const names = namesOf(settings, stack);
  return { assessment, inputs: { stack, settings, names, deployKey: publicKey("secrets-deploy-key") } };
};
type Shared = ReturnType<typeof shared>;

export const expectedMain = (stack: string, values: Values) => {
  const { assessment, inputs } = shared(stack, values);
  const volumeName = `mastodon-${stack}-data`;
  const { main: sizing, prediction } = assessment;
  // The examples' recipient is nobody's.
  const escrow = "off";
  return mainHost({ ...inputs, volumeName, sizing, prediction, escrow, secrets: generatedSecrets() });
};

/** The same with what the values bring along. */
function secretsIn(values: Values): MainSecrets {
  const names = [...heldOn("every machine"), ...heldOn("main")];
  const given = names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]);
  return {
    ...generatedSecrets(),
    ...Object.fromEntries(given),
    extraSecretEnv: JSON.parse(String(values.extraSecretEnv ?? "{}")),
  };
}

/** Auth key of each machine → what replaces it, from the settings and the secrets alone. */
export function expectedTriggers(stack: string, values: Values): Record<string, string> {
  const all = shared(stack, values);
  const { main, workers } = all.inputs.settings;
  const secrets = secretsIn(values);
  const ofWorkers = workers.flatMap(({ name, size, generation, count }, index) => {
    const hash = machineHash(workersOf(all, index, secrets), {
      consolePassword: secrets.consolePassword,
      hostKey: {
        privatePem: privateKey(`workers-${name}-host-key`),
        publicOpenSsh: publicKey(`workers-${name}-host-key`),
      },
    });
    const trigger = `${size} generation ${generation} ${hash}`;
    return Array.from({ length: count }, (_, i) => [`workers-${name}-${i + 1}-auth-key`, trigger]);
  });
  return { "main-auth-key": `generation ${main.generation}`, ...Object.fromEntries(ofWorkers) };
}

function workersOf({ assessment, inputs }: Shared, index: number, secrets: MastodonSecrets) {
  const pool = inputs.settings.workers[index];
  const sizing = assessment.pools[index]?.sizing;
  if (!pool || !sizing) throw new Error(`no pool ${index}`);
  return workerHost({ ...inputs, pool, sizing, secrets });
}

/** Those of the first pool. */
export const expectedWorkers = (stack: string, values: Values) =>
  workersOf(shared(stack, values), 0, generatedSecrets());

export const bootSecrets = (dropletName: string, keyName: string, hostKeyName: string): BootSecrets => ({
  hostname: tailnetName(dropletName, keyName),
  authKey: authKey(keyName),
  consolePassword: password("secrets-console", 24),
  hostKey: { privatePem: privateKey(hostKeyName), publicOpenSsh: publicKey(hostKeyName) },
});
