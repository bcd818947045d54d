/**
 * The one list of settings. checks/configuration.ts reads them.
 *
 * Pulumi.yaml's config block, docs/settings.md and the editors' JSON schema are generated from this file by
 * `npm run settings`. Everything that decides how many resources there are is a plain value from here.
 */
import { z } from "zod";
import { QUEUE_NAMES } from "../../fleet/catalogue/queues";
import { AWS_REGIONS, awsRegionProblem, correctRegion } from "./awsRegions";
import {
  correctBucket,
  correctEmail,
  correctHost,
  corrections,
  correctRelease,
  correctTime,
} from "./corrections";
import { sshKeyProblem } from "./sshKey";
import { adminProblem } from "./tailnetAdmins";
import { quiet } from "./values";

/** A check whose words depend on the value. */
const saying =
  (problem: (text: string) => string | undefined) =>
  (
    text: string,
    { addIssue }: { addIssue(issue: { code: "custom"; message: string; input: string }): void },
  ) => {
    const message = problem(text);
    if (message) addIssue({ code: "custom", message, input: text });
  };

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

const hostName = z
  .string()
  .regex(/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/, {
    error: "is not a lowercase host name",
  });
const optional = <T extends z.ZodType>(schema: T) => z.union([z.literal(""), schema]).default("");
hostName.register(corrections, { correct: correctHost });
const bucketName = z.string().regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, {
  error: "is not an S3 bucket name of 3 to 63 lowercase letters, digits and hyphens (a dot breaks TLS)",
});
const email = z
  .email({ error: "is not an e-mail address" })
  // The machines read it from an environment file in single quotes.
  .regex(/^[^']*$/, { error: "is not an e-mail address without a single quote" });
bucketName.register(corrections, { correct: correctBucket });
email.register(corrections, { correct: correctEmail });
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: "is not a quoted time of day" })
  .register(corrections, { correct: correctTime });
/** Control characters would end the line of an environment file, or of a mail. */
const oneLine = z
  .string()
  .regex(/^[^\p{Cc}]*$/u, { error: "has a line break or a control character; write it on one line" });
const generation = z.int().min(1).default(1);
/** Less than `least` is no use to the program that gets it, or keeps it from starting. */
const mebibytes = (least: number) => z.int().min(least).optional();

/** Amounts that need not be whole. */
const amount = (least: number, most: number) =>
  z
    .number({ error: ({ code }) => (code === "invalid_type" ? "is not a number" : undefined) })
    .min(least)
    .max(most);
const ofOneQueue = z.strictObject({
  jobsPerSecond: amount(0, 100_000).optional(),
  cpuMs: amount(0.1, 600_000).optional(),
  waitMs: amount(0, 600_000).optional(),
  roundTrips: amount(0, 100_000).optional(),
});

const sidekiqProcess = z.strictObject({
  queues: z
    .union(
      [
        z.array(z.enum(QUEUE_NAMES)).min(1),
        // Sidekiq without a queue on its command line serves all of config/sidekiq.yml, scheduler too.
        z
          .partialRecord(z.enum(QUEUE_NAMES), z.int().min(1).max(100))
          .refine((weights) => Object.keys(weights).length > 0, {
            error: "has no entries; write at least one",
            when: ({ issues }) => issues.length === 0,
          })
          // The same for editors: JSON Schema cannot express a custom check.
          .meta({ minProperties: 1 }),
      ],
      {
        error: `write a list in strict order ([default, push]) or weights ({default: 8, push: 6}) of the queues ${QUEUE_NAMES.join(", ")}`,
      },
    )
    .meta({ examples: [["default", "push"]] }),
  // 25 is the most that pays off in one Ruby process; above it the capacity model warns, above 50 nobody runs it.
  threads: z
    .int()
    .min(1)
    .max(50)
    .meta({ examples: [5] }),
  replicas: z.int().min(1).max(32).default(1),
  // Rails takes 300 before its first job.
  memoryMiB: mebibytes(384),
});

