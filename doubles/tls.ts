/** tls: real keys. */
import { createHash, generateKeyPairSync, type KeyObject, randomInt } from "node:crypto";
import type * as tls from "@pulumi/tls";
import { Account } from "./account";
import { inputsOf, oneOf } from "./inputs";
import { type Kind, ProviderDouble } from "./provider";
import type { Values } from "./values";

const privateKey: Kind<Account> = {
  inputs: inputsOf<tls.PrivateKeyArgs>()({
    algorithm: { type: "string", required: true, replaces: true, refuses: oneOf("RSA", "ECDSA", "ED25519") },
    ecdsaCurve: { type: "string", replaces: true, refuses: oneOf("P224", "P256", "P384", "P521") },
  }),
  computed: ["privateKeyPem", "privateKeyOpenssh", "publicKeyOpenssh"],
  secrets: ["privateKeyPem", "privateKeyOpenssh"],
  create: (_account, { algorithm, ecdsaCurve }) => {
    if (algorithm === "ECDSA" && ecdsaCurve === "P256") return elliptic();
    if (algorithm === "ED25519") return edwards();
    throw new Error(`no ${algorithm} ${ecdsaCurve ?? ""} here`);
  },
};

const idOf = (key: KeyObject) =>
  createHash("sha1")
    .update(key.export({ format: "der", type: "spki" }))
    .digest("hex");

/** Only its PEM: the program needs nothing else of a P-256 key. */
function elliptic() {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const privateKeyPem = pair.privateKey.export({ format: "pem", type: "sec1" });
  return {
    id: idOf(pair.publicKey),
    outputs: { privateKeyPem, privateKeyOpenssh: "", publicKeyOpenssh: "" },
  };
}

function edwards() {
  const pair = generateKeyPairSync("ed25519");
  const jwk = pair.privateKey.export({ format: "jwk" });
  const [seed, point] = [jwk.d, jwk.x].map((part) => Buffer.from(part ?? "", "base64url"));
  if (!seed || !point) throw new Error("no Ed25519 key");
  return {
    id: idOf(pair.publicKey),
    outputs: {
      privateKeyPem: pair.privateKey.export({ format: "pem", type: "pkcs8" }),
      privateKeyOpenssh: openSshPrivate(seed, point),
      // The provider ends it with a line break.
      publicKeyOpenssh: `ssh-ed25519 ${openSshPublic(point).toString("base64")}\n`,
    },
  };
}

const uint32 = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
};
const field = (value: Buffer | string) =>
  Buffer.concat([uint32(Buffer.from(value).length), Buffer.from(value)]);

const openSshPublic = (point: Buffer) => Buffer.concat([field("ssh-ed25519"), field(point)]);

/** OpenSSH's own format (openssh: PROTOCOL.key), without a passphrase. */
function openSshPrivate(seed: Buffer, point: Buffer): string {
  const checkNumber = uint32(randomInt(2 ** 32));
  const pair = Buffer.concat([seed, point]);
  const list = Buffer.concat([checkNumber, checkNumber, openSshPublic(point), field(pair), field("")]);
  const padding = Buffer.from(Array.from({ length: (8 - (list.length % 8)) % 8 }, (_, i) => i + 1));
  const key = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    uint32(1),
    field(openSshPublic(point)),
    field(Buffer.concat([list, padding])),
  ]);
  const lines = key.toString("base64").replace(/.{1,70}/g, "$&\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}-----END OPENSSH PRIVATE KEY-----\n`;
}

export class TlsDouble extends ProviderDouble {
  readonly package = "tls";
  readonly configuration = {};
  override readonly stateless = true;
  readonly kinds = { "tls:index/privateKey:PrivateKey": privateKey };
  protected logIn(_configuration: Values) {
    return new Account("tls");
  }
}
