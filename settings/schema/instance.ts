/** The instance: its names, its region, its release, its owner. */
import { z } from "zod";
import { DEBIANS_POSTGRES, POSTGRES_VERSIONS } from "../../catalogue/postgres";
import { corrections, correctRelease } from "./corrections";
import { email, hostName, optional } from "./fields";

/** DigitalOcean's regions that offer volumes (docs.digitalocean.com/platform/regional-availability, 2026-11). */
const REGIONS = [
  "nyc1",
  "nyc2",
  "nyc3",
  "sfo2",
  "sfo3",
  "tor1",
  "ams3",
  "lon1",
  "fra1",
  "blr1",
  "sgp1",
  "syd1",
  "atl1",
] as const;

export const instance = {
  domain: hostName.meta({
    description:
      "The instance's name in every handle (LOCAL_DOMAIN). Can never change once people follow its accounts",
    examples: ["social.example.org"],
  }),
  webDomain: optional(hostName).meta({
    examples: ["mastodon.example.org"],
    description:
      "Host name of the web interface (WEB_DOMAIN), if it differs from `domain`. Can never change either. https://`domain`/.well-known/webfinger must then redirect here, with the header `Access-Control-Allow-Origin: *`",
  }),
  mediaDomain: optional(hostName).meta({
    examples: ["media.example.org"],
    description:
      "Host name that serves media (S3_ALIAS_HOST), a cache on the main droplet. If empty: `media.` plus the web interface's name",
  }),
  dnsZone: optional(hostName).meta({
    examples: ["example.org"],
    description:
      "Domain in the main DigitalOcean account in which the address records are created. If empty, the outputs list the records for you to create",
  }),
  region: z.enum(REGIONS).meta({
    description:
      "DigitalOcean region of every droplet, in both accounts: a job makes dozens of database round trips, so workers in another region would get almost nothing done",
    examples: ["nyc3"],
  }),
  mastodonVersion: z
    .string()
    .regex(/^v\d+\.\d+\.\d+$/, { error: "is not a release name" })
    .register(corrections, { correct: correctRelease })
    .default("v4.7.3")
    .meta({
      description:
        "Mastodon release that every host runs: 4.7.3 or a later 4.7 release. On a living stack, a newer release upgrades Mastodon and an older one goes back",
      examples: ["v4.7.3"],
    }),
  upgrade: z
    .strictObject({
      finish: z.enum(["now", "later"]).default("now").meta({
        description:
          "When to run the release's post-deployment migrations. After them you cannot go back. `now`: at the end of the upgrade. `later`: only once you set this to `now` again, so that you can watch the release for a day",
      }),
      postgresCopy: z.enum(["refused", "accepted"]).default("refused").meta({
        description:
          "Whether an upgrade of Postgres may take longer than 45 s, as it does on a volume where it has to copy the database. `postgres-upgrade check` on main says how long",
      }),
      postgresKeepDays: z.int().min(0).max(90).default(7).meta({
        description:
          "How many days the old version's files stay after an upgrade of Postgres, for the way back",
      }),
      snapshot: z.boolean().default(false).meta({
        description:
          "Let DigitalOcean take a snapshot of the data volume before Mastodon or Postgres changes: a way back that needs neither main nor the backup bucket. The one before is deleted at the end of that `up`",
      }),
    })
    .prefault({})
    .meta({ description: "How to upgrade Mastodon and Postgres" }),
  postgresVersion: z
    .int()
    .min(Math.min(...POSTGRES_VERSIONS))
    .max(Math.max(...POSTGRES_VERSIONS))
    .default(DEBIANS_POSTGRES)
    .meta({
      description:
        "Major version of Postgres. 17 is Debian's; the others come from the Postgres project. On a living stack, a higher one upgrades Postgres",
    }),
  owner: z
    .strictObject({
      username: z
        .string()
        .regex(/^[a-z0-9_]{1,30}$/i, {
          error: "is not a Mastodon user name of letters, digits and underscores",
        })
        .default("owner")
        .meta({
          description: "User name. The account is created at first boot with the Owner role",
          examples: ["owner"],
        }),
      email: email.meta({
        description:
          "The owner's e-mail address. Let's Encrypt gets it as the account's contact, but has sent no expiry warnings since June 2025",
        examples: ["you@example.org"],
      }),
    })
    .prefault({} as never)
    .meta({ description: "The owner account, created once if absent" }),
};