const main = z
  .strictObject({
    size: z
      .string()
      .default("g-2vcpu-8gb")
      .meta({ description: "Droplet size (slug). Takes effect with the next `generation`" }),
    volumeGiB: z.int().min(10).max(16_384).default(50).meta({
      description: "Data volume: Postgres, Redis, certificates. It grows in place and never shrinks",
    }),
    generation: generation.meta({
      description: "Raise by one to replace the droplet; the data volume moves to the new one",
    }),
    ipv6: z.boolean().default(false).meta({
      description:
        "Also reserve and publish an IPv6 address. Workers get IPv6 too, so that they can deliver to IPv6-only servers",
    }),
    sidekiq: z
      .array(sidekiqProcess)
      .default([
        { queues: { push: 6, ingress: 4, mailers: 2, pull: 1, fasp: 1 }, threads: 15, replicas: 1 },
        { queues: ["scheduler"], threads: 2, replicas: 1 },
      ])
      .meta({
        description:
          "Sidekiq processes on the main droplet: `{queues, threads, replicas, memoryMiB}`. Write `queues` as a list for strict order, or as a map for weights. `memoryMiB` is the memory of one replica without ffmpeg; computed from the threads if absent",
      }),
    web: z
      .strictObject({
        processes: z.int().min(1).max(64).optional(),
        threads: z.int().min(1).max(32).optional(),
      })
      .prefault({})
      .meta({ description: "Puma `{processes, threads}`; computed from the size if absent" }),
    // Node takes 124 before anybody is connected.
    streaming: z
      .strictObject({ memoryMiB: mebibytes(160) })
      .prefault({})
      .meta({ description: "Streaming `{memoryMiB}`; computed if absent" }),
    postgres: z
      .strictObject({
        // Half of Postgres' own defaults; a quarter for what a session sorts in.
        sharedBuffersMiB: mebibytes(64),
        effectiveCacheSizeMiB: mebibytes(64),
        workMemMiB: mebibytes(1),
        maintenanceWorkMemMiB: mebibytes(32),
        // FACTS on operators' practice: beyond about 250 a pooler is the answer, not more connections.
        maxConnections: z.int().min(20).max(250).optional(),
      })
      .prefault({})
      .meta({
        description:
          "Postgres `{sharedBuffersMiB, effectiveCacheSizeMiB, workMemMiB, maintenanceWorkMemMiB, maxConnections}`; computed if absent",
      }),
    pgbouncer: z
      .strictObject({
        defaultPoolSize: z.int().min(5).max(200).optional(),
        maxClientConnections: z.int().min(20).max(10_000).optional(),
      })
      .prefault({})
      .meta({ description: "pgbouncer `{defaultPoolSize, maxClientConnections}`; computed if absent" }),
    redis: z
      .strictObject({ maxMemoryMiB: mebibytes(64) })
      .prefault({})
      .meta({
        description:
          "Persistent Redis (queues, feeds) `{maxMemoryMiB}`; computed from the users and the planned outage if absent",
      }),
    cacheRedis: z
      .strictObject({ maxMemoryMiB: mebibytes(32) })
      .prefault({})
      .meta({ description: "Cache Redis `{maxMemoryMiB}`; computed if absent" }),
  })
  .prefault({});

const workerPool = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,19}$/, {
      error: "is not a name of at most 20 lowercase letters, digits and hyphens",
    })
    .meta({ description: "Names the pool's droplets, tag and firewall", examples: ["general"] }),
  count: z.int().min(0).max(100).default(1).meta({ description: "Number of identical droplets" }),
  size: z
    .string()
    .default("c-2")
    .meta({ description: "Droplet size (slug); CPU-optimized sizes start with `c-`" }),
  generation: generation.meta({ description: "Raise by one to replace the pool's droplets, new ones first" }),
  sidekiq: z
    .array(sidekiqProcess)
    .min(1)
    .meta({
      description: "Sidekiq processes on every droplet of the pool",
      examples: [[{ queues: ["default"], threads: 5 }]],
    }),
});

const environmentName = z.string().regex(/^[A-Z][A-Z0-9_]*$/, {
  error: "is not a valid environment variable name; write capital letters, digits and underscores",
});

/**
 * Every plain setting: type, default and description. Secrets are flat keys of their own (settings/secrets.ts).
 * `.meta({ examples })` is what editors offer and what an error message tells the reader to write.
 */
