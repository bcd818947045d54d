/** `npm run escrow` before it asks anybody. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { encryptTo } from "../../../operations/escrow/age";
import { attempt } from "../../../tools/run";

const CLI = join(__dirname, "../../../operations/escrow/cli.ts");
const escrow = (args: string[], input = "") =>
  attempt([process.execPath, "-r", "ts-node/register", CLI, ...args], {
    env: { ...process.env, PATH: "/nonexistent" },
    timeout: 60,
    input,
  });
const NO_PULUMI =
  "There is no `pulumi` on PATH. Install the Pulumi CLI: https://www.pulumi.com/docs/install/\n";
const folder = mkdtempSync(join(tmpdir(), "escrow-cli-"));

test.each([
  [["--identity", "x"], /^--identity belongs to restore\.\n/],
  [["restore"], /^restore is followed by FILE\.\n/],
  [
    ["restore", "x.age", "--stack", "again"],
    /^restore needs the private key and the new stack: --identity KEYFILE --stack NEW\.\n/,
  ],
  [["restore", "x.age", "--identity", "x"], /^restore needs the private key and the new stack/],
  [
    ["restore", "x.age", "--identity", "x", "--stack", "a", "--to", "b"],
    /^--to does not belong to restore\.\n/,
  ],
  [
    ["restore", "/nonexistent.age", "--identity", "x", "--stack", "a"],
    /^\/nonexistent\.age cannot be read: ENOENT/,
  ],
  [["--stack", "live"], new RegExp(`^${NO_PULUMI.replaceAll(/[.?]/g, "\\$&")}$`)],
])("%j is refused", async (args, stderr) => {
  const result = await escrow(args);
  expect(result).toMatchObject({ code: 1, stdout: "" });
  expect(result.stderr).toMatch(stderr);
});

test("the private key may come from standard input; what the file has inside is not shown", async () => {
  const identity = await generateIdentity();
  const path = join(folder, "file.age");
  writeFileSync(path, await encryptTo([await identityToRecipient(identity)], "c4nary, no JSON"));
  const result = await escrow(["restore", path, "--identity", "-", "--stack", "again"], identity);
  expect(result).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "The file was opened, but it is not an escrow file that this version of the project can read. Use the version that wrote it.\n",
  });
});
