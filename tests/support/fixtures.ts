/** What the tests of machines/ render from. */

import { sizeWorker } from "../../fleet/sizing/sizing";
import type { BootSecrets, HostBundle } from "../../machines/bundle";
import type { WorkerHostInputs } from "../../machines/hosts";
import type { Container } from "../../services/compose";
import type { HostFile } from "../../services/hostFile";
import type { MastodonSecrets } from "../../services/inputs";
import { namesOf } from "../../settings/names";
import { type Settings, settingsSchema } from "../../settings/schema";

/** The smallest settings, with some of them changed. */
export function settings(changes: Record<string, unknown> = {}): Settings {
  return settingsSchema.parse({
    domain: "social.example.org",
    region: "nyc3",
    owner: { email: "owner@example.org" },
    aws: { accountId: "123456789012" },
    tailnet: { oauthClientId: "kAbCdEfCNTRL" },
    smtp: { server: "smtp.example.org", login: "mastodon" },
    ...changes,
  });
}

/** Each secret by its name, so that a test sees where it goes. */
export const secrets: MastodonSecrets = {
  secretKeyBase: "the-secretKeyBase",
  activeRecordEncryptionPrimaryKey: "the-primaryKey",
  activeRecordEncryptionDeterministicKey: "the-deterministicKey",
  activeRecordEncryptionKeyDerivationSalt: "the-salt",
  vapidPrivateKey: "the-vapidPrivateKey",
  vapidPublicKey: "the-vapidPublicKey",
  postgresPassword: "the-postgresPassword",
  redisPassword: "the-redisPassword",
  cacheRedisPassword: "the-cacheRedisPassword",
  smtpPassword: "the-smtpPassword",
  mediaAccessKeyId: "the-mediaAccessKeyId",
  mediaSecretAccessKey: "the-mediaSecretAccessKey",
  extraSecretEnv: {},
};

/** The smallest container of a compose file. */
export const container: Container = {
  image: "mastodon",
  command: ["true"],
  memoryMiB: 64,
  healthcheck: ["true"],
  stopGraceSeconds: 40,
};

export const DEPLOY_KEY = "ssh-ed25519 AAAADEPLOY deploy";

/** The inputs of the default pool's workers. */
export function workerInputs(changes: Record<string, unknown> = {}): WorkerHostInputs {
  const all = settings(changes);
  const pool = all.workers[0];
  if (!pool) throw new Error("no pool");
  return {
    stack: "prod",
    settings: all,
    names: namesOf(all, "prod"),
    deployKey: DEPLOY_KEY,
    pool,
    sizing: sizeWorker({ memoryMiB: 4096, vcpus: 2, sidekiq: pool.sidekiq }),
    secrets,
  };
}

export const boot: BootSecrets = {
  hostname: "mastodon-prod-worker-1",
  authKey: "tskey-auth-1",
  consolePassword: "the-consolePassword",
  hostKey: { privatePem: "the-hostKey\n", publicOpenSsh: "ssh-ed25519 AAAAHOST" },
};

/** A bundle's file, there or the test fails. */
export function fileOf(bundle: Pick<HostBundle, "files">, path: string): HostFile {
  const file = bundle.files.find((candidate) => candidate.path === path);
  if (!file) throw new Error(`no ${path} in ${bundle.files.map((candidate) => candidate.path).join(", ")}`);
  return file;
}
