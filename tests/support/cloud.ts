/**
 * A cloud for the engine's mocks: every resource comes to life at once, with the computed outputs that the real providers
 * return, secret where theirs are secret. Everything follows from the resource's name, so that a test can say what it expects.
 */
import { createHash, createPrivateKey } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/** Bytes that look random, and are the same in every run. */
const bytes = (seed: string, length: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
      createHash("sha256").update(`${seed}/${i}`).digest(),
    ),
  ).subarray(0, length);

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const letters = (seed: string, length: number) =>
  [...bytes(seed, length)].map((byte) => LETTERS[byte % LETTERS.length]).join("");

/** Stands inside every generated secret: where it appears in plain text, a secret does. */
const secretText = (name: string, round: number, length: number) =>
  letters(`secret ${name} ${round}`, length);

/** A P-256 key in SEC 1's PEM, as the tls provider writes it. */
export function ecPem(seed: string): string {
  const d = bytes(`p256 ${seed}`, 32);
  d[0] = 0x11; // below the curve's order
  const sec1 = Buffer.concat([
    Buffer.from("30310201010420", "hex"),
    d,
    Buffer.from("a00a06082a8648ce3d030107", "hex"),
  ]);
  return createPrivateKey({ key: sec1, format: "der", type: "sec1" })
    .export({ format: "pem", type: "sec1" })
    .toString();
}

export interface CloudArgs {
  /** Names of resources that are another one than before: a second round of secrets, ids and addresses. */
  replaced?: readonly string[];
  /** What AWS' account-wide block of public access says; absent where it was never set. */
  publicAccessBlock?: { blockPublicPolicy: boolean; restrictPublicBuckets: boolean };
  /** What the stack's last run put out. */
  outputsBefore?: Record<string, unknown>;
  /** `TYPE NAME` of what its state has → outputs. */
  stateBefore?: Record<string, Record<string, unknown>>;
  /** Called with each custom resource that is registered or read. */
  onMade?: (made: { type: string; name: string }) => void;
}

export interface Cloud {
  mocks: pulumi.runtime.Mocks;
  /** Functions of providers that were called, each with the provider's reference. */
  calls: { token: string; provider: string }[];
  /** Secret → where it comes from. */
  secrets: Map<string, string>;
}

export function makeCloud({
  replaced = [],
  publicAccessBlock,
  outputsBefore = {},
  stateBefore = {},
  onMade,
}: CloudArgs = {}): Cloud {
  const calls: Cloud["calls"] = [];
  const secrets = new Map<string, string>();
  const round = (name: string) => (replaced.includes(name) ? 2 : 1);
  const secret = (name: string, value: string) => {
    secrets.set(value, name);
    return pulumi.secret(value);
  };
  return {
    calls,
    secrets,
    mocks: {
      newResource: ({ type, name, inputs, custom }) => {
        if (custom) onMade?.({ type, name });
        if (type === "pulumi:pulumi:StackReference") {
          return { id: name, state: { ...inputs, outputs: outputsBefore, secretOutputNames: [] } };
        }
        const { id, ...computed } = (COMPUTED[type] ?? nothing)({
          name,
          inputs: inputs as Record<string, string>,
          round: round(name),
          secret: (value) => secret(name, value),
        });
        return { id: (id as string | undefined) ?? `${name}-id`, state: { ...inputs, ...computed } };
      },
      call: ({ token, provider }) => {
        if (token === "pulumi:pulumi:readStackResourceOutputs") {
          const outputs = Object.entries(stateBefore).map(([key, values]) => {
            const [type = "", name = ""] = key.split(" ");
            return [`urn:pulumi:prod::mastodon-hosting::${type}::${name}`, { type, outputs: values }];
          });
          return { outputs: Object.fromEntries(outputs) };
        }
        calls.push({ token, provider: provider ?? "" });
        if (token !== "aws:s3/getAccountPublicAccessBlock:getAccountPublicAccessBlock")
          throw new Error(`unexpected call: ${token}`);
        if (!publicAccessBlock)
          // The SDK shows the details of a gRPC error only.
          throw Object.assign(new Error(), {
            details: "reading S3 Account Public Access Block (123456789012): couldn't find resource",
          });
        return { id: "123456789012", ...publicAccessBlock };
      },
    },
  };
}

interface Made {
  name: string;
  inputs: Record<string, string>;
  round: number;
  secret: (value: string) => pulumi.Output<string>;
}

/** Id of a droplet, a number in text. */
export const dropletId = (name: string, round = 1) =>
  String(500_000_000 + (bytes(`droplet ${name} ${round}`, 4).readUInt32BE() % 100_000_000));
/** Public address of a droplet. */
export const dropletIpv4 = (name: string, round = 1) =>
  `198.51.100.${1 + ((bytes(`address ${name} ${round}`, 1)[0] ?? 0) % 254)}`;
/** The same for IPv6, where the droplet has it. */
export const dropletIpv6 = (name: string, round = 1) =>
  `2604:a880:400:d0::${bytes(`address ${name} ${round}`, 2).readUInt16BE().toString(16)}`;
/** Id of an auth key. */
export const authKeyId = (name: string, round = 1) => `k${letters(`key id ${name} ${round}`, 11)}CNTRL`;
/** What a machine called `dropletName` is called in the tailnet when it joins with that key. */
export const tailnetName = (dropletName: string, keyName: string, round = 1) =>
  `${dropletName}-${letters(`key id ${keyName} ${round}`, 11).slice(-8).toLowerCase()}`;
