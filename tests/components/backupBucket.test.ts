import * as aws from "@pulumi/aws/provider";
import { BackupBucket } from "../../components/backupBucket";
import { backupLifecycle, backupWriterPolicy } from "../../components/bucketRules";
import { byName, custom, isSecret, runAlone } from "../support/stacks";
import { ABANDONED_UPLOADS, hardened, tlsOnly } from "./buckets";

async function backups(protect: boolean) {
  let bucket: BackupBucket | undefined;
  const run = await runAlone(() => {
    const provider = new aws.Provider("aws", { region: "us-east-1" });
    bucket = new BackupBucket(
      "backups",
      { bucketName: "shop-example-backups", keepDays: 45, protect },
      { providers: [provider] },
    );
  });
  const { aws: _, ...made } = byName(custom(run));
  return { made, bucket: bucket as BackupBucket };
}

test.each([true, false])("the backup bucket, complete, with protect: %s", async (protect) => {
  expect((await backups(protect)).made).toEqual({
    ...hardened("backups", "BackupBucket backups", {
      bucket: "shop-example-backups",
      publicPolicy: false,
      protect,
      rules: [ABANDONED_UPLOADS, ...backupLifecycle(45).slice(1)],
    }),
    "backups-policy": {
      type: "BucketPolicy",
      parent: "BackupBucket backups",
      provider: "aws",
      dependsOn: ["backups", "backups-access"],
      inputs: {
        bucket: "shop-example-backups",
        policy: { Version: "2012-10-17", Statement: [tlsOnly("shop-example-backups")] },
      },
    },
    "backups-writer-policy": {
      type: "UserPolicy",
      parent: "BackupBucket backups",
      provider: "aws",
      dependsOn: ["backups", "backups-writer"],
      inputs: {
        user: "shop-example-backups-writer",
        policy: JSON.parse(backupWriterPolicy("arn:aws:s3:::shop-example-backups")),
      },
    },
  });
});

test("the writer's secret key is secret", async () => {
  const { bucket } = await backups(true);
  expect(await isSecret(bucket.secretAccessKey)).toBe(true);
});
