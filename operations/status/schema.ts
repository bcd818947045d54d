/** The shape of what `npm run status -- --json` prints, with its documentation; status.schema.json is generated from it. */
import { z } from "zod";
import { ESCROW_STATES } from "../../services/escrow";
import { HOUSEKEEPING_PARTS } from "../../services/housekeeping";

/** An answer, or why there is none: what is not known is never taken for good news. */
const answer = <T extends z.ZodType>(value: T) =>
  z.union([
    z.strictObject({ value }),
    z.strictObject({ unknown: z.string().meta({ description: "Why there is no answer" }) }),
  ]);
export type Answer<T> = { value: T } | { unknown: string };

const time = z.string().meta({ description: "UTC, ISO 8601" });
const seconds = z.number();
const bytes = z.number();

const page = z.strictObject({ status: z.int().meta({ description: "HTTP status" }), seconds });

const disk = z.strictObject({
  mount: z.string(),
  bytes,
  freeBytes: bytes,
  inodesUsed: z.number().meta({ description: "Share from 0 to 1" }),
});

/** What every machine says of itself. */
const machine = {
  ready: answer(z.string()).meta({
    description: "What mastodon-ready waits for; empty if the machine works",
  }),
  apply: answer(z.strictObject({ state: z.string(), step: z.string().nullable(), time })).meta({
    description: "The last apply; of a failed one also the step",
  }),
  applying: answer(z.boolean()),
  plannedProcesses: answer(z.int()).meta({ description: "Sidekiq processes that it has to run" }),
  disks: answer(z.array(disk)),
  memory: answer(
    z.strictObject({
      bytes,
      availableBytes: bytes,
      stalled: z
        .number()
        .nullable()
        .meta({ description: "Share of the last minute in which everything waited for memory" }),
    }),
  ),
  cpu: answer(
    z.strictObject({
      busy: z.number().meta({ description: "Share of the CPU time of four seconds" }),
      stolen: z.number().meta({ description: "Share that the hypervisor gave to other droplets" }),
    }),
  ),
  restart: answer(z.array(z.string())).meta({
    description: "What still runs code that an update has replaced",
  }),
  failedUnits: answer(z.array(z.string())),
};
const machineFacts = z.strictObject(machine);

const workerFacts = z.strictObject({
  ...machine,
  path: answer(z.enum(["direct", "relayed", "idle", "none"])).meta({
    description: "How packets reach main; none if the tailnet does not have exactly one main that is online",
  }),
});

const queue = z.strictObject({
  queue: z.string(),
  waiting: z.int().meta({ description: "Jobs" }),
  oldestSeconds: seconds
    .nullable()
    .meta({ description: "Age of the oldest waiting job; null if none waits" }),
  lateSeconds: seconds.meta({ description: "A job that waits for longer needs attention" }),
  shrinksPerSecond: z
    .number()
    .meta({ description: "Jobs, over the four seconds between two looks; negative if it grows" }),
  emptyInSeconds: seconds.nullable().meta({ description: "At this rate; null if it does not shrink" }),
});

const process = z.strictObject({
  host: z.string().meta({ description: "Name in the tailnet" }),
  queues: z.array(z.string()),
  threads: z.int(),
  busy: z.int().meta({ description: "Threads that run a job" }),
  quiet: z.boolean().meta({ description: "It takes no more jobs" }),
  release: z.string(),
});