export const settingsSchema = z.strictObject({
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
      description: "Mastodon release that every host runs: 4.7.3 or a later 4.7 release",
      examples: ["v4.7.3"],
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
  main: main.meta({ description: "The main droplet: web, streaming, Postgres, Redis, nginx" }),
  workers: z
    .array(workerPool)
    .default([
      {
        name: "default",
        count: 1,
        size: "c-2",
        generation: 1,
        sidekiq: [{ queues: ["default"], threads: 5, replicas: 2 }],
      },
    ])
    .meta({ description: "Pools of worker droplets, in the worker account" }),
  workload: z
    .strictObject({
      activeUsers: z
        .int()
        .min(1)
        .max(10_000_000)
        .default(1_000)
        .meta({
          description:
            "Monthly active users. The load of the busy hour is derived from this number (docs/capacity.md)",
          examples: [1_000],
        }),
      nightPercent: z
        .int()
        .min(1)
        .max(100)
        .default(20)
        .meta({ description: "Load at the quietest hour, in percent of the busy hour's" }),
      webCores: amount(0, 1_000).optional().meta({
        description:
          "Dedicated vCPUs that web and its queries use at the busy hour, if you have measured them",
      }),
      queues: z.partialRecord(z.enum(QUEUE_NAMES), ofOneQueue).default({}).meta({
        description:
          "Your measurements by queue, `{jobsPerSecond, cpuMs, waitMs, roundTrips}`: the rate at the busy hour, the rest for one job",
      }),
    })
    .prefault({})
    .meta({
      description:
        "The work that the fleet must do. The capacity model refuses a fleet that is too small for it",
    }),
  recovery: z
    .strictObject({
      outageHours: amount(0.1, 48)
        .default(2)
        .meta({ description: "Outage to plan for, in hours, at the worst time of the day" }),
      catchUpHours: amount(0.1, 48)
        .default(2)
        .meta({ description: "Hours after the outage by which every queue must be empty again" }),
    })
    .prefault({})
    .meta({ description: "How fast the fleet must catch up after an outage" }),
  assumptions: z
    .strictObject({
      sharedCpuPercent: z
        .int()
        .min(1)
        .max(100)
        .default(70)
        .meta({ description: "Real performance of a shared vCPU, in percent of a dedicated one" }),
      rttMs: amount(0, 1_000)
        .default(1)
        .meta({ description: "Round trip from a worker to main in ms, as `tailscale ping` shows it" }),
    })
    .prefault({})
    .meta({ description: "What the capacity model assumes of the machines" }),
  workerAccount: z.enum(["separate", "same"]).default("separate").meta({
    description:
      "`separate`: workers live in a second DigitalOcean account with its own token; `same`: one account for everything",
  }),
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
  dnsZone: optional(hostName).meta({
    examples: ["example.org"],
    description:
      "Domain in the main DigitalOcean account in which the address records are created. If empty, the outputs list the records for you to create",
  }),
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
      keepDays: z.int().min(7).max(3_650).default(30).meta({ description: "Retention of nightly dumps" }),
      time: timeOfDay
        .default("02:30")
        .meta({ description: "When the nightly dump starts, UTC", examples: ["02:30"] }),
    })
    .prefault({})
    .meta({ description: "Nightly encrypted dumps of the database to a separate bucket" }),
  tailnet: z
    .strictObject({
      oauthClientId: oneLine.min(1).meta({
        description:
          "OAuth client that creates the droplets' auth keys; its secret is `tailscaleOauthClientSecret`",
        examples: ["kAbCdEfCNTRL"],
      }),
      name: oneLine
        .min(1)
        .default("-")
        .meta({ description: "Tailnet ID; `-` is the OAuth client's own tailnet" }),
      admins: z
        .array(
          z
            .string()
            .superRefine(saying(adminProblem))
            .meta({ examples: ["you@example.org"] }),
        )
        .min(1)
        .default(["autogroup:admin"])
        .meta({ description: "Who may reach ssh: users, groups, autogroups" }),
      managePolicy: z.boolean().default(false).meta({
        description:
          "Let this stack own the tailnet's whole policy file. It overwrites the existing policy, so use it only for a tailnet that has no other use",
      }),
    })
    .prefault({} as never)
    .meta({ description: "The tailnet that connects the droplets" }),
  administratorKeys: z
    .array(
      z
        .string()
        .superRefine(saying(sshKeyProblem))
        .meta({ examples: ["ssh-ed25519 AAAAC3… you@example.org"] }),
    )
    .default([])
    .meta({ description: "Administrators' SSH public keys, for root over the tailnet" }),
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
    })
    .prefault({})
    .meta({ description: "Unattended security updates" }),
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
  pricing: z
    .strictObject({
      storageGiB: z.int().min(0).default(100).meta({ description: "Media kept in S3" }),
      egressGiB: z.int().min(0).default(100).meta({ description: "Media that leaves S3 in a month" }),
      deletedGiB: z.int().min(0).default(50).meta({
        description:
          "Media deleted in a month, mostly other servers' media after 14 days. Old versions stay for `media.keepOldVersionsDays`",
      }),
      dumpGiB: amount(0, 10_000).default(1).meta({
        description: "Size of one nightly dump, compressed; `backups.keepDays` plus 7 dumps are kept",
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
});

settingsSchema.shape.administratorKeys.register(quiet, { why: "a private key pasted by mistake" });
settingsSchema.shape.extraEnv.register(quiet, { why: "a password that belongs in extraSecretEnv" });

/** All plain settings, defaults filled in. */
export type Settings = z.infer<typeof settingsSchema>;
export type WorkerPoolSettings = Settings["workers"][number];
