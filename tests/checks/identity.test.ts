/** What a living stack keeps: a change is refused with the old value and the way back. */
import { secretMarks } from "../../checks/fixedSecrets";
import { type Identity, identityOf } from "../../checks/identity";
import { type BadCase, parse, problems } from "../support/stackFile";

const BEFORE: Identity = {
  stack: "prod",
  domain: "social.example.org",
  webName: "social.example.org",
  mediaName: "media.social.example.org",
  region: "nyc3",
  mediaBucket: "social-example-org-media",
  backupBucket: "social-example-org-backups",
  awsAccountId: "123456789012",
  awsRegion: "us-east-1",
  mastodonVersion: "v4.7.3",
  upgradeFinish: "now",
  postgresVersion: 17,
  volumeGiB: 50,
  mainSize: "g-2vcpu-8gb",
  mainGeneration: 1,
  mainIpv6: false,
  workerAccount: "separate",
};

test("the identity of the least stack is this", () => {
  expect(identityOf(parse(), "prod")).toEqual(BEFORE);
});

const MEDIA = "media and backups would be left behind";
const CHANGED: BadCase[] = [
  [
    "mediaDomain",
    { mediaDomain: "files.example.org" },
    "mediaDomain was media.social.example.org and is now files.example.org: other servers store it in the addresses of all media, and browsers keep a policy that allows it. Set it back to media.social.example.org, or create a new stack",
  ],
  [
    "webDomain",
    { webDomain: "mastodon.example.org" },
    "webDomain was social.example.org and is now mastodon.example.org: other servers know every account and post by its address. Set it back to social.example.org, or create a new stack",
  ],
  [
    "region",
    { region: "fra1" },
    "region was nyc3 and is now fra1: the data volume and the reserved address would be left behind. Set it back to nyc3, or create a new stack",
  ],
  [
    "the media bucket",
    { media: { bucket: "social-media" } },
    "media.bucket was social-example-org-media and is now social-media: the media would be left behind. Set it back to social-example-org-media, or create a new stack",
  ],
  [
    "the backups' bucket",
    { backups: { bucket: "social-backups" } },
    "backups.bucket was social-example-org-backups and is now social-backups: the backups would be left behind. Set it back to social-example-org-backups, or create a new stack",
  ],
  [
    "the AWS account",
    { aws: { accountId: "210987654321" } },
    `aws.accountId was 123456789012 and is now 210987654321: ${MEDIA}. Set it back to 123456789012, or create a new stack`,
  ],
  [
    "the AWS region",
    { aws: { accountId: "123456789012", region: "eu-central-1" } },
    `aws.region was us-east-1 and is now eu-central-1: ${MEDIA}. Set it back to us-east-1, or create a new stack`,
  ],
  [
    "mastodonVersion where nothing carries it to main",
    { mastodonVersion: "v4.7.5", readiness: "none" },
    "mastodonVersion was v4.7.3 and is now v4.7.5, but with readiness: none nothing reaches the running main droplet. Write readiness: wait, and run pulumi on the tailnet",
  ],
  [
    "a volume that shrinks",
    { main: { volumeGiB: 49 } },
    "main.volumeGiB was 50 and is now 49: a volume can only grow. Write at least 50",
  ],
  [
    "IPv6 without a new generation",
    { main: { ipv6: true } },
    "main.ipv6 was false and is now true: this needs a new droplet, which takes over the data volume. Also write main.generation: 2",
  ],
  [
    "the account of the workers",
    { workerAccount: "same", digitaloceanWorkerToken: undefined },
    "workerAccount was separate and is now same: the program would look for the worker droplets in the other account, and the old ones would keep running unnoticed. Set it back to separate, or create a new stack",
  ],
  [
    "a size without a new generation",
    { main: { size: "g-4vcpu-16gb" } },
    "main.size was g-2vcpu-8gb and is now g-4vcpu-16gb: this needs a new droplet, which takes over the data volume. Also write main.generation: 2",
  ],
];

test.each(CHANGED)("a living stack refuses to change %s", (_, changes, ...lines) => {
  expect(problems(changes, { before: BEFORE })).toEqual(lines);
  expect(() => parse(changes)).not.toThrow();
});

test("a stack that was renamed is told to be renamed back", () => {
  expect(problems({}, { stack: "live", before: BEFORE })).toEqual([
    "The stack's name was prod and is now live: every resource has it in its name, and an empty data volume would replace the current one. Rename it back: pulumi stack rename prod",
  ]);
});