const mainFacts = z.strictObject({
  ...machine,
  site: answer(page).meta({ description: "GET /health from main itself, through nginx" }),
  release: answer(
    z.strictObject({
      wanted: z.string().meta({ description: "Mastodon's release in the settings" }),
      running: z.string(),
      phase: z.string().meta({ description: "moving, held or done" }),
    }),
  ),
  upgrades: answer(
    z.array(
      z.strictObject({
        of: z.enum(["mastodon", "postgres"]),
        running: z.boolean(),
        failed: z.string().nullable().meta({ description: "Reason of the last one, if it failed" }),
      }),
    ),
  ),
  jobs: answer(
    z.strictObject({
      queues: z.array(queue),
      processes: z
        .array(process)
        .meta({ description: "Those whose last sign of life is under a minute old" }),
      retries: z.int(),
      scheduled: z.int(),
      dead: z.int(),
    }),
  ),
  redis: answer(z.strictObject({ bytes, limitBytes: bytes })),
  postgres: answer(z.strictObject({ version: z.string(), connections: z.int(), limit: z.int() })),
  backup: answer(
    z.strictObject({
      trouble: z.string().nullable().meta({ description: "Why the last backup is not good enough" }),
      lastSuccess: time.nullable(),
      bytes: bytes.nullable(),
      seconds: seconds.nullable(),
    }),
  ),
  drill: answer(
    z.strictObject({
      held: z.boolean().meta({ description: "Whether there has been one" }),
      trouble: z.string().nullable().meta({ description: "Why the last drill is not good enough" }),
      lastSuccess: time.nullable(),
    }),
  ),
  escrow: answer(z.enum(ESCROW_STATES)).meta({
    description:
      "Whether the escrow file has the secrets, as of the last `pulumi up`; off without recipients",
  }),
  housekeeping: answer(
    z.strictObject({
      running: z.boolean(),
      trouble: z.string().nullable().meta({ description: "Which parts failed or are late, and why" }),
      parts: z.array(
        z.strictObject({
          part: z.enum(HOUSEKEEPING_PARTS),
          lastSuccess: time.nullable(),
          count: z
            .int()
            .nullable()
            .meta({ description: "Files that were removed; of profiles, accounts that were looked at" }),
          bytes: bytes.nullable().meta({ description: "What that freed, as tootctl counts it" }),
          errors: z
            .int()
            .nullable()
            .meta({ description: "Files that could not be removed, although the part went well" }),
        }),
      ),
    }),
  ).meta({ description: "The parts that the settings ask for, and their last good run" }),
  certificate: answer(
    z.strictObject({
      acme: z.string().meta({ description: "The setting" }),
      issuer: z.string(),
      ends: time,
      trouble: z.array(z.string()),
    }),
  ),
  watch: answer(
    z.strictObject({
      installed: z.boolean(),
      alarms: z.array(
        z.strictObject({
          name: z.string(),
          severity: z.string(),
          summary: z.string(),
          since: time,
          silenced: z.boolean(),
        }),
      ),
    }),
  ).meta({ description: "unknown if Prometheus or Alertmanager does not answer" }),
});

const named = { name: z.string(), host: z.string().meta({ description: "Name in the tailnet" }) };

export const factsSchema = z.strictObject({
  stack: z.string(),
  url: z.string(),
  time,
  fromHere: answer(page).meta({ description: "GET /health from the machine that runs the command" }),
  main: z.strictObject({ ...named, facts: answer(mainFacts) }),
  workers: z.array(z.strictObject({ ...named, pool: z.string(), facts: answer(workerFacts) })),
});

export const findingSchema = z.strictObject({
  severity: z.enum(["attention", "unknown", "note"]).meta({
    description: "The first two make the command end with 1",
  }),
  about: z.string().meta({ description: "A machine, a queue, or what else it is about" }),
  message: z.string(),
  next: z.string().nullable().meta({ description: "What to do: a command or a page" }),
});

export const statusSchema = z.strictObject({
  result: z.enum(["well", "attention", "unavailable"]).meta({
    description: "Exit codes 0, 1 and 2; unavailable: main could not be asked",
  }),
  findings: z.array(findingSchema),
  ...factsSchema.shape,
});

export type MachineFacts = z.infer<typeof machineFacts>;
export type WorkerFacts = z.infer<typeof workerFacts>;
export type MainFacts = z.infer<typeof mainFacts>;
export type Facts = z.infer<typeof factsSchema>;
export type Finding = z.infer<typeof findingSchema>;
export type Status = z.infer<typeof statusSchema>;
export type Queue = z.infer<typeof queue>;
export type Process = z.infer<typeof process>;
