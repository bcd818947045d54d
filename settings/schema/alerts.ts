/** Who hears of alarms. */
import { z } from "zod";
import { email, hostName, oneLine, optional } from "./fields";
import { mail } from "./mail";

/** Sender and encryption are written as in `smtp`. */
const { from, tls } = mail.smtp.unwrap().shape;

export const alerts = {
  alerts: z
    .strictObject({
      email: z
        .array(email.meta({ examples: ["you@example.org"] }))
        .default([])
        .meta({ description: "Addresses that alarms are mailed to" }),
      smtp: z
        .strictObject({
          server: optional(hostName).meta({
            description:
              "Relay for alarms. If empty, they go through `smtp`, and nobody hears that it does not work",
            examples: ["smtp.example.net"],
          }),
          port: z
            .int()
            .min(1)
            .max(65_535)
            .default(2525)
            .meta({ description: "Port of the relay; `tls: implicit` needs 465" }),
          login: oneLine.default("").meta({
            description: "User name at the relay; its password is the secret `alertsSmtpPassword`",
          }),
          from: from.meta({
            description: "Sender; `notifications@DOMAIN` if empty",
            examples: ["alarms@social.example.org"],
          }),
          tls: tls.meta({ description: "How the connection is encrypted" }),
        })
        .prefault({})
        .meta({ description: "A mail relay for alarms alone" }),
      webhook: z.boolean().default(false).meta({
        description: "Send alarms to the secret `alertsWebhookUrl` too, as Alertmanager's JSON",
      }),
      heartbeat: z.boolean().default(false).meta({
        description:
          "Ask the secret `alertsHeartbeatUrl` every minute. A service outside that expects it raises an alarm if main or its watch is down",
      }),
      uptimeCheck: z.boolean().default(false).meta({
        description:
          "Let DigitalOcean look at https://DOMAIN/health from four regions, and mail `email` if none of them reaches it for two minutes. It mails only addresses that are confirmed in the account. $1 a month",
      }),
      newestPostMinutes: z.int().min(5).max(10_080).default(60).meta({
        description:
          "Age of the newest public post from another server from which an alarm is raised. Twice the longest quiet time of a night",
      }),
    })
    .prefault({})
    .meta({ description: "Who hears of alarms (docs/watching.md)" }),
};
