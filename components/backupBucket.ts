import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import { bucketUser, hardenedBucket } from "./bucket";
import { backupBucketPolicy, backupLifecycle, backupWriterPolicy } from "./bucketRules";
import { writerName } from "./deployerPolicies";

export interface BackupBucketArgs {
  bucketName: string;
  /** How many days a dump is kept; pgBackRest expires its own backups. */
  keepDays: number;
  /** Whether the bucket refuses to be deleted. */
  protect: boolean;
}

/** The backups: nothing is public, and no key of a machine can delete what was there for good (components/bucketRules.ts). */
export class BackupBucket extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  /** Access key of the user that main writes with. */
  readonly accessKeyId: pulumi.Output<string>;
  readonly secretAccessKey: pulumi.Output<string>;

  constructor(name: string, args: BackupBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:BackupBucket", name, {}, opts);
    const { bucket, access } = hardenedBucket(
      name,
      {
        bucketName: args.bucketName,
        publicPolicy: false,
        lifecycle: backupLifecycle(args.keepDays),
        protect: args.protect,
      },
      this,
    );
    new s3.BucketPolicy(
      `${name}-policy`,
      { bucket: bucket.id, policy: bucket.arn.apply(backupBucketPolicy) },
      { parent: this, dependsOn: [access] },
    );
    const key = bucketUser(
      `${name}-writer`,
      { userName: writerName(args.bucketName), policy: bucket.arn.apply(backupWriterPolicy) },
      this,
    );
    this.bucketName = bucket.bucket;
    this.accessKeyId = key.id;
    this.secretAccessKey = pulumi.secret(key.secret);
    this.registerOutputs({ bucketName: this.bucketName });
  }
}
