/** The escrow file: written from a living stack, out of date after a changed secret, and taken over by a new stack. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import type { Escrowed } from "../../components/escrowContent";
import { EngineStack } from "../../doubles/engine/engineStack";
import { importsInRunbook, takeOver } from "../../doubles/engine/takeOver";
import { decryptWith } from "../../operations/escrow/age";
import { type EscrowFile, readEscrowText } from "../../operations/escrow/escrowFile";
import { changes, GIVEN_SECRETS, type Lab, livingProd, succeeded } from "./lab";

let old: Lab;
let identity: string;
const folder = mkdtempSync(join(tmpdir(), "escrow-"));
const keyFile = join(folder, "key.txt");
/** Everything that any command printed. */
let printed = "";

beforeAll(async () => {
  identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  writeFileSync(keyFile, `# created: 2026-11-29T08:00:00Z\n# public key: ${recipient}\n${identity}\n`);
  old = await livingProd();
});
afterAll(() => {
  old.remove();
  rmSync(folder, { recursive: true });
});

const escrow = async ({ engine }: Lab, ...args: string[]) => {
  const result = await engine.script("operations/escrow/cli.ts", args);
  printed += result.stdout + result.stderr;
  return result;
};
const write = () => escrow(old, "--stack", "prod", "--to", folder);
const warned = async () => {
  const run = succeeded(await old.engine.preview());
  printed += run.output;
  return run.diagnostics.map(({ message }) => message.trim()).filter((text) => text.startsWith("escrow"));
};
const held = async ({ engine }: Lab) => (await engine.stack.outputs()).escrow?.value as Escrowed;
const files = () => readdirSync(folder).filter((name) => name.endsWith(".age"));
const content = async (): Promise<EscrowFile> =>
  readEscrowText(await decryptWith(identity, readFileSync(join(folder, files()[0] ?? ""), "utf8")));

const STALE =
  "escrow.fingerprint: the escrow file was made of other secrets or for other recipients; run: npm run escrow -- --stack prod";

test("before anyone can open a file, none is written; then the preview asks for it", async () => {
  expect(await write()).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("escrow.recipients has the example's key, whose private half nobody has"),
  });
  expect(files()).toEqual([]);
  const recipient = await identityToRecipient(identity);
  const set = ["config", "set", "--path", "escrow.recipients[0]", recipient];
  expect(await old.engine.cli(...set)).toMatchObject({ code: 0 });
  expect(await warned()).toEqual([
    "escrow.fingerprint: empty: no escrow file has been written; run: npm run escrow -- --stack prod",
  ]);
});

test("a file that age itself opens, for its owner's eyes, with the fingerprint in the stack file", async () => {
  const { code, stdout, stderr } = await write();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [name = ""] = files();
  expect(name).toMatch(/^escrow-prod-\d{4}-\d\d-\d\d\.age$/);
  expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  expect(stdout).toContain(
    `Written to ${join(folder, name)}: 13 secrets, the deploy key and the settings, for one key.`,
  );
  const { fingerprint } = old.engine.settings().escrow as { fingerprint: string };
  expect(stdout).toContain(
    `Pulumi.prod.yaml now has escrow.fingerprint: ${fingerprint}. Commit it, and tell main: pulumi up`,
  );
  expect(await warned()).toEqual([]);
  // Main is told, for its alarm.
  expect(changes(succeeded(await old.engine.up()))).toEqual(["update main-ready"]);
  expect(changes(succeeded(await old.engine.up()))).toEqual([]);

  const file = await content();
  expect({ secrets: file.secrets, deployKey: file.deployKey }).toEqual(await held(old));
  expect(file).toMatchObject({
    stack: "prod",
    identity: { domain: "shop.example", backupBucket: "shop-example-backups", awsRegion: "us-east-1" },
    settings: { domain: "shop.example", region: "nyc3" },
  });
  // Nothing that the accounts give out again.
  for (const token of ["digitaloceanToken", "digitaloceanWorkerToken", "tailscaleOauthClientSecret"] as const)
    expect(JSON.stringify(file)).not.toContain(GIVEN_SECRETS[token]);
});

test("a file is never overwritten", async () => {
  const before = readFileSync(join(folder, files()[0] ?? ""));
  expect(await write()).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("exists already. Move it to where you keep it, then run this again."),
  });
  expect(readFileSync(join(folder, files()[0] ?? ""))).toEqual(before);
});

test("a changed secret makes it out of date, in the preview and in the up, until there is another one", async () => {
  await old.engine.setSecrets({ smtpPassword: "canary-relay-4715" });
  expect(await warned()).toEqual([STALE]);
  const up = succeeded(await old.engine.up());
  printed += up.output;
  expect(up.diagnostics.map(({ message }) => message.trim())).toContain(STALE);
  rmSync(join(folder, files()[0] ?? ""));
  expect(await write()).toMatchObject({ code: 0 });
  expect((await content()).secrets.smtpPassword).toBe("canary-relay-4715");
  expect(await warned()).toEqual([]);
});

