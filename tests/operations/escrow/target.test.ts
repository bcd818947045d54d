/** The stack that takes over an escrow file's secrets: when it must not, and what it still lacks. */
import { parse } from "yaml";
import { secretMarks } from "../../../checks/fixedSecrets";
import { type EscrowFile, escrowText, readEscrowText } from "../../../operations/escrow/escrowFile";
import { commandsLeft, obstacles, settingsToWrite, type Target } from "../../../operations/escrow/target";

const SECRETS = {
  secretKeyBase: "ab".repeat(64),
  activeRecordEncryptionPrimaryKey: "PrimaryKeyPrimaryKeyPrimaryKey00",
  postgresPassword: "the-postgres-password",
};
const FILE: EscrowFile = {
  format: "mastodon-hosting escrow 1",
  written: "2026-11-29T10:15:00.000Z",
  stack: "prod",
  identity: { domain: "shop.example" },
  settings: {
    domain: "shop.example",
    region: "nyc3",
    workerAccount: "separate",
    mail: "smtp",
    smtp: '{"server":"smtp.example.net","login":"shop"}',
    main: '{"size":"s-4vcpu-8gb","volumeGiB":110}',
    postgresVersion: "17",
    protect: "true",
    escrow: '{"fingerprint":"hmac-00000000000000000000000000000000","recipients":["age1…"]}',
  },
  secrets: SECRETS,
  deployKey: "the-deploy-key",
};
const NEW: Target = { stack: "again", config: {}, marks: undefined, urns: [] };
const urn = (name: string, type = "random:index/randomPassword:RandomPassword") =>
  `urn:pulumi:again::mastodon-hosting::mastodon-hosting:index:InstanceSecrets$${type}::${name}`;

describe("nothing stands against", () => {
  test.each<[string, Partial<Target>]>([
    ["a new stack", {}],
    ["a stack that has them already", { config: SECRETS, marks: secretMarks(SECRETS) }],
    ["a stack with tokens of its own", { config: { digitaloceanToken: "dop_v1_x" } }],
    [
      "a stack with its own deploy key",
      { urns: [urn("secrets-deploy-key", "tls:index/privateKey:PrivateKey")] },
    ],
    ["what else is in its state", { urns: [urn("x").replace("InstanceSecrets$", "MediaBucket$")] }],
  ])("%s", (_, changes) => {
    expect(obstacles(FILE, { ...NEW, ...changes })).toEqual([]);
  });
});

describe("its secrets are not set in", () => {
  test.each<[string, Partial<Target>, string[]]>([
    [
      "a stack that generated its own, even if no run has finished",
      { urns: [urn("secrets-backup"), urn("secrets-vapid", "tls:index/privateKey:PrivateKey")] },
      [
        "Stack again has generated secrets already (secrets-backup, secrets-vapid). Take a new stack: pulumi stack init NAME",
      ],
    ],
    [
      "a stack that runs with others",
      { marks: secretMarks({ ...SECRETS, secretKeyBase: "cd".repeat(64) }) },
      ["Stack again runs with other secrets (secretKeyBase). Take a new stack: pulumi stack init NAME"],
    ],
    [
      "a stack whose configuration has another one",
      { config: { postgresPassword: "another-password" } },
      [
        "Stack again already has another postgresPassword in its configuration. If nothing needs that one: pulumi config rm postgresPassword --stack again",
      ],
    ],
  ])("%s", (_, changes, lines) => {
    expect(obstacles(FILE, { ...NEW, ...changes })).toEqual(lines);
  });

  test("a version that does not know one of them", () => {
    expect(obstacles({ ...FILE, secrets: { ...SECRETS, laterKey: "x" } }, NEW)).toEqual([
      "This version of the project does not know laterKey; use the one that wrote the file.",
    ]);
  });
});

describe("the settings that it lacks", () => {
  test("are all of the file's in a stack without any, in the types that the stack file takes", () => {
    expect(parse(settingsToWrite(FILE, NEW))).toEqual({
      config: {
        "mastodon-hosting:domain": "shop.example",
        "mastodon-hosting:region": "nyc3",
        "mastodon-hosting:workerAccount": "separate",
        "mastodon-hosting:mail": "smtp",
        "mastodon-hosting:smtp": { server: "smtp.example.net", login: "shop" },
        "mastodon-hosting:main": { size: "s-4vcpu-8gb", volumeGiB: 110 },
        "mastodon-hosting:postgresVersion": 17,
        "mastodon-hosting:protect": true,
        // Its fingerprint is the old stack's.
        "mastodon-hosting:escrow": { recipients: ["age1…"] },
      },
    });
  });

  test("are none where it has the same, written in another way", () => {
    const escrow = '{"recipients":["age1…"]}';
    expect(settingsToWrite(FILE, { ...NEW, config: { ...FILE.settings, escrow } })).toBe("");
  });

  test("are those that differ", () => {
    const config = { ...FILE.settings, domain: "other.example", main: '{"size":"s-4vcpu-8gb"}' };
    expect(parse(settingsToWrite(FILE, { ...NEW, config }))).toEqual({
      config: {
        "mastodon-hosting:domain": "shop.example",
        "mastodon-hosting:main": { size: "s-4vcpu-8gb", volumeGiB: 110 },
      },
    });
  });
});

test("what must still be set by hand: tokens, and a password that the file lacks", () => {
  expect(commandsLeft(FILE, { ...NEW, config: { digitaloceanToken: "dop_v1_x" } })).toEqual([
    "pulumi config set --secret digitaloceanWorkerToken --stack again",
    "pulumi config set --secret tailscaleOauthClientSecret --stack again",
    "pulumi config set --secret smtpPassword --stack again",
  ]);
});

describe("the file's text", () => {
  test("is read as it was written", () => {
    const { format: _, ...content } = FILE;
    expect(readEscrowText(escrowText(content))).toEqual(FILE);
  });

  test.each([
    ["something else", "c4nary"],
    ["another format", JSON.stringify({ ...FILE, format: "mastodon-hosting escrow 2" })],
    ["no secrets", JSON.stringify({ ...FILE, secrets: { secretKeyBase: ["c4nary"] } })],
  ])("is refused without being repeated: %s", (_, text) => {
    expect(() => readEscrowText(text)).toThrow(
      /^The file was opened, but it is not an escrow file that this version of the project can read\. Use the version that wrote it\.$/,
    );
  });
});
