/** The shape of plan.json, with its documentation; plan/plan.schema.json is generated from it. */
import { z } from "zod";
import { QUEUE_NAMES } from "../catalogue/queues";

const account = z.enum(["main", "workers", "aws"]);

const resource = z.strictObject({
  type: z.string().meta({ description: "Pulumi type token" }),
  name: z.string().meta({ description: "Logical name" }),
  urn: z.string(),
  provider: z
    .string()
    .meta({ description: "Name of the provider resource; empty for components and providers" }),
  parent: z.string().meta({ description: "URN of the parent component; empty at the top" }),
  component: z.boolean(),
  protect: z.boolean().meta({ description: "Whether deleting it is refused" }),
  properties: z.record(z.string(), z.unknown()).meta({
    description: "Inputs; a secret is [secret], a value that only an up can know is [unknown]",
  }),
});

const host = z.strictObject({
  name: z.string().meta({ description: "main, or workers-POOL" }),
  account,
  count: z.int().meta({ description: "Identical droplets" }),
  size: z.string(),
  vcpus: z.int(),
  cpu: z.enum(["shared", "dedicated"]),
  memoryMiB: z.int(),
  cores: z.strictObject({ available: z.number(), web: z.number(), jobs: z.number() }).meta({
    description:
      "In dedicated vCPUs at the busy hour, for all droplets of the row together; main's jobs include the database work of all jobs",
  }),
  services: z.array(z.string()).meta({ description: "What runs in addition to Sidekiq" }),
  sidekiq: z.array(
    z.strictObject({
      queues: z.string().meta({ description: "In strict order, or with weights" }),
      threads: z.int(),
      replicas: z.int(),
      memoryMiB: z.int().meta({ description: "Limit of one replica" }),
    }),
  ),
  memory: z
    .array(z.strictObject({ item: z.string(), mib: z.number() }))
    .meta({ description: "Budget of one droplet" }),
  userDataBytes: z.int().meta({ description: "DigitalOcean takes 65536" }),
  cloudConfig: z.string().meta({ description: "File next to this one, with secrets redacted" }),
});

const connections = z.strictObject({
  client: z
    .array(z.strictObject({ item: z.string(), connections: z.int() }))
    .meta({ description: "To pgbouncer" }),
  clientTotal: z.int(),
  clientLimit: z.int().meta({ description: "pgbouncer's max_client_conn" }),
  server: z
    .array(z.strictObject({ item: z.string(), connections: z.int() }))
    .meta({ description: "To Postgres" }),
  serverTotal: z.int(),
  serverLimit: z.int().meta({ description: "Postgres' max_connections" }),
});

const queue = z.strictObject({
  queue: z.enum(QUEUE_NAMES),
  arrivalsPerSecond: z.number().meta({ description: "At the busy hour" }),
  capacityPerSecond: z
    .number()
    .meta({ description: "Jobs/s that the fleet can do while every other queue gets its arrivals" }),
  utilization: z.number().meta({ description: "Arrivals divided by capacity" }),
  latencySeconds: z.number().nullable().meta({ description: "Waiting and working at the busy hour" }),
  drainHours: z.number().nullable().meta({ description: "After the outage until nothing waits" }),
  worstLatencyHours: z.number().meta({ description: "The longest that a job waits because of the outage" }),
});

const burst = z.strictObject({
  key: z.string().meta({ description: "The setting that is raised and put back" }),
  size: z.string(),
  more: z.int(),
  from: z.int(),
  to: z.int(),
  drainHours: z.number(),
  minutes: z.int().meta({ description: "How long the droplets are there" }),
  usd: z.number(),
});

const capacity = z
  .strictObject({
    activeUsers: z.int(),
    safetyFactor: z.number().meta({ description: "Measured CPU is reckoned with so many times" }),
    jobsPerSecond: z.number().meta({ description: "At the busy hour" }),
    jobsPerMonth: z.number(),
    outageHours: z.number(),
    catchUpHours: z.number().meta({ description: "What the stack allows" }),
    queues: z.array(queue),
    database: z
      .strictObject({
        todayGiB: z.number(),
        afterAYearGiB: z.number(),
        dumpHours: z.number(),
        restoreHours: z.number(),
        volumeForTwoGiB: z
          .number()
          .meta({ description: "For a restore in place that keeps what is there until it is confirmed" }),
      })
      .meta({
        description: "All but `todayGiB` is for its size after a year; the hours are those of a dump",
      }),
    burst: burst
      .nullable()
      .meta({ description: "More workers for one catch-up; null where they would not help" }),
    course: z
      .strictObject({
        hours: z.array(z.number()).meta({ description: "Since the outage began" }),
        waiting: z.partialRecord(z.enum(QUEUE_NAMES), z.array(z.int())).meta({
          description: "Jobs that wait in each queue at those hours, with straight lines between them",
        }),
      })
      .meta({ description: "The backlog's course" }),
  })
  .meta({ description: "The capacity model's results for the fleet (docs/capacity.md)" });

export const planSchema = z.strictObject({
  resources: z.array(resource),
  project: z.string(),
  stack: z.string(),
  domain: z.string(),
  web: z.string(),
  media: z.string(),
  region: z.string(),
  mastodonVersion: z.string(),
  hosts: z.array(host),
  connections,
  capacity,
  price: z.strictObject({
    lines: z.array(z.strictObject({ item: z.string(), account, monthlyUsd: z.number() })),
    dropletsAndVolumesUsd: z.number(),
    s3Usd: z.number(),
    totalUsd: z.number(),
    perMillionJobsUsd: z.number().meta({ description: "Droplets and volume" }),
    catalogueChecked: z.string().meta({ description: "Day of the price list" }),
    notCounted: z.string().meta({ description: "What the price leaves out" }),
  }),
  warnings: z.array(z.string()),
  toSetBeforeUp: z
    .strictObject({
      examples: z
        .array(z.strictObject({ key: z.string(), value: z.string() }))
        .meta({ description: "Values that are still the example's" }),
      secrets: z.array(z.strictObject({ key: z.string(), description: z.string(), command: z.string() })),
      elsewhere: z.array(z.strictObject({ where: z.string(), what: z.string() })).meta({
        description: "What to set up outside of the stack file; the program cannot tell whether it is done",
      }),
    })
    .meta({ description: "What to set before the first up" }),
});

/** Everything in a plan. */
export type Plan = z.infer<typeof planSchema>;
export type PlannedResource = Plan["resources"][number];
export type PlanQueue = Plan["capacity"]["queues"][number];
export type PlanHost = Plan["hosts"][number];
