/** VAPID keys in the form that Mastodon's `webpush` library writes them: raw P-256 numbers, not PEM. */
import { createPrivateKey } from "node:crypto";

const padded = (base64url: string) => base64url + "=".repeat((4 - (base64url.length % 4)) % 4);

/**
 * @param pem an EC private key on the curve P-256
 * @returns URL-safe base64 with padding: the private number (32 bytes, 44 characters) and the uncompressed public
 *   point (65 bytes, 88 characters)
 */
export function vapidFromPem(pem: string): { privateKey: string; publicKey: string } {
  const { d, x, y } = createPrivateKey(pem).export({ format: "jwk" });
  if (!d || !x || !y) throw new Error("the VAPID key is not an elliptic curve key");
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return { privateKey: padded(d), publicKey: padded(point.toString("base64url")) };
}
