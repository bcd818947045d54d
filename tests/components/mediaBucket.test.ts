import * as aws from "@pulumi/aws/provider";
import { MediaBucket } from "../../components/mediaBucket";
import { accessKeyId } from "../support/cloud";
import { byName, custom, isSecret, runAlone } from "../support/stacks";
import { ABANDONED_UPLOADS, hardened, tlsOnly } from "./buckets";

async function media(args: { protect?: boolean; bucketName?: string } = {}) {
  let bucket: MediaBucket | undefined;
  const run = await runAlone(() => {
    const provider = new aws.Provider("aws", { region: "us-east-1" });
    bucket = new MediaBucket(
      "media",
      {
        bucketName: "shop-example-media",
        webName: "www.shop.example",
        keepOldVersionsDays: 30,
        findOrphans: false,
        protect: true,
        ...args,
      },
      { providers: [provider] },
    );
  });
  const { aws: _, ...made } = byName(custom(run));
  return { made, bucket: bucket as MediaBucket };
}

const expected = (protect: boolean) => ({
  ...hardened("media", "MediaBucket media", {
    bucket: "shop-example-media",
    publicPolicy: true,
    protect,
    rules: [
      ABANDONED_UPLOADS,
      {
        id: "old-versions",
        status: "Enabled",
        filter: { prefix: "" },
        noncurrentVersionExpiration: { noncurrentDays: 30 },
        expiration: { expiredObjectDeleteMarker: true },
      },
    ],
  }),
  "media-policy": {
    type: "BucketPolicy",
    parent: "MediaBucket media",
    provider: "aws",
    // The public policy waits until the block that would refuse it is gone.
    dependsOn: ["media", "media-access"],
    inputs: {
      bucket: "shop-example-media",
      policy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "PublicMedia",
            Effect: "Allow",
            Principal: "*",
            Action: "s3:GetObject",
            Resource: [
              "arn:aws:s3:::shop-example-media/accounts/*",
              "arn:aws:s3:::shop-example-media/cache/*",
              "arn:aws:s3:::shop-example-media/custom_emojis/*",
              "arn:aws:s3:::shop-example-media/media_attachments/*",
              "arn:aws:s3:::shop-example-media/preview_card_providers/*",
              "arn:aws:s3:::shop-example-media/preview_cards/*",
              "arn:aws:s3:::shop-example-media/site_uploads/*",
            ],
          },
          tlsOnly("shop-example-media"),
        ],
      },
    },
  },
  "media-writer-policy": {
    type: "UserPolicy",
    parent: "MediaBucket media",
    provider: "aws",
    dependsOn: ["media", "media-writer"],
    inputs: {
      user: "shop-example-media-writer",
      policy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "Objects",
            Effect: "Allow",
            Action: ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            Resource: "arn:aws:s3:::shop-example-media/*",
          },
        ],
      },
    },
  },
  "media-cors": {
    type: "BucketCorsConfiguration",
    parent: "MediaBucket media",
    provider: "aws",
    dependsOn: ["media"],
    inputs: {
      bucket: "shop-example-media",
      corsRules: [
        {
          allowedMethods: ["GET", "HEAD"],
          allowedOrigins: ["https://www.shop.example"],
          allowedHeaders: ["*"],
          maxAgeSeconds: 86_400,
        },
      ],
    },
  },
});

test.each([true, false])("the media bucket, complete, with protect: %s", async (protect) => {
  expect((await media({ protect })).made).toEqual(expected(protect));
});

test("the writer's secret key is secret, its id is what Mastodon signs with", async () => {
  const { bucket } = await media();
  expect(await isSecret(bucket.secretAccessKey)).toBe(true);
  expect(await isSecret(bucket.accessKeyId)).toBe(false);
  await expect(promised(bucket.accessKeyId)).resolves.toBe(accessKeyId("media-writer-key"));
});

test("an IAM user's name is cut at AWS' 64 characters and stays another one for each bucket", async () => {
  const long = `${"m".repeat(62)}a`;
  const { made } = await media({ bucketName: long });
  expect(made["media-writer"]?.inputs.name).toBe(`${long}-`);
});

const promised = (output: unknown) => (output as { promise(): Promise<unknown> }).promise();
