/** Certificates, updates, monitoring, and what protects the stack. */
import { z } from "zod";
import { timeOfDay } from "./fields";
import { housekeeping } from "./housekeeping";

export const upkeep = {
  acme: z.enum(["production", "staging", "none"]).default("production").meta({
    description:
      "Let's Encrypt's directory; `staging` has no rate limits, but browsers do not trust it; `none` keeps the self-signed certificate",
  }),
  upkeep: z
    .strictObject({
      window: timeOfDay.default("04:00").meta({
        description: "When security updates are applied, in UTC; workers follow one hour later",
        examples: ["04:00"],
      }),
      rebootWorkers: z.boolean().default(true).meta({
        description:
          "Whether a worker reboots in its window if an update requires it. Main never reboots by itself",
      }),
      housekeeping,
    })
    .prefault({})
    .meta({ description: "Unattended security updates, and what main removes at night" }),
  monitoring: z
    .boolean()
    .default(true)
    .meta({ description: "DigitalOcean's metrics agent on every droplet" }),
  readiness: z.enum(["wait", "none"]).default("wait").meta({
    description:
      "`wait`: `pulumi up` waits until the machines work, and must run on the tailnet; `none`: for a first `up` from outside the tailnet",
  }),
  protect: z
    .boolean()
    .default(true)
    .meta({ description: "Refuse `pulumi destroy`, and refuse to delete resources that hold data" }),
};
