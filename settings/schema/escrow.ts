/** The file that keeps what only the state holds. */
import { z } from "zod";
import { recipientProblem } from "./ageRecipient";
import { optional, saying } from "./fields";
import { quiet } from "./values";

export const escrow = {
  escrow: z
    .strictObject({
      recipients: z
        .array(z.string().superRefine(saying(recipientProblem)))
        .default([])
        .meta({
          description:
            "Public keys of age (`age-keygen`) that `npm run escrow` encrypts the instance's secrets to. If empty, only the state holds them",
        }),
      fingerprint: optional(
        z.string().regex(/^hmac-[0-9a-f]{32}$/, {
          error: "is not a fingerprint of the escrow file; remove it, and run: npm run escrow",
        }),
      ).meta({
        description:
          "Stands for the secrets and recipients of the last escrow file; `npm run escrow` writes it. A run with others warns",
      }),
    })
    .prefault({})
    .meta({ description: "The instance's secrets in an encrypted file, in case the state is lost" }),
};

escrow.escrow.register(quiet, { why: "a private key pasted by mistake" });
