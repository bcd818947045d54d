import { createECDH } from "node:crypto";

/**
 * A pair as `rake mastodon:webpush:generate_vapid_key` writes it: like Ruby's BN#to_s(2), Node leaves leading zero bytes out.
 *
 * @param number the private one; without it, a random one
 */
export function vapidPair(number?: Buffer): { vapidPrivateKey: string; vapidPublicKey: string } {
  const curve = createECDH("prime256v1");
  if (number) curve.setPrivateKey(number);
  else curve.generateKeys();
  return { vapidPrivateKey: padded(curve.getPrivateKey()), vapidPublicKey: padded(curve.getPublicKey()) };
}

const padded = (key: Buffer) => key.toString("base64").replaceAll("+", "-").replaceAll("/", "_");
