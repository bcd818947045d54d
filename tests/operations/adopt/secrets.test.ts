/** The keys of an old instance on their way into a stack: through standard input, and into no output. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secretMarks } from "../../../checks/fixedSecrets";
import { MOVED_SECRET_NAMES, MOVED_SECRETS } from "../../../operations/adopt/secretNames";
import { type Secrets, takenAlready, takeSecrets, wrongSecrets } from "../../../operations/adopt/secrets";
import { vapidPair } from "../../support/vapidPair";

const VALUES: Record<keyof Secrets, string> = {
  secretKeyBase: "0123456789abcdef".repeat(8),
  otpSecret: "an-old-secret-of-$any-form",
  activeRecordEncryptionPrimaryKey: "PrimaryKeyPrimaryKeyPrimaryKey12",
  activeRecordEncryptionDeterministicKey: "DeterministicKeyDeterministicKey",
  activeRecordEncryptionKeyDerivationSalt: "SaltSaltSaltSaltSaltSaltSaltSalt",
  ...vapidPair(),
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "adopt-secrets-"));
  mkdirSync(join(folder, "bin"));
  // The old server is this machine, seen through a stand-in for ssh that keeps its command line.
  program("ssh", `printf '%s\\n' "ssh $*" >>${folder}/log; exec bash -s`);
  // Keeps its command line and its standard input apart.
  program(
    "pulumi",
    `printf '%s\\n' "pulumi $*" >>${folder}/log
     case "$*" in
       *version*) echo v3.259.0 ;;
       *"stack export"*) echo '{"version": 3, "deployment": {}}' ;;
       *"stack output"*) cat ${folder}/outputs.json ;;
       *"config set"*) cat >${folder}/set-"\${@: -1}" ;;
     esac`,
  );
  program("systemctl", "exit 1");
  writeFileSync(join(folder, "outputs.json"), "{}");
  environment(VALUES);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string): void {
  writeFileSync(join(folder, "bin", name), `#!/bin/bash\n${script}\n`);
  chmodSync(join(folder, "bin", name), 0o755);
}
const environment = (values: Secrets) =>
  writeFileSync(
    join(folder, ".env.production"),
    MOVED_SECRET_NAMES.filter((name) => values[name])
      .map((name) => `${MOVED_SECRETS[name]}=${values[name]}\n`)
      .join(""),
  );

const path = process.env.PATH;
beforeEach(() => {
  process.env.PATH = `${folder}/bin:${path}`;
});
afterEach(() => {
  process.env.PATH = path;
});

/** What it returned or threw, and what reached the CLI. */
async function take() {
  const where = { host: "old", compose: "", env: join(folder, ".env.production") };
  const result = await takeSecrets(where, "live").catch((error: Error) => error.message);
  const log = existsSync(join(folder, "log")) ? readFileSync(join(folder, "log"), "utf8") : "";
  // Never, whatever happens.
  for (const text of [String(result), log])
    for (const value of Object.values(VALUES)) expect(text).not.toContain(value);
  const set = Object.fromEntries(
    MOVED_SECRET_NAMES.flatMap((name) => {
      const file = join(folder, `set-${name}`);
      return existsSync(file) ? [[name, readFileSync(file, "utf8")]] : [];
    }),
  );
  return { result, set };
}

test("each reaches the CLI over standard input, and neither a command line nor an output has one", async () => {
  expect(await take()).toEqual({ result: MOVED_SECRET_NAMES, set: VALUES });
  expect(readFileSync(join(folder, "log"), "utf8")).toContain("--stack live secretKeyBase\n");
}, 60_000);

test("an instance since 4.4 has no OTP_SECRET, and needs none", async () => {
  const { otpSecret: _, ...others } = VALUES;
  environment(others);
  expect((await take()).set).toEqual(others);
}, 60_000);

test("one that is wrong: none is set", async () => {
  environment({
    ...VALUES,
    vapidPublicKey: `B${"A".repeat(86)}=`,
    activeRecordEncryptionPrimaryKey: "short",
  });
  expect(await take()).toEqual({
    result:
      "The secrets of old cannot be taken, and none was set:\n- ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY: must be at least 32 letters and digits (rails db:encryption:init)\n- VAPID_PUBLIC_KEY: does not match vapidPrivateKey; take both from the same .env.production",
    set: {},
  });
}, 60_000);

test("a stack that has been up with generated ones: none is set", async () => {
  const identity = { secrets: secretMarks({}) };
  writeFileSync(join(folder, "outputs.json"), JSON.stringify({ identity }));
  const { result, set } = await take();
  expect(set).toEqual({});
  expect(result).toMatch(/^The stack live has been up with other values of secretKeyBase, /);
}, 60_000);

test("a stack that has been up with the same ones takes them again; with another one it names that one", () => {
  const marks = secretMarks(VALUES);
  expect(takenAlready(undefined, VALUES)).toEqual([]);
  expect(takenAlready(marks, VALUES)).toEqual([]);
  expect(takenAlready(secretMarks({ ...VALUES, vapidPrivateKey: "another" }), VALUES)).toEqual([
    "vapidPrivateKey",
  ]);
});

test("without SECRET_KEY_BASE there is nothing to take", () => {
  expect(wrongSecrets({})).toEqual(["SECRET_KEY_BASE was not found"]);
  expect(wrongSecrets(VALUES)).toEqual([]);
});
