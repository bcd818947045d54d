/** What the price estimate assumes. */
import { z } from "zod";
import { amount } from "./fields";

export const pricing = {
  pricing: z
    .strictObject({
      storageGiB: z.int().min(0).default(100).meta({ description: "Media kept in S3" }),
      egressGiB: z.int().min(0).default(100).meta({ description: "Media that leaves S3 in a month" }),
      deletedGiB: z.int().min(0).default(50).meta({
        description:
          "Media deleted in a month, mostly other servers' media after 14 days. Old versions stay for `media.keepOldVersionsDays`",
      }),
      dumpGiB: amount(0, 10_000)
        .optional()
        .meta({
          description:
            "Size of one dump; the sizes of all backups follow from it. If absent: a fifth of the database that `workload` will have in a year",
          examples: [2.5],
        }),
      limitUsd: z
        .int()
        .min(1)
        .optional()
        .meta({
          description: "US dollars a month; the policy pack refuses a preview or an `up` that costs more",
          examples: [350],
        }),
    })
    .prefault({})
    .meta({ description: "What the price estimate assumes for S3, and the most that the stack may cost" }),
};
