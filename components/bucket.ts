/** What both buckets share: a hardened bucket, and a user that may write to it. */
import * as iam from "@pulumi/aws/iam";
import * as s3 from "@pulumi/aws/s3";
import type * as pulumi from "@pulumi/pulumi";
import type { LifecycleRule } from "./bucketRules";
import { USER_PATH } from "./deployerPolicies";

export interface HardenedBucketArgs {
  bucketName: string;
  /** Whether a bucket policy may let the public read. */
  publicPolicy: boolean;
  lifecycle: readonly LifecycleRule[];
  protect: boolean;
}

/** A bucket with owner-enforced objects (no ACLs), encryption, versions and a lifecycle. */
export function hardenedBucket(name: string, args: HardenedBucketArgs, parent: pulumi.Resource) {
  const options = { parent };
  const bucket = new s3.Bucket(name, { bucket: args.bucketName }, { parent, protect: args.protect });
  const id = bucket.id;
  new s3.BucketOwnershipControls(
    `${name}-ownership`,
    { bucket: id, rule: { objectOwnership: "BucketOwnerEnforced" } },
    options,
  );
  const access = new s3.BucketPublicAccessBlock(
    `${name}-access`,
    {
      bucket: id,
      blockPublicAcls: true,
      ignorePublicAcls: true,
      blockPublicPolicy: !args.publicPolicy,
      restrictPublicBuckets: !args.publicPolicy,
    },
    options,
  );
  new s3.BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    { bucket: id, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    options,
  );
  const versioning = new s3.BucketVersioning(
    `${name}-versioning`,
    { bucket: id, versioningConfiguration: { status: "Enabled" } },
    options,
  );
  new s3.BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    { bucket: id, rules: [...args.lifecycle] },
    // S3 refuses rules on old versions for a bucket that does not keep any yet.
    { parent, dependsOn: [versioning] },
  );
  return { bucket, access };
}

/** An IAM user with one policy and one access key: software outside AWS has no role to assume. */
export function bucketUser(
  name: string,
  args: { userName: string; policy: pulumi.Input<string> },
  parent: pulumi.Resource,
) {
  const user = new iam.User(name, { name: args.userName, path: USER_PATH }, { parent });
  const policy = new iam.UserPolicy(`${name}-policy`, { user: user.name, policy: args.policy }, { parent });
  // A machine that gets the key, or new files that need more of it, may use it at once.
  return new iam.AccessKey(`${name}-key`, { user: user.name }, { parent, dependsOn: [policy] });
}