export const authKey = (name: string, round = 1) =>
  `tskey-auth-${authKeyId(name, round)}-${secretText(name, round, 32)}`;
export const publicKey = (name: string, round = 1) =>
  `ssh-ed25519 ${Buffer.concat([Buffer.from("0000000b7373682d6564323535313900000020", "hex"), bytes(`public ${name} ${round}`, 32)]).toString("base64")}`;
export const privateKey = (name: string, round = 1) =>
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes(`private ${name} ${round}`, 192).toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
export const password = (name: string, length: number, round = 1) => secretText(name, round, length);
export const secretBytes = (name: string, length: number, round = 1) =>
  bytes(`secret ${name} ${round}`, length);
export const accessKeyId = (name: string, round = 1) =>
  `AKIA${letters(`access ${name} ${round}`, 16).toUpperCase()}`;
export const volumeId = (name: string) =>
  bytes(`volume ${name}`, 16)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

export const RESERVED_IPV4 = "203.0.113.80";
export const RESERVED_IPV6 = "2604:a880:800:14::8a4b:2000";

const nothing = (): Record<string, unknown> => ({});

const COMPUTED: Record<string, (made: Made) => Record<string, unknown>> = {
  "digitalocean:index/sshKey:SshKey": ({ name }) => ({
    id: String(4_000_000 + bytes(name, 2).readUInt16BE()),
    fingerprint: "b6:9e:25:59:00:49:ff:56:83:a5:7d:10:3c:e1:4f:22",
  }),
  "digitalocean:index/tag:Tag": ({ inputs }) => ({ id: inputs.name, totalResourceCount: 0 }),
  "digitalocean:index/droplet:Droplet": ({ name, inputs, round }) => ({
    id: dropletId(name, round),
    dropletUrn: `do:droplet:${dropletId(name, round)}`,
    ipv4Address: dropletIpv4(name, round),
    ipv6Address: inputs.ipv6 ? dropletIpv6(name, round) : "",
    status: "active",
  }),
  "digitalocean:index/volume:Volume": ({ name }) => ({
    id: volumeId(name),
    volumeUrn: `do:volume:${volumeId(name)}`,
  }),
  "digitalocean:index/reservedIp:ReservedIp": () => ({
    id: RESERVED_IPV4,
    ipAddress: RESERVED_IPV4,
    reservedIpUrn: `do:reservedip:${RESERVED_IPV4}`,
  }),
  "digitalocean:index/reservedIpv6:ReservedIpv6": () => ({
    id: RESERVED_IPV6,
    ip: RESERVED_IPV6,
    reservedIpv6Urn: `do:reservedipv6:${RESERVED_IPV6}`,
  }),
  "aws:s3/bucket:Bucket": ({ inputs }) => ({ id: inputs.bucket, arn: `arn:aws:s3:::${inputs.bucket}` }),
  "aws:iam/user:User": ({ inputs }) => ({
    id: inputs.name,
    arn: `arn:aws:iam::123456789012:user${inputs.path}${inputs.name}`,
  }),
  "aws:iam/accessKey:AccessKey": ({ name, round, secret }) => ({
    id: accessKeyId(name, round),
    secret: secret(secretText(name, round, 40)),
    sesSmtpPasswordV4: secret(secretText(`${name} ses`, round, 44)),
  }),
  "tailscale:index/tailnetKey:TailnetKey": ({ name, round, secret }) => ({
    id: authKeyId(name, round),
    key: secret(authKey(name, round)),
    invalid: false,
    createdAt: "2026-11-23T08:00:00Z",
    expiresAt: "2026-11-30T08:00:00Z",
  }),
  "random:index/randomPassword:RandomPassword": ({ name, inputs, round, secret }) => ({
    id: "none",
    result: secret(password(name, Number(inputs.length), round)),
    bcryptHash: secret(`$2a$10$${secretText(`${name} bcrypt`, round, 53)}`),
  }),
  "random:index/randomBytes:RandomBytes": ({ name, inputs, round, secret }) => {
    const value = secretBytes(name, Number(inputs.length), round);
    return {
      id: "none",
      hex: secret(value.toString("hex")),
      base64: secret(value.toString("base64")),
    };
  },
  "random:index/randomUuid:RandomUuid": () => ({
    id: "f0a49e5b-8b4d-4f0e-9e0c-3d6f5b7a1c2d",
    result: "f0a49e5b-8b4d-4f0e-9e0c-3d6f5b7a1c2d",
  }),
  "tls:index/privateKey:PrivateKey": ({ name, inputs, round, secret }) =>
    inputs.algorithm === "ECDSA"
      ? {
          id: bytes(name, 20).toString("hex"),
          privateKeyPem: secret(ecPem(`${name} ${round}`)),
          privateKeyOpenssh: secret(privateKey(name, round)),
          publicKeyOpenssh: "ecdsa-sha2-nistp256 AAAA\n",
        }
      : {
          id: bytes(name, 20).toString("hex"),
          privateKeyPem: secret(
            `-----BEGIN PRIVATE KEY-----\n${bytes(`pem ${name} ${round}`, 48).toString("base64")}\n-----END PRIVATE KEY-----\n`,
          ),
          privateKeyOpenssh: secret(privateKey(name, round)),
          // The provider ends it with a line break.
          publicKeyOpenssh: `${publicKey(name, round)}\n`,
        },
};
