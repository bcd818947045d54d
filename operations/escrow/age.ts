/** Encrypts to age's public keys and decrypts with its private ones, in memory. No message repeats a key. */
import { armor, Decrypter, Encrypter } from "age-encryption";
import { UsageError } from "../../tools/commandLine";

/** @returns the armored file: `age -d -i KEYFILE FILE` opens it, too */
export async function encryptTo(recipients: readonly string[], text: string): Promise<string> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(text));
}

const IDENTITY = /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/;

/** Private keys in a file as `age-keygen` writes it: one on a line, comments begin with #. */
function identitiesIn(keyFile: string): string[] {
  if (/age-encryption\.org|BEGIN AGE ENCRYPTED/.test(keyFile))
    throw new UsageError(
      "The key file is encrypted itself. Decrypt it with age and hand it over: age -d KEYFILE | npm run escrow -- restore … --identity -",
    );
  const lines = keyFile
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0 || !lines.every((line) => IDENTITY.test(line)))
    throw new UsageError(
      "The key file is not one of age-keygen: it needs a line AGE-SECRET-KEY-1…, and nothing else but comments.",
    );
  return lines;
}

/**
 * @param keyFile content of a file with private keys
 * @param armored the encrypted file
 * @throws UsageError
 */
export async function decryptWith(keyFile: string, armored: string): Promise<string> {
  const decrypter = new Decrypter();
  for (const identity of identitiesIn(keyFile))
    try {
      decrypter.addIdentity(identity);
    } catch {
      // The library's message contains the key.
      throw new UsageError("The key file has a private key that is not complete; copy it again.");
    }
  try {
    return await decrypter.decrypt(armor.decode(armored), "text");
  } catch (error) {
    throw new UsageError(
      /no identity matched/.test((error as Error).message)
        ? "The escrow file was encrypted to other keys: none in the key file opens it."
        : "The escrow file is damaged or is no armored age file.",
    );
  }
}
