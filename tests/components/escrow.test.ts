/** The output `escrow`: what only the state holds, its fingerprint, and the warning when the file is out of date. */
import fc from "fast-check";
import { type EscrowArgs, type Escrowed, escrowWarning, fingerprintOf } from "../../components/escrowContent";
import { SECRET_NAMES, SECRETS, type SecretName } from "../../settings/secrets";
import { unpacked } from "../support/base85";
import { privateKey } from "../support/cloud";
import { generatedSecrets } from "../support/expected";
import { byName, custom, least, prod, REQUIRED_SECRETS, type Run, type Values } from "../support/stacks";

const RECIPIENT = "age1yg2pkyn36uy8rjfc7lt9ed6t4p8t9vvu8d36a453y5w6ecmvt3ns7xlzcd";
const OTHER = "age1maff53ck96vgckmkxp7dppgkjhm7vugk3tmen738te4lh440x39stty452";
const EXAMPLE = "age1exampleexampleexampleexampleexampleexampleexampleexqanc7cw";
const LIVING = { outputsBefore: { identity: {} } };

const escrowIn = ({ outputs }: Run) => outputs.escrow as Escrowed;
const warningsIn = ({ warnings }: Run) => warnings.filter((line) => line.startsWith("escrow"));
const withFingerprint = (fingerprint: string, values: Values = {}): Values => ({
  ...values,
  escrow: { recipients: [RECIPIENT], fingerprint },
});

describe("the output has", () => {
  test("every secret of the table that nobody reissues, and the deploy key", async () => {
    const { secrets, deployKey } = escrowIn(await prod());
    const generated = { ...generatedSecrets(), smtpPassword: REQUIRED_SECRETS.smtpPassword };
    const { otpSecret: _, extraSecretEnv: __, ...used } = SECRETS;
    const names = Object.keys(used).filter((name) => !SECRETS[name as SecretName].reissuedBy);
    expect(secrets).toEqual(
      Object.fromEntries(names.map((name) => [name, generated[name as keyof typeof generated]])),
    );
    expect(deployKey).toBe(privateKey("secrets-deploy-key"));
    expect(SECRET_NAMES.filter((name) => SECRETS[name].reissuedBy)).toEqual([
      "digitaloceanToken",
      "digitaloceanWorkerToken",
      "tailscaleOauthClientSecret",
      "remoteWritePassword",
    ]);
  });

  test("secrets that were set, in the form in which they can be set again", async () => {
    const given = {
      otpSecret: "given-otp-secret-0000",
      backupKey: "given-backup-passphrase",
      extraSecretEnv: '{"DEEPL_API_KEY": "given-key"}',
    };
    expect(escrowIn(await least(given)).secrets).toMatchObject({
      ...given,
      extraSecretEnv: '{"DEEPL_API_KEY":"given-key"}',
    });
  });

  test("each value in the format that the table asks for", async () => {
    const { secrets } = escrowIn(await prod({ extraSecretEnv: '{"A":"b"}' }));
    const wrong = Object.entries(secrets).filter(
      ([name, value]) => !SECRETS[name as SecretName].format?.pattern.test(value),
    );
    expect(wrong.map(([name]) => name)).toEqual([]);
  });
});