test("another domain is refused with everything that would go with it", () => {
  const domain = "shop.example.org";
  expect(problems({ domain }, { before: BEFORE })).toEqual([
    "domain was social.example.org and is now shop.example.org: other servers know every account by it. Set it back to social.example.org, or create a new stack",
    "webDomain was social.example.org and is now shop.example.org: other servers know every account and post by its address. Set it back to social.example.org, or create a new stack",
    "media.bucket was social-example-org-media and is now shop-example-org-media: the media would be left behind. Set it back to social-example-org-media, or create a new stack",
    "backups.bucket was social-example-org-backups and is now shop-example-org-backups: the backups would be left behind. Set it back to social-example-org-backups, or create a new stack",
  ]);
});

test.each([
  ["nothing", {}],
  ["a name written out that was derived before", { media: { bucket: "social-example-org-media" } }],
  ["a bigger volume", { main: { volumeGiB: 51 } }],
  ["its release", { mastodonVersion: "v4.7.5" }],
  ["a size with a new generation", { main: { size: "g-4vcpu-16gb", generation: 2 } }],
  ["a new generation alone", { main: { generation: 2 } }],
])("a living stack lets change %s", (_, changes) => {
  expect(() => parse(changes, { before: BEFORE })).not.toThrow();
});

test("a part that an older run did not record is not compared", () => {
  expect(() =>
    parse(
      { region: "fra1", main: { size: "g-4vcpu-16gb", volumeGiB: 10 } },
      { before: { domain: "social.example.org" } },
    ),
  ).not.toThrow();
});

test("a generation that goes back is refused, since it would replace the droplet", () => {
  expect(problems({}, { before: { ...BEFORE, mainGeneration: 2 } })).toEqual([
    "main.generation was 2 and is now 1: it only goes up, by one for each new droplet. Write 2, or 3 to replace it",
  ]);
});

describe("secrets that must stay what they were", () => {
  const KEY = "ab".repeat(64);
  const OTHER = "cd".repeat(64);
  const generated = secretMarks({});
  const given = secretMarks({ secretKeyBase: KEY });

  test("a mark says where a secret comes from and nothing of it", () => {
    expect(generated).toEqual({
      secretKeyBase: "generated",
      activeRecordEncryptionPrimaryKey: "generated",
      activeRecordEncryptionDeterministicKey: "generated",
      activeRecordEncryptionKeyDerivationSalt: "generated",
      vapidPrivateKey: "generated",
      vapidPublicKey: "generated",
      repositoryKey: "generated",
    });
    expect(given.secretKeyBase).toMatch(/^[0-9a-f]{16}$/);
    expect(KEY).not.toContain(given.secretKeyBase);
  });

  test.each<[string, Record<string, string>, Record<string, unknown>, string]>([
    [
      "given after it was generated",
      generated,
      { secretKeyBase: KEY },
      "secretKeyBase is set, but this stack uses the one that it generated: sessions and sign-in tokens would be lost; run: pulumi config rm secretKeyBase",
    ],
    [
      "no longer given",
      given,
      {},
      "secretKeyBase is no longer set: sessions and sign-in tokens would be lost; set the old one again",
    ],
    [
      "another one",
      given,
      { secretKeyBase: OTHER },
      "secretKeyBase has changed: sessions and sign-in tokens would be lost; set the old one again",
    ],
  ])("%s: refused", (_, secrets, changes, line) => {
    expect(problems(changes, { before: { ...BEFORE, secrets } })).toEqual([line]);
  });

  test("the passphrase of existing backups stays, and a stack from before them gets one", () => {
    const another = { repositoryKey: "another-passphrase-of-mine" };
    expect(problems(another, { before: { ...BEFORE, secrets: generated } })).toEqual([
      "repositoryKey is set, but this stack uses the one that it generated: existing backups would be unreadable; run: pulumi config rm repositoryKey",
    ]);
    const { repositoryKey: _, ...older } = generated;
    for (const changes of [{}, another])
      expect(() => parse(changes, { before: { ...BEFORE, secrets: older } })).not.toThrow();
  });

  test("the same ones, and the passwords that may be rotated, are let through", () => {
    const changes = { secretKeyBase: KEY, postgresPassword: "another-password-of-mine" };
    expect(() => parse(changes, { before: { ...BEFORE, secrets: given } })).not.toThrow();
  });
});
