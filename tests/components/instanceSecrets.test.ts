import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { InstanceSecrets } from "../../components/instanceSecrets";
import type { SecretName } from "../../settings/secrets";
import { privateKey, publicKey } from "../support/cloud";
import { generatedSecrets } from "../support/expected";
import { byName, custom, isSecret, runAlone } from "../support/stacks";

type Given = Partial<Record<SecretName, string>>;

async function secretsOf(given: Given = {}, protect = true) {
  let secrets: InstanceSecrets | undefined;
  const run = await runAlone(() => {
    secrets = new InstanceSecrets(
      "secrets",
      {
        given: (name) => {
          const value = given[name];
          return value === undefined ? undefined : pulumi.secret(value);
        },
        protect,
      },
      { providers: [new random.Provider("random"), new tls.Provider("tls")] },
    );
  });
  const { random: _, tls: __, ...made } = byName(custom(run));
  return { made, secrets: secrets as InstanceSecrets };
}

const PASSWORDS = {
  "secrets-encryption-primary": 32,
  "secrets-encryption-deterministic": 32,
  "secrets-encryption-salt": 32,
  "secrets-postgres": 32,
  "secrets-redis": 32,
  "secrets-cache-redis": 32,
  "secrets-backup": 48,
  "secrets-repository": 48,
  "secrets-console": 24,
};

const HERE = { parent: "InstanceSecrets secrets", dependsOn: [] };
const tlsKey = (inputs: object, once: object) => ({
  ...HERE,
  ...once,
  type: "PrivateKey",
  provider: "tls",
  inputs,
  additionalSecretOutputs: ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"],
});

const expected = (once: { protect?: true }) => ({
  "secrets-secret-key-base": {
    ...HERE,
    ...once,
    type: "RandomBytes",
    provider: "random",
    inputs: { length: 64 },
    additionalSecretOutputs: ["base64", "hex"],
  },
  ...Object.fromEntries(
    Object.entries(PASSWORDS).map(([name, length]) => [
      name,
      {
        ...HERE,
        ...once,
        type: "RandomPassword",
        provider: "random",
        inputs: { length, special: false },
        additionalSecretOutputs: ["bcryptHash", "result"],
      },
    ]),
  ),
  "secrets-vapid": tlsKey({ algorithm: "ECDSA", ecdsaCurve: "P256" }, once),
  "secrets-deploy-key": tlsKey({ algorithm: "ED25519" }, once),
});

test("each secret is made once, protected, of letters and digits, and has no input to change", async () => {
  expect((await secretsOf()).made).toEqual(expected({ protect: true }));
});

test("protect: false lets go of each", async () => {
  expect((await secretsOf({}, false)).made).toEqual(expected({}));
});

const promised = (output: unknown) => (output as { promise(): Promise<unknown> }).promise();

/** Fields that machines get as text. */
const TEXTS = [
  "secretKeyBase",
  "activeRecordEncryptionPrimaryKey",
  "activeRecordEncryptionDeterministicKey",
  "activeRecordEncryptionKeyDerivationSalt",
  "vapidPrivateKey",
  "vapidPublicKey",
  "postgresPassword",
  "redisPassword",
  "cacheRedisPassword",
  "backupKey",
  "repositoryKey",
] as const;

test("generated secrets are secret, and in the form that Mastodon reads", async () => {
  const { secrets } = await secretsOf();
  const generated = generatedSecrets();
  for (const name of TEXTS) {
    expect([name, await promised(secrets.held[name])]).toEqual([name, generated[name]]);
    expect([name, await isSecret(secrets.held[name])]).toEqual([name, true]);
  }
  expect(generated.secretKeyBase).toMatch(/^[0-9a-f]{128}$/);
  expect(generated.vapidPrivateKey).toHaveLength(44);
  expect(generated.vapidPublicKey).toHaveLength(88);
  expect(await isSecret(secrets.held.consolePassword)).toBe(true);
  expect(await promised(secrets.held.consolePassword)).toHaveLength(24);
  expect(await isSecret(secrets.extraSecretEnv)).toBe(true);
  expect(await promised(secrets.extraSecretEnv)).toEqual({});
  expect([secrets.held.otpSecret, secrets.held.smtpPassword]).toEqual([undefined, undefined]);
});

test("the deploy key's private half is secret, its public half is one line without an end", async () => {
  const { deployKey } = (await secretsOf()).secrets;
  expect(await promised(deployKey.privatePem)).toBe(privateKey("secrets-deploy-key"));
  expect(await isSecret(deployKey.privatePem)).toBe(true);
  expect(await promised(deployKey.publicOpenSsh)).toBe(publicKey("secrets-deploy-key"));
});

const GIVEN: Given = {
  secretKeyBase: "ab".repeat(64),
  otpSecret: "given-otp-secret-0000",
  activeRecordEncryptionPrimaryKey: "GivenPrimaryKeyGivenPrimaryKey00",
  activeRecordEncryptionDeterministicKey: "GivenDeterministicKeyGivenDeter0",
  activeRecordEncryptionKeyDerivationSalt: "GivenSaltGivenSaltGivenSaltGiven",
  vapidPrivateKey: `${"A".repeat(42)}E=`,
  vapidPublicKey: "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU=",
  postgresPassword: "given-postgres-pass",
  redisPassword: "given-redis-password",
  cacheRedisPassword: "given-cache-password",
  backupKey: "given-backup-passphrase",
  repositoryKey: "given-repository-passphrase",
  consolePassword: "given-console-password",
  smtpPassword: "given-relay-password",
};

test("an adopted instance brings every secret along: only the deploy key is made", async () => {
  const { made, secrets } = await secretsOf({ ...GIVEN, extraSecretEnv: '{"DEEPL_API_KEY":"given-key"}' });
  expect(Object.keys(made)).toEqual(["secrets-deploy-key"]);
  for (const [name, value] of Object.entries(GIVEN)) {
    const output = secrets.held[name as keyof InstanceSecrets["held"]];
    expect([name, await promised(output), await isSecret(output)]).toEqual([name, value, true]);
  }
  expect(await promised(secrets.extraSecretEnv)).toEqual({ DEEPL_API_KEY: "given-key" });
  expect(await isSecret(secrets.extraSecretEnv)).toBe(true);
});

test.each(Object.entries(PASSWORDS))("a given secret takes the place of %s alone", async (resource) => {
  const key = {
    "secrets-encryption-primary": "activeRecordEncryptionPrimaryKey",
    "secrets-encryption-deterministic": "activeRecordEncryptionDeterministicKey",
    "secrets-encryption-salt": "activeRecordEncryptionKeyDerivationSalt",
    "secrets-postgres": "postgresPassword",
    "secrets-redis": "redisPassword",
    "secrets-cache-redis": "cacheRedisPassword",
    "secrets-backup": "backupKey",
    "secrets-repository": "repositoryKey",
    "secrets-console": "consolePassword",
  }[resource] as SecretName;
  const { made } = await secretsOf({ [key]: GIVEN[key] });
  const { [resource]: _, ...others } = expected({ protect: true }) as Record<string, unknown>;
  expect(made).toEqual(others);
});
