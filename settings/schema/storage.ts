/** AWS: the media bucket and the backups. */
import { z } from "zod";
import { DUMPS } from "../../catalogue/backups";
import { AWS_REGIONS, awsRegionProblem, correctRegion } from "./awsRegions";
import { corrections } from "./corrections";
import { baseUrl, bucketName, optional, saying, timeOfDay } from "./fields";

export const storage = {
  aws: z
    .strictObject({
      accountId: z
        .string()
        .regex(/^\d{12}$/, { error: "is not a quoted 12-digit AWS account number" })
        .meta({
          description: "The only AWS account that the program may change",
          examples: ["123456789012"],
        }),
      region: z
        .string()
        .superRefine(saying(awsRegionProblem))
        .register(corrections, { correct: correctRegion })
        .default("us-east-1")
        .meta({
          description: "Region of both buckets, in AWS' standard partition; close to `region`",
          examples: ["us-east-1"],
          // For editors: JSON Schema cannot express a custom check.
          enum: [...AWS_REGIONS],
        }),
    })
    .prefault({} as never)
    .meta({
      description:
        "Where the media and backup buckets live. Credentials come from the environment (AWS_PROFILE, or OIDC in CI)",
    }),
  media: z
    .strictObject({
      bucket: optional(bucketName).meta({
        description: "If empty: `domain` with hyphens for dots, plus `-media`",
        examples: ["social-example-org-media"],
      }),
      fallbackUrl: optional(baseUrl).meta({
        description:
          "Where the media host looks for a file that the bucket does not have: the address of the old instance's media while they are copied (docs/moving-in.md)",
        examples: ["https://old-bucket.s3.us-east-1.amazonaws.com"],
      }),
      cacheGiB: z
        .int()
        .min(1)
        .max(1_000)
        .default(5)
        .meta({ description: "Maximum size of the media cache on the main droplet's root disk" }),
      keepOldVersionsDays: z
        .int()
        .min(1)
        .max(365)
        .default(30)
        .meta({ description: "How long a deleted or overwritten object can be restored" }),
    })
    .prefault({})
    .meta({ description: "The media bucket" }),
  backups: z
    .strictObject({
      bucket: optional(bucketName).meta({
        description: "If empty: `domain` with hyphens for dots, plus `-backups`",
        examples: ["social-example-org-backups"],
      }),
      keepDays: z.int().min(7).max(3_650).default(30).meta({
        description:
          "How many days back any second can be restored. Dumps and exports of the accounts are kept as long",
      }),
      time: timeOfDay.default("02:30").meta({
        description:
          "When the daily backup starts, UTC: a full one on Sundays, otherwise what changed since then. The dump follows it",
        examples: ["02:30"],
      }),
      dumps: z.enum(DUMPS).default("weekly").meta({
        description:
          "How often a dump is written as well: a second, independent copy, which main can neither read nor delete",
      }),
    })
    .prefault({})
    .meta({ description: "Encrypted backups of the database in a separate bucket" }),
};
