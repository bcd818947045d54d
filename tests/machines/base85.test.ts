import fc from "fast-check";
import { base85 } from "../../machines/base85";
import { fromBase85 } from "../support/base85";

test.each([
  ["", ""],
  ["a", "VE"],
  ["hello world", "Xk~0{Zy<MXa%^M"],
])("%j becomes what Python's b85encode makes of it", (text, encoded) => {
  expect(base85(Buffer.from(text))).toBe(encoded);
});

test("any bytes come back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) =>
      expect(fromBase85(base85(bytes))).toEqual(Buffer.from(bytes)),
    ),
  );
});
