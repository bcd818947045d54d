/** The part of a droplet and its auth key that is the same for each. */
export const KEY_INPUTS = {
  reusable: false,
  ephemeral: false,
  preauthorized: true,
  expiry: 604_800,
  recreateIfInvalid: "never",
};

export const KEY_OPTIONS = {
  ignoreChanges: [
    "description",
    "ephemeral",
    "expiry",
    "preauthorized",
    "recreateIfInvalid",
    "reusable",
    "tags",
  ],
  additionalSecretOutputs: ["key"],
};

export const DROPLET_INPUTS = {
  image: "debian-13-x64",
  dropletAgent: false,
  resizeDisk: false,
  gracefulShutdown: true,
};

export const DROPLET_OPTIONS = {
  secretInputs: ["userData"],
  additionalSecretOutputs: ["userData"],
  ignoreChanges: ["dropletAgent", "image", "ipv6", "monitoring", "size", "sshKeys", "userData", "vpcUuid"],
  customTimeouts: { delete: "10m" },
};

export const HOST_KEY = {
  type: "PrivateKey",
  provider: "tls",
  dependsOn: [],
  inputs: { algorithm: "ED25519" },
  additionalSecretOutputs: ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"],
};

/** What Mastodon's secrets come from where none is given. */
export const MASTODON_SECRETS = [
  "media-writer-key",
  "secrets-cache-redis",
  "secrets-encryption-deterministic",
  "secrets-encryption-primary",
  "secrets-encryption-salt",
  "secrets-postgres",
  "secrets-redis",
  "secrets-secret-key-base",
  "secrets-vapid",
];

export const COMMAND = {
  type: "Command",
  provider: "command",
  additionalSecretOutputs: ["connection"],
  customTimeouts: { create: "30m", update: "30m" },
};

export const CONNECTION = { user: "root", port: 22, dialErrorLimit: 300, perDialTimeout: 15 };

/** A resource shown in its account's project; it is never moved out again. */
export const inProject = (account: string, resource: string, urn: string) => ({
  type: "ProjectResources",
  dependsOn: [`${account}-project`, resource].sort(),
  inputs: { project: `${account}-project-id`, resources: [urn] },
  retainOnDelete: true,
});
