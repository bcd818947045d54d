/** The machine's side of machines/base85.ts, which there is Python's `base64.b85decode`. */
import { inflateSync } from "node:zlib";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

export function fromBase85(text: string): Buffer {
  const groups = text.match(/.{1,5}/gs) ?? [];
  return Buffer.concat(
    groups.map((group) => {
      const value = [...group.padEnd(5, "~")].reduce((sum, digit) => sum * 85 + ALPHABET.indexOf(digit), 0);
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes.subarray(0, group.length - 1);
    }),
  );
}

/** The text in what machines/bundle.ts packed. */
export const unpacked = (text: unknown): string => inflateSync(fromBase85(String(text))).toString();
