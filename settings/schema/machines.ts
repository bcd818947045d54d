/** Main, the pools of workers, and the processes on them. */
import { z } from "zod";
import { QUEUE_NAMES } from "../../catalogue/queues";
import { generation, mebibytes } from "./fields";

/** The most threads of one process, replicas on a droplet, and droplets in a pool. */
export const MOST_REPLICAS = 32;
export const MOST_DROPLETS = 100;

const sidekiqProcess = z.strictObject({
  queues: z
    .union(
      [
        z.array(z.enum(QUEUE_NAMES)).min(1),
        // Without a queue on its command line, Sidekiq serves all of config/sidekiq.yml, including scheduler.
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
  // 25 is the most that pays off in one Ruby process. Above it the capacity model warns; nobody runs more than 50.
  threads: z
    .int()
    .min(1)
    .max(50)
    .meta({ examples: [5] }),
  replicas: z.int().min(1).max(MOST_REPLICAS).default(1),
  // Rails needs 300 before its first job.
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
    // Node needs 124 before anybody is connected.
    streaming: z
      .strictObject({ memoryMiB: mebibytes(160) })
      .prefault({})
      .meta({ description: "Streaming `{memoryMiB}`; computed if absent" }),
    postgres: z
      .strictObject({
        // Half of Postgres' own defaults; a quarter for the memory that a session sorts in.
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
    watch: z.boolean().default(true).meta({
      description:
        "Whether main measures itself and its workers, raises alarms and shows a page on the tailnet (docs/watching.md). It takes 192 MiB of main's memory",
    }),
  })
  .prefault({});

const workerPool = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,19}$/, {
      error: "is not a name of at most 20 lowercase letters, digits and hyphens",
    })
    .meta({ description: "Names the pool's droplets, tag and firewall", examples: ["general"] }),
  count: z.int().min(0).max(MOST_DROPLETS).default(1).meta({ description: "Number of identical droplets" }),
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

export const machines = {
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
  workerAccount: z.enum(["separate", "same"]).default("separate").meta({
    description:
      "`separate`: workers live in a second DigitalOcean account with its own token; `same`: one account for everything",
  }),
};
