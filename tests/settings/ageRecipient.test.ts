/** Public keys of age: what its own library makes is accepted, and a typing error is not. */
import { generateIdentity, identityToRecipient } from "age-encryption";
import fc from "fast-check";
import { recipientProblem } from "../../settings/schema/ageRecipient";

const recipient = async () => identityToRecipient(await generateIdentity());
const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

test("every key of age-keygen's kind is accepted", async () => {
  for (let i = 0; i < 20; i++) expect(recipientProblem(await recipient())).toBeUndefined();
});

test("up to four wrong letters are noticed, wherever they are", async () => {
  const right = await recipient();
  const place = fc.integer({ min: "age1".length, max: right.length - 1 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(place, fc.constantFrom(...LETTERS)), {
        minLength: 1,
        maxLength: 4,
        selector: ([at]) => at,
      }),
      (changes) => {
        const letters = [...right];
        for (const [at, letter] of changes) letters[at] = letter;
        const wrong = letters.join("");
        fc.pre(wrong !== right);
        expect(recipientProblem(wrong)).toBe("has a typing error; copy the public key again");
      },
    ),
  );
});

test("two letters that changed places are noticed", async () => {
  const right = await recipient();
  for (let at = 4; at < right.length - 1; at++) {
    const swapped = `${right.slice(0, at)}${right[at + 1]}${right[at]}${right.slice(at + 2)}`;
    if (swapped !== right) expect([at, recipientProblem(swapped)]).toEqual([at, expect.any(String)]);
  }
});
