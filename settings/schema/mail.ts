/** Outgoing mail. */
import { z } from "zod";
import { hostName, oneLine, optional } from "./fields";

export const mail = {
  mail: z
    .enum(["smtp", "none"])
    .default("smtp")
    .meta({ description: "`none` sends no mail at all: no confirmations, no password resets" }),
  smtp: z
    .strictObject({
      server: optional(hostName).meta({ description: "SMTP relay", examples: ["smtp.example.org"] }),
      port: z.int().min(1).max(65_535).default(2525).meta({
        description: "DigitalOcean blocks 25 and often 465 and 587; most relays listen on 2525 too",
      }),
      login: oneLine
        .default("")
        .meta({ description: "User name at the relay; its password is the secret `smtpPassword`" }),
      from: optional(
        oneLine.regex(/^[^@<>]+@[^@<>\s]+$|^[^<>]*<[^@<>\s]+@[^@<>\s]+>$/, {
          error: "is not a sender with an e-mail address",
        }),
      ).meta({
        description: "Sender; `notifications@DOMAIN` if empty",
        examples: ["notifications@social.example.org"],
      }),
      authMethod: z
        .enum(["plain", "login", "cram_md5", "none"])
        .default("plain")
        .meta({ description: "How to log in" }),
      tls: z
        .enum(["starttls", "implicit", "none"])
        .default("starttls")
        .meta({ description: "How the connection is encrypted" }),
    })
    .prefault({})
    .meta({ description: "Outgoing mail" }),
};
