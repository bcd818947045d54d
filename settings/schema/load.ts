/** The load, and what the capacity model assumes. */
import { z } from "zod";
import { QUEUE_NAMES } from "../../catalogue/queues";
import { DROPLET_FAMILIES } from "../../catalogue/yardstick";
import { amount } from "./fields";

const ofOneQueue = z.strictObject({
  jobsPerSecond: amount(0, 100_000).optional(),
  basePerSecond: amount(0, 100_000).optional(),
  perThousandUsers: amount(0, 100_000).optional(),
  cpuMs: amount(0.1, 600_000).optional(),
  waitMs: amount(0, 600_000).optional(),
  roundTrips: amount(0, 100_000).optional(),
  redisTrips: amount(0, 100_000).optional(),
  jobBytes: amount(1, 10_000_000).optional(),
});

/** `npm run calibrate` measures these. */
const web = z.strictObject({
  baseCores: amount(0, 1_000).default(0),
  perThousandUsers: amount(0, 1_000).default(0),
});

export const load = {
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
      databaseGiB: amount(0, 16_384).default(0).meta({
        description:
          "Today's size of the database in GiB: `SELECT pg_database_size('mastodon') / 2^30`; 0 for a new instance",
      }),
      nightPercent: z
        .int()
        .min(1)
        .max(100)
        .default(20)
        .meta({ description: "Load at the quietest hour, in percent of the busy hour's" }),
      incomingPerSecond: amount(0.001, 10_000).optional().meta({
        description:
          "Activities per second from other servers at the busy hour (jobs of `ingress`), relays included, if you have measured them",
      }),
      webCores: amount(0, 1_000).optional().meta({
        description:
          "Dedicated vCPUs that web and its queries use at the busy hour, if you have measured them",
      }),
      web: web.optional().meta({
        description:
          "The same as `{baseCores, perThousandUsers}`: without users, and for each thousand of `activeUsers`. `npm run calibrate` measures both",
      }),
      queues: z.partialRecord(z.enum(QUEUE_NAMES), ofOneQueue).default({}).meta({
        description:
          "Your measurements by queue, `{jobsPerSecond, cpuMs, waitMs, roundTrips, redisTrips, jobBytes}`: the rate is that of the busy hour, the rest is for one job. In place of `jobsPerSecond`: `basePerSecond`, which comes without users, and `perThousandUsers` of `activeUsers`",
      }),
      queryMs: amount(0, 1_000).optional().meta({
        description: "CPU in ms of one query, in Postgres and pgbouncer together, if you have measured it",
      }),
      redisTripMs: amount(0, 1_000).optional().meta({
        description: "CPU in ms of one round trip to Redis, in Redis, if you have measured it",
      }),
      feedBytes: amount(1, 100_000_000).optional().meta({
        description: "Bytes of one person's home feed in Redis, if you have measured them",
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
      // tailscaled's, for both packets and their acknowledgement. A rehearsal measures 0.2 on each side, where system calls are slow (a query
      // takes 0.28 there). Half of it is chosen for a droplet, which is a virtual machine; the rehearsal goes on measuring it.
      tailnetMs: amount(0, 10)
        .default(0.1)
        .meta({ description: "CPU in ms that one round trip over the tailnet takes on each side" }),
      // What was measured was a healthy instance with small tables in warm caches (docs/capacity.md).
      safetyFactor: amount(1, 5).default(1.5).meta({
        description:
          "The measured CPU is multiplied by this, to allow for large tables, cold caches and noisy neighbors",
      }),
      signaturesPerSecond: z.partialRecord(z.enum(DROPLET_FAMILIES), amount(1, 1_000_000)).default({}).meta({
        description:
          "RSA signatures per second of one core, by droplet family: `{c: 3200}`. Each machine has its figure in `/var/lib/mastodon-host/yardstick`; the default is 4000",
      }),
    })
    .prefault({})
    .meta({ description: "What the capacity model assumes about the machines" }),
};
