/** The escrow file's encryption: who opens it, and what is said when someone cannot. */
import { generateHybridIdentity, generateIdentity, identityToRecipient } from "age-encryption";
import { decryptWith, encryptTo } from "../../../operations/escrow/age";
import { UsageError } from "../../../tools/commandLine";

const SECRET = "c4naryC4NARYc4nary";
const keyFile = (identity: string) => `# created: 2026-11-29T08:00:00Z\n# public key: age1…\n${identity}\n`;

let mine: string;
let theirs: string;
let file: string;
beforeAll(async () => {
  [mine, theirs] = [await generateIdentity(), await generateIdentity()];
  file = await encryptTo([await identityToRecipient(mine), await identityToRecipient(theirs)], SECRET);
});

test("each recipient opens it with what age-keygen wrote", async () => {
  for (const identity of [mine, theirs]) expect(await decryptWith(keyFile(identity), file)).toBe(SECRET);
  expect(await decryptWith(`${await generateIdentity()}\r\n${mine}\r\n`, file)).toBe(SECRET);
});

test("it is age's armored format, and has no secret in plain text", () => {
  expect(file).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n[\s\S]+\n-----END AGE ENCRYPTED FILE-----\n$/);
  const bytes = Buffer.from(file.replace(/-----.+-----/g, ""), "base64");
  expect(bytes.toString("latin1")).toMatch(/^age-encryption\.org\/v1\n-> X25519 /);
  expect(bytes.includes(SECRET)).toBe(false);
});

const KEY_FILE =
  "The key file is not one of age-keygen: it needs a line AGE-SECRET-KEY-1…, and nothing else but comments.";
const ENCRYPTED =
  "The key file is encrypted itself. Decrypt it with age and hand it over: age -d KEYFILE | npm run escrow -- restore … --identity -";
const DAMAGED = "The escrow file is damaged or is no armored age file.";

test.each<[string, () => [string, string] | Promise<[string, string]>, string]>([
  [
    "another key",
    async () => [await generateIdentity(), file],
    "The escrow file was encrypted to other keys: none in the key file opens it.",
  ],
  [
    "another kind of key",
    async () => [await generateHybridIdentity(), file],
    "The escrow file was encrypted to other keys: none in the key file opens it.",
  ],
  ["no key", () => ["# public key: age1…\n", file], KEY_FILE],
  ["a public key", async () => [await identityToRecipient(mine), file], KEY_FILE],
  ["an ssh key", () => ["-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA\n", file], KEY_FILE],
  ["a plugin's key", () => ["AGE-PLUGIN-YUBIKEY-1QQPQYXZ\n", file], KEY_FILE],
  ["a key in a passphrase", () => ["age-encryption.org/v1\n-> scrypt", file], ENCRYPTED],
  ["the escrow file in place of the key", () => [file, file], ENCRYPTED],
  [
    "a key that is cut",
    () => [mine.slice(0, -3), file],
    "The key file has a private key that is not complete; copy it again.",
  ],
  ["a file that is cut", () => [mine, file.slice(0, -60)], DAMAGED],
  ["a file of something else", () => [mine, "hello"], DAMAGED],
  [
    "a file with one changed letter",
    () => {
      const lines = file.split("\n");
      const last = lines.length - 3;
      const [letter = ""] = lines[last] ?? "";
      lines[last] = (letter === "A" ? "B" : "A") + (lines[last] ?? "").slice(1);
      return [mine, lines.join("\n")];
    },
    DAMAGED,
  ],
])("%s: says what is wrong, and no key", async (_, make, message) => {
  const [key, armored] = await make();
  const error = await decryptWith(key, armored).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(error).toBeInstanceOf(UsageError);
  expect(error?.message).toBe(message);
});
