import { runSimulation } from "@cloud-copilot/iam-simulate";
import { deployerPolicies } from "../../components/deployerPolicies";
import { prod, resource } from "../support/stacks";

const ACCOUNT = "123456789012";
const POLICIES = deployerPolicies({
  accountId: ACCOUNT,
  mediaBucket: "shop-example-media",
  backupBucket: "shop-example-backups",
});
type Role = keyof typeof POLICIES;
const MEDIA = "arn:aws:s3:::shop-example-media";
const BACKUPS = "arn:aws:s3:::shop-example-backups";
const WRITER = `arn:aws:iam::${ACCOUNT}:user/mastodon/shop-example-media-writer`;

/** What IAM decides by the policy alone. */
async function allows(role: Role, action: string, resource: string): Promise<boolean> {
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${ACCOUNT}:role/deployer`,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: {},
      },
      identityPolicies: [{ name: "deployer", policy: JSON.parse(POLICIES[role]) }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult === "Allowed";
}

/** What the AWS provider calls for a bucket and its settings, as IAM's actions: reads at every refresh, writes at an up. */
const BUCKET_READS = [
  "s3:ListBucket",
  "s3:GetBucketLocation",
  "s3:GetBucketPolicy",
  "s3:GetBucketAcl",
  "s3:GetBucketCORS",
  "s3:GetBucketWebsite",
  "s3:GetBucketVersioning",
  "s3:GetAccelerateConfiguration",
  "s3:GetBucketRequestPayment",
  "s3:GetBucketLogging",
  "s3:GetLifecycleConfiguration",
  "s3:GetReplicationConfiguration",
  "s3:GetEncryptionConfiguration",
  "s3:GetBucketObjectLockConfiguration",
  "s3:GetBucketTagging",
  "s3:GetBucketOwnershipControls",
  "s3:GetBucketPublicAccessBlock",
  "s3:ListTagsForResource",
];
const BUCKET_WRITES = [
  "s3:CreateBucket",
  "s3:DeleteBucket",
  "s3:PutBucketPolicy",
  "s3:DeleteBucketPolicy",
  "s3:PutBucketCORS",
  "s3:PutBucketVersioning",
  "s3:PutBucketOwnershipControls",
  "s3:PutBucketPublicAccessBlock",
  "s3:PutEncryptionConfiguration",
  "s3:PutLifecycleConfiguration",
  "s3:PutBucketTagging",
];
const USER_READS = ["iam:GetUser", "iam:GetUserPolicy", "iam:ListAccessKeys", "iam:ListGroupsForUser"];
const USER_WRITES = [
  "iam:CreateUser",
  "iam:UpdateUser",
  "iam:DeleteUser",
  "iam:PutUserPolicy",
  "iam:DeleteUserPolicy",
  "iam:CreateAccessKey",
  "iam:UpdateAccessKey",
  "iam:DeleteAccessKey",
];
const at = (resource: string, actions: string[]) => actions.map((action) => [action, resource] as const);

test.each([
  ...at(MEDIA, BUCKET_READS),
  ...at(BACKUPS, BUCKET_READS),
  ...at(WRITER, USER_READS),
  ["s3:GetAccountPublicAccessBlock", "*"] as const,
])("up and preview may %s on %s", async (action, on) => {
  expect([await allows("deploy", action, on), await allows("preview", action, on)]).toEqual([true, true]);
});

test.each([...at(MEDIA, BUCKET_WRITES), ...at(BACKUPS, BUCKET_WRITES), ...at(WRITER, USER_WRITES)])(
  "up may %s on %s, and preview may not",
  async (action, on) => {
    expect([await allows("deploy", action, on), await allows("preview", action, on)]).toEqual([true, false]);
  },
);

test.each([
  ["s3:GetObject", `${MEDIA}/backups/dumps/1/archive.zip`],
  ["s3:GetObject", `${BACKUPS}/database/dump.gpg`],
  ["s3:DeleteObject", `${BACKUPS}/database/dump.gpg`],
  ["s3:DeleteObjectVersion", `${MEDIA}/accounts/a.png`],
  ["s3:PutObject", `${MEDIA}/accounts/a.png`],
  ["s3:PutBucketPolicy", "arn:aws:s3:::another-bucket"],
  ["s3:DeleteBucket", `${MEDIA}-of-another-stack`],
  ["iam:CreateUser", `arn:aws:iam::${ACCOUNT}:user/mastodon/administrator`],
  ["iam:PutUserPolicy", `arn:aws:iam::${ACCOUNT}:user/shop-example-media-writer`],
  ["iam:CreateAccessKey", `arn:aws:iam::${ACCOUNT}:user/somebody`],
  ["iam:AttachUserPolicy", WRITER],
])("nobody who deploys may %s on %s", async (action, on) => {
  expect([await allows("deploy", action, on), await allows("preview", action, on)]).toEqual([false, false]);
});

test("the policies name the buckets and users that the program makes", async () => {
  const stack = await prod();
  const made = (name: string) => resource(stack, name).inputs;
  const named = JSON.parse(POLICIES.deploy).Statement.flatMap(
    ({ Resource }: { Resource: string | string[] }) => Resource,
  );
  expect(named).toEqual([
    ...["media", "backups"].map((name) => `arn:aws:s3:::${made(name).bucket}`),
    ...["media-writer", "backups-writer"].map(
      (name) => `arn:aws:iam::${ACCOUNT}:user${made(name).path}${made(name).name}`,
    ),
    "*",
  ]);
});
