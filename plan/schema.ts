/** The shape of plan.json, with its documentation; plan/plan.schema.json is generated from it. */
import { z } from "zod";

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
    description: "Inputs; secrets as [secret], what only an up can know as [unknown]",
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
  services: z.array(z.string()).meta({ description: "What runs beside Sidekiq" }),
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
  cloudConfig: z.string().meta({ description: "File beside this one, secrets redacted" }),
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
  price: z.strictObject({
    lines: z.array(z.strictObject({ item: z.string(), account, monthlyUsd: z.number() })),
    dropletsAndVolumesUsd: z.number(),
    s3Usd: z.number(),
    totalUsd: z.number(),
    catalogueChecked: z.string().meta({ description: "Day of the price list" }),
  }),
  warnings: z.array(z.string()),
  toSetBeforeUp: z
    .strictObject({
      examples: z
        .array(z.strictObject({ key: z.string(), value: z.string() }))
        .meta({ description: "Values of the worked example" }),
      secrets: z.array(z.strictObject({ key: z.string(), description: z.string(), command: z.string() })),
    })
    .meta({ description: "What a real instance still lacks" }),
});

/** Everything that a plan says. */
export type Plan = z.infer<typeof planSchema>;
export type PlannedResource = Plan["resources"][number];
export type PlanHost = Plan["hosts"][number];
