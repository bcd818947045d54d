import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import { bucketUser, hardenedBucket } from "./bucket";
import { mediaBucketPolicy, mediaLifecycle, mediaWriterPolicy } from "./bucketRules";
import { writerName } from "./deployerPolicies";

export interface MediaBucketArgs {
  bucketName: string;
  /** Host name of the web interface, whose pages load media from another host. */
  webName: string;
  /** How many days a deleted or overwritten object can be restored. */
  keepOldVersionsDays: number;
  /** Whether main looks for orphans: its key may then list the bucket. */
  findOrphans: boolean;
  /** Whether the bucket refuses to be deleted. */
  protect: boolean;
}

/** Mastodon's media: everyone may read the public prefixes, nobody may list them, one user may write. */
export class MediaBucket extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  /** Access key of the user that Mastodon writes with. */
  readonly accessKeyId: pulumi.Output<string>;
  readonly secretAccessKey: pulumi.Output<string>;

  constructor(name: string, args: MediaBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:MediaBucket", name, {}, opts);
    const { bucket, access } = hardenedBucket(
      name,
      {
        bucketName: args.bucketName,
        publicPolicy: true,
        lifecycle: mediaLifecycle(args.keepOldVersionsDays),
        protect: args.protect,
      },
      this,
    );
    new s3.BucketPolicy(
      `${name}-policy`,
      { bucket: bucket.id, policy: bucket.arn.apply(mediaBucketPolicy) },
      // S3 refuses a public policy as long as the account's block is in force.
      { parent: this, dependsOn: [access] },
    );
    new s3.BucketCorsConfiguration(
      `${name}-cors`,
      {
        bucket: bucket.id,
        corsRules: [
          {
            allowedMethods: ["GET", "HEAD"],
            allowedOrigins: [`https://${args.webName}`],
            allowedHeaders: ["*"],
            maxAgeSeconds: 86_400,
          },
        ],
      },
      { parent: this },
    );
    const key = bucketUser(
      `${name}-writer`,
      {
        userName: writerName(args.bucketName),
        policy: bucket.arn.apply((arn) => mediaWriterPolicy(arn, args.findOrphans)),
      },
      this,
    );
    this.bucketName = bucket.bucket;
    this.accessKeyId = key.id;
    this.secretAccessKey = pulumi.secret(key.secret);
    this.registerOutputs({ bucketName: this.bucketName });
  }
}
