/** Public keys of age (age-encryption.org) as `age-keygen` prints them. */

/** BIP 173's alphabet, in the order of the values. */
const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** 32 bytes in groups of 5 bits, and a checksum of 6. */
const FORMAT = new RegExp(`^age1([${ALPHABET}]{58})$`);

const MAKE = "create a key with `age-keygen -o escrow-key.txt`, and write the public key that it prints";

/** What is wrong with a recipient, as a clause; undefined for a key that works. The message does not repeat it. */
export function recipientProblem(text: string): string | undefined {
  if (/AGE-(SECRET-KEY|PLUGIN)-/i.test(text))
    return `is a private key: anyone who reads this file could open what is encrypted to it; ${MAKE}`;
  if (/^(sk-)?(ssh|ecdsa)-/.test(text)) return `is an ssh key, which cannot be used here; ${MAKE}`;
  const [, data] = FORMAT.exec(text) ?? [];
  if (data) return checksum("age", data) ? undefined : "has a typing error; copy the public key again";
  // age1pq1… is post-quantum, and others belong to plugins: age1yubikey1…, age1tag1….
  if (/^age1[a-z]+1/.test(text)) return `is a key that \`age-keygen\` makes only with options; ${MAKE}`;
  return `is not the public key of an age key (age1 and 58 characters); ${MAKE}`;
}

/** Whether the last six characters are the checksum of the others (BIP 173): it catches any four wrong characters. */
function checksum(prefix: string, data: string): boolean {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  const values = [
    ...codes.map((code) => code >> 5),
    0,
    ...codes.map((code) => code & 31),
    ...[...data].map((letter) => ALPHABET.indexOf(letter)),
  ];
  const sum = values.reduce((before, value) => {
    const top = before >>> 25;
    const shifted = ((before & 0x1ffffff) << 5) ^ value;
    return GENERATOR.reduce((now, word, bit) => ((top >> bit) & 1 ? now ^ word : now), shifted);
  }, 1);
  return sum === 1;
}
