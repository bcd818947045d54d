/** Variables for Mastodon in addition to those that the program sets. */
import { z } from "zod";
import { quiet } from "./values";

const environmentName = z.string().regex(/^[A-Z][A-Z0-9_]*$/, {
  error: "is not a valid environment variable name; write capital letters, digits and underscores",
});

export const environment = {
  extraEnv: z
    .record(
      environmentName,
      z.union([z.string(), z.number(), z.boolean()], { error: "write a string, a number, true or false" }),
    )
    .default({})
    .meta({
      description:
        "Additional environment variables for Mastodon's processes. Secret ones go into the secret `extraSecretEnv`",
    }),
};

environment.extraEnv.register(quiet, { why: "a password that belongs in extraSecretEnv" });