describe("a new stack", () => {
  let next: Lab;
  beforeAll(async () => {
    // In the same accounts, and as if the old state were lost.
    const { digitaloceanToken: _, smtpPassword: __, ...secrets } = GIVEN_SECRETS;
    const { cloud } = old;
    const engine = await EngineStack.create({ stack: "again", example: "prod", cloud, secrets });
    next = { cloud, engine, remove: () => engine.remove() };
    for (const role of ["main", "worker", "deploy"])
      cloud.tailnet.tagOwners[`tag:mastodon-again-${role}`] = ["autogroup:admin"];
    engine.edit((settings) => {
      settings.domain = "other.example";
      settings.recovery = { catchUpHours: 48 };
      Object.assign(settings.workers[0] ?? {}, { count: 1 });
    });
  });
  afterAll(() => next.remove());
  const restore = (...args: string[]) =>
    escrow(next, "restore", join(folder, files()[0] ?? ""), "--stack", "again", ...args);

  test("is refused by another key, and by a living stack", async () => {
    const other = join(folder, "other.txt");
    writeFileSync(other, await generateIdentity());
    expect(await restore("--identity", other)).toMatchObject({
      code: 1,
      stderr: "The escrow file was encrypted to other keys: none in the key file opens it.\n",
    });
    const path = join(folder, files()[0] ?? "");
    const living = await escrow(old, "restore", path, "--stack", "prod", "--identity", keyFile);
    expect(living.code).toBe(1);
    expect(living.stderr).toMatch(
      /^Nothing was changed\.\nStack prod has generated secrets already \(.*secrets-backup.*\)\. Take a new stack: /,
    );
  });

  test("takes over every secret, and is told what else it needs", async () => {
    const { code, stdout, stderr } = await restore("--identity", keyFile);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^Stack again has the 13 secrets that prod had on \d{4}-\d\d-\d\d at \d\d:\d\d UTC\.\n/,
    );
    expect(stdout).toContain("config:\n  mastodon-hosting:domain: shop.example\n");
    expect(stdout).not.toContain("fingerprint");
    expect(stdout).not.toContain("mastodon-hosting:region");
    expect(stdout).toMatch(/\n\npulumi config set --secret digitaloceanToken --stack again\n$/);
    // Once more changes nothing.
    expect(await restore("--identity", keyFile)).toMatchObject({ code: 0, stdout });
  });

  test("works with the same keys after its first up", async () => {
    next.engine.edit((settings) => {
      settings.domain = "shop.example";
    });
    await next.engine.setSecrets({ digitaloceanToken: GIVEN_SECRETS.digitaloceanToken });
    const up = await next.engine.up();
    // The engine stops at the first, and ends what it has begun.
    const existing = /(?:EntityAlreadyExists: User with name|request to create) (\S+)/g;
    const inTheWay = new Set([...up.output.matchAll(existing)].map(([, name]) => name));
    const imports = importsInRunbook({
      mediaBucket: "shop-example-media",
      backupBucket: "shop-example-backups",
    });
    expect(imports).toHaveLength(4);
    expect(inTheWay.size).toBeGreaterThan(0);
    expect(imports.map(({ id }) => id)).toEqual(expect.arrayContaining([...inTheWay]));
    await takeOver(next.engine, imports);
    const again = succeeded(await next.engine.up());
    expect(changes(again).filter((line) => /^(replace|delete)/.test(line))).toEqual([]);
    const [before, after] = [await held(old), await held(next)];
    expect(after.secrets).toEqual(before.secrets);
    expect(after.deployKey).not.toBe(before.deployKey);
    const made = (await next.engine.urns()).filter((urn) => urn.includes("InstanceSecrets$"));
    expect(made.map((urn) => urn.split("::").at(-1))).toEqual(["secrets-deploy-key"]);
    // Its keys are in its configuration now, and stay fixed.
    await next.engine.cli("config", "rm", "secretKeyBase");
    const refused = await next.engine.preview();
    expect([refused.ok, refused.output]).toEqual([
      false,
      expect.stringContaining("secretKeyBase is no longer set"),
    ]);
  });
});

test("no command printed a secret or a private key", async () => {
  const { secrets, deployKey } = await held(old);
  const all = { ...secrets, deployKey: deployKey.split("\n")[2] ?? "", identity };
  const { vapidPublicKey: _, ...kept } = all as Record<string, string>;
  expect(printed.length).toBeGreaterThan(1000);
  expect(Object.keys(kept).filter((name) => printed.includes(kept[name] ?? ""))).toEqual([]);
});
