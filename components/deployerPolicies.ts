/** The minimal IAM policies for running `pulumi`, ready to paste: one for `up`, and one for a preview, which only reads. */

export interface DeployerPolicyArgs {
  accountId: string;
  mediaBucket: string;
  backupBucket: string;
}

/** Path of the users that the program creates; no other user can be touched. */
export const USER_PATH = "/mastodon/";

/** IAM's limit for a user name is 64 characters. */
export const writerName = (bucketName: string) => `${bucketName}-writer`.slice(0, 64);

/** The provider reads every setting of a bucket, including those that the program does not change. It can read no object. */
const READ_BUCKETS = ["s3:GetBucket*", "s3:Get*Configuration", "s3:ListBucket", "s3:ListTagsForResource"];
/** Removing a setting of a bucket needs the same permission as writing it, except for the bucket policy. */
const WRITE_BUCKETS = [
  "s3:CreateBucket",
  "s3:DeleteBucket",
  "s3:DeleteBucketPolicy",
  "s3:PutBucketCORS",
  "s3:PutBucketOwnershipControls",
  "s3:PutBucketPolicy",
  "s3:PutBucketPublicAccessBlock",
  "s3:PutBucketTagging",
  "s3:PutBucketVersioning",
  "s3:PutEncryptionConfiguration",
  "s3:PutLifecycleConfiguration",
];
/** Before the provider deletes a user, it looks for the user's groups, keys and policies. */
const READ_USERS = [
  "iam:GetAccessKeyLastUsed",
  "iam:GetUser",
  "iam:GetUserPolicy",
  "iam:ListAccessKeys",
  "iam:ListAttachedUserPolicies",
  "iam:ListGroupsForUser",
  "iam:ListUserPolicies",
  "iam:ListUserTags",
];
const WRITE_USERS = [
  "iam:CreateAccessKey",
  "iam:CreateUser",
  "iam:DeleteAccessKey",
  "iam:DeleteUser",
  "iam:DeleteUserPolicy",
  "iam:PutUserPolicy",
  "iam:TagUser",
  "iam:UntagUser",
  "iam:UpdateAccessKey",
  "iam:UpdateUser",
];

/**
 * IAM policy documents as JSON text. Neither allows reading, writing or deleting an object, so neither opens media or dumps by itself. But
 * `deploy` can change the two users' policies: give it only to people whom you would trust with the account's buckets.
 */
export function deployerPolicies(args: DeployerPolicyArgs): { deploy: string; preview: string } {
  const buckets = [args.mediaBucket, args.backupBucket];
  const policy = (bucketActions: string[], userActions: string[]) =>
    `${JSON.stringify(
      {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "Buckets",
            Effect: "Allow",
            Action: bucketActions,
            Resource: buckets.map((name) => `arn:aws:s3:::${name}`),
          },
          {
            Sid: "BucketUsers",
            Effect: "Allow",
            Action: userActions,
            Resource: buckets.map(
              (name) => `arn:aws:iam::${args.accountId}:user${USER_PATH}${writerName(name)}`,
            ),
          },
          // An account-wide block would make S3 refuse the media bucket's policy, so a preview has to see it.
          { Sid: "AccountBlock", Effect: "Allow", Action: ["s3:GetAccountPublicAccessBlock"], Resource: "*" },
        ],
      },
      null,
      2,
    )}\n`;
  return {
    deploy: policy([...READ_BUCKETS, ...WRITE_BUCKETS], [...READ_USERS, ...WRITE_USERS]),
    preview: policy(READ_BUCKETS, READ_USERS),
  };
}
