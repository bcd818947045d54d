import { createECDH, generateKeyPairSync } from "node:crypto";
import { vapidFromPem } from "../../components/vapid";

test("50 random keys come out as node's own ECDH has them, padded to 44 and 88 characters", () => {
  for (let i = 0; i < 50; i++) {
    const pem = generateKeyPairSync("ec", { namedCurve: "P-256" })
      .privateKey.export({ format: "pem", type: i % 2 === 0 ? "sec1" : "pkcs8" })
      .toString();
    const { privateKey, publicKey } = vapidFromPem(pem);
    expect([privateKey, publicKey]).toEqual([
      expect.stringMatching(/^[A-Za-z0-9_-]{43}=$/),
      expect.stringMatching(/^B[A-Za-z0-9_-]{86}=$/),
    ]);
    const curve = createECDH("prime256v1");
    curve.setPrivateKey(Buffer.from(privateKey, "base64url"));
    expect(`${curve.getPublicKey("base64url")}=`).toBe(publicKey);
  }
});

test("the private number 1 belongs to the curve's generator", () => {
  const pem = `-----BEGIN EC PRIVATE KEY-----
${Buffer.from(`30310201010420${"00".repeat(31)}01a00a06082a8648ce3d030107`, "hex").toString("base64")}
-----END EC PRIVATE KEY-----
`;
  expect(vapidFromPem(pem)).toEqual({
    privateKey: `${"A".repeat(42)}E=`,
    publicKey: "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU=",
  });
});

test("a key that is not elliptic is refused", () => {
  const pem = generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();
  expect(() => vapidFromPem(pem)).toThrow("the VAPID key is not an elliptic curve key");
});
