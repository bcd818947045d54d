/** Base85 as Python's `base64.b85decode` reads it. It adds a quarter to the size; base64 adds a third. */

const DIGITS = Buffer.from(
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
  "latin1",
);

/** Four bytes become five characters; a last group of n bytes becomes n + 1. */
export function base85(bytes: Uint8Array): string {
  const groups = Math.ceil(bytes.length / 4);
  const text = Buffer.alloc(groups * 5);
  for (let group = 0; group < groups; group++) {
    let value = 0;
    for (let i = 0; i < 4; i++) value = value * 256 + (bytes[group * 4 + i] ?? 0);
    for (let i = 4; i >= 0; i--) {
      const digit = value % 85;
      text[group * 5 + i] = DIGITS[digit] as number;
      value = (value - digit) / 85;
    }
  }
  return text.toString("latin1", 0, bytes.length + groups);
}
