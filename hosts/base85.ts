/** Base85 as Python's `base64.b85decode` reads it: a quarter on top of the bytes, where base64 puts a third. */

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/** Four bytes become five characters; a last group of n bytes becomes n + 1. */
export function base85(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 4) {
    const size = Math.min(4, bytes.length - start);
    let value = 0;
    for (let i = 0; i < 4; i++) value = value * 256 + (bytes[start + i] ?? 0);
    const digits: string[] = [];
    for (let i = 0; i < 5; i++) {
      digits.unshift(ALPHABET.charAt(value % 85));
      value = Math.floor(value / 85);
    }
    text += digits.slice(0, size + 1).join("");
  }
  return text;
}