describe("the program warns", () => {
  const MISSING =
    "escrow.fingerprint: empty: no escrow file has been written; run: npm run escrow -- --stack prod";
  const STALE =
    "escrow.fingerprint: the escrow file was made of other secrets or for other recipients; run: npm run escrow -- --stack prod";

  test("of nothing where the fingerprint is the secrets', whatever else changes", async () => {
    const now = fingerprintOf(escrowIn(await prod()), [RECIPIENT]);
    expect(warningsIn(await prod(withFingerprint(now), LIVING))).toEqual([]);
    const other = { mastodonVersion: "v4.7.4", digitaloceanToken: "dop_v1_another" };
    expect(warningsIn(await prod(withFingerprint(now, other), LIVING))).toEqual([]);
  });

  test("of each secret that is another one, and shows none", async () => {
    const now = fingerprintOf(escrowIn(await prod()), [RECIPIENT]);
    for (const changed of [{ smtpPassword: "another-password" }, { extraSecretEnv: '{"A":"b"}' }]) {
      const { warnings } = await prod(withFingerprint(now, changed), LIVING);
      expect(warnings).toContain(STALE);
      expect(warnings.join("\n")).not.toMatch(/another-password|"b"/);
    }
    expect(warningsIn(await prod(withFingerprint(now), { ...LIVING, replaced: ["secrets-backup"] }))).toEqual(
      [STALE],
    );
  });

  test("of a file that was never written, from the second run on", async () => {
    expect(warningsIn(await prod(withFingerprint("")))).toEqual([]);
    expect(warningsIn(await prod(withFingerprint(""), LIVING))).toEqual([MISSING]);
  });

  test("of recipients alone where there are none, or only an example", async () => {
    const { warnings } = await least({}, LIVING);
    expect(warningsIn({ warnings } as Run)).toEqual([
      expect.stringMatching(/^escrow\.recipients: empty: only the state holds /),
    ]);
    const example = await prod({ escrow: { recipients: [EXAMPLE] } }, LIVING);
    expect(warningsIn(example)).toEqual([]);
    expect(example.warnings.join("\n")).toContain("escrow.recipients[0]");
  });
});

test("main is told with its bundle, for its watch", async () => {
  const told = async (values: Values) => {
    const { "main-ready": ready } = byName(custom(await prod(values, LIVING)));
    const { files } = JSON.parse(unpacked(ready?.inputs.stdin)) as {
      files: { path: string; content: string }[];
    };
    return files.find(({ path }) => path === "/etc/mastodon-host/escrow")?.content.trim();
  };
  const now = fingerprintOf(escrowIn(await prod()), [RECIPIENT]);
  expect(await told({ escrow: { recipients: [EXAMPLE], fingerprint: now } })).toBe("off");
  expect(await told(withFingerprint(""))).toBe("missing");
  expect(await told(withFingerprint(now))).toBe("current");
  expect(await told(withFingerprint(now, { smtpPassword: "another-password" }))).toBe("outdated");
});

describe("a fingerprint", () => {
  const escrowed: Escrowed = {
    secrets: { smtpPassword: "short", secretKeyBase: "ab".repeat(64) },
    deployKey: privateKey("one"),
  };
  const args: EscrowArgs = {
    stack: "prod",
    settings: { recipients: [RECIPIENT, OTHER], fingerprint: fingerprintOf(escrowed, [OTHER, RECIPIENT]) },
    firstRun: false,
  };
  const stale = (changed: Partial<Escrowed>) =>
    escrowWarning({ ...escrowed, ...changed }, args) !== undefined;

  test("depends neither on the order of the secrets nor of the recipients", () => {
    expect(stale({ secrets: Object.fromEntries(Object.entries(escrowed.secrets).reverse()) })).toBe(false);
  });

  test.each<[string, Partial<Escrowed>]>([
    ["a short one", { secrets: { ...escrowed.secrets, smtpPassword: "shorn" } }],
    ["one that went", { secrets: { secretKeyBase: "ab".repeat(64) } }],
    ["one that came", { secrets: { ...escrowed.secrets, otpSecret: "given-otp-secret-0000" } }],
    ["two that changed places", { secrets: { smtpPassword: "ab".repeat(64), secretKeyBase: "short" } }],
    ["the deploy key", { deployKey: privateKey("two") }],
  ])("is another one with another secret: %s", (_, changed) => {
    expect(stale(changed)).toBe(true);
  });

  test("is another one with another recipient, or one less", () => {
    const others = [[RECIPIENT], [OTHER], [RECIPIENT, OTHER, EXAMPLE]].map((list) =>
      fingerprintOf(escrowed, list),
    );
    expect(new Set([...others, args.settings.fingerprint]).size).toBe(4);
  });

  test("tells nothing of a short secret to someone who has not got the deploy key", () => {
    const guess = (deployKey: string) =>
      fingerprintOf({ ...escrowed, deployKey }, args.settings.recipients) === args.settings.fingerprint;
    expect(guess(escrowed.deployKey)).toBe(true);
    fc.assert(fc.property(fc.string(), (key) => !guess(key)));
  });

  test("is what the stack file accepts", () => {
    expect(args.settings.fingerprint).toMatch(/^hmac-[0-9a-f]{32}$/);
  });
});
