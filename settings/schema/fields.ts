/** Types of values that several settings share. */
import { z } from "zod";
import { correctBucket, correctEmail, correctHost, corrections, correctTime } from "./corrections";

/** A check whose message depends on the value. */
export const saying =
  (problem: (text: string) => string | undefined) =>
  (
    text: string,
    { addIssue }: { addIssue(issue: { code: "custom"; message: string; input: string }): void },
  ) => {
    const message = problem(text);
    if (message) addIssue({ code: "custom", message, input: text });
  };

export const hostName = z
  .string()
  .regex(/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/, {
    error: "is not a lowercase host name",
  });

/** Its path may have only what nginx takes literally. */
export const baseUrl = z
  .string()
  .regex(/^https:\/\/[a-z0-9.-]+\.[a-z0-9-]*[a-z](:\d{1,5})?(\/[\w.~-]+)*\/?$/, {
    error:
      "is not an address such as https://files.example.org/media: https, a host name, a path, and nothing else",
  });

export const optional = <T extends z.ZodType>(schema: T) => z.union([z.literal(""), schema]).default("");

export const bucketName = z.string().regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, {
  error: "is not an S3 bucket name of 3 to 63 lowercase letters, digits and hyphens (a dot breaks TLS)",
});

export const email = z
  .email({ error: "is not an e-mail address" })
  // The machines read it from an environment file in single quotes.
  .regex(/^[^']*$/, { error: "is not an e-mail address without a single quote" });

export const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: "is not a quoted time of day" })
  .register(corrections, { correct: correctTime });

/** Control characters would end the line of an environment file, or of a mail. */
export const oneLine = z
  .string()
  .regex(/^[^\p{Cc}]*$/u, { error: "has a line break or a control character; write it on one line" });

export const generation = z.int().min(1).default(1);

/** With less than `least`, the program is of no use or does not start. */
export const mebibytes = (least: number) => z.int().min(least).optional();

/** Amounts that need not be integers. */
export const amount = (least: number, most: number) =>
  z
    .number({ error: ({ code }) => (code === "invalid_type" ? "is not a number" : undefined) })
    .min(least)
    .max(most);
export const ofOneQueue = z.strictObject({
  jobsPerSecond: amount(0, 100_000).optional(),
  cpuMs: amount(0.1, 600_000).optional(),
  waitMs: amount(0, 600_000).optional(),
  roundTrips: amount(0, 100_000).optional(),
});

hostName.register(corrections, { correct: correctHost });
bucketName.register(corrections, { correct: correctBucket });
email.register(corrections, { correct: correctEmail });
