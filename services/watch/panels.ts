/**
 * What people look at, once: main's page, its queries and the dashboard for Grafana (generate/dashboard.ts) follow from this list.
 *
 * No expression turns what is missing into 0: a curve without a value says since when.
 */

/** How a value is written. `share` is 1 for all of it. */
export type Unit = "count" | "seconds" | "perSecond" | "bytes" | "share";

export interface Curve {
  name: string;
  /** In the legend. */
  says: string;
  /** What it is right now: gone as soon as nothing measures it. */
  now: string;
  /** For one point of a day's curve, which stands for five minutes; as `now` if absent. */
  day?: string;
  /** What the measured curves are compared with: drawn with dashes. */
  limit?: true;
}

/** Labels that get one picture for each value. */
export type Each = "queue" | "pool" | "worker pool" | "disk";

export interface Panel {
  name: string;
  title: string;
  unit: Unit;
  each?: Each;
  curves: readonly Curve[];
  /** The figure of the capacity model that is drawn, and what the legend calls it (services/watch/prediction.ts). */
  plan?: "course" | "jobsPerSecond" | "requestsPerSecond" | "sockets" | "cpu";
}

/** Asked for together: one answer of Prometheus. */
export interface Section {
  name: string;
  title: string;
  panels: readonly Panel[];
}

/** Labels that a picture is chosen by. */
export const LABELS: Record<Each, readonly string[]> = {
  queue: ["queue"],
  pool: ["pool"],
  "worker pool": ["pool"],
  disk: ["pool", "mount"],
};

/** A gauge: a day's point is its highest value in five minutes, so that no peak is lost between two points. */
const gauge = (name: string, says: string, metric: string, aggregate = "max"): Curve => ({
  name,
  says,
  now: `${aggregate} (${metric})`,
  day: `${aggregate} (max_over_time(${metric}[5m]))`,
});

const limit = (name: string, says: string, metric: string, aggregate = "max"): Curve => ({
  name,
  says,
  now: `${aggregate} (${metric})`,
  limit: true,
});

const rate = (name: string, says: string, counter: string): Curve => ({
  name,
  says,
  now: `sum(rate(${counter}[5m]))`,
});

const cpu = (counter: string) =>
  `rate(mastodon_machine_${counter}_seconds_total[5m]) / rate(mastodon_machine_cpu_seconds_total[5m])`;

export const SECTIONS: readonly Section[] = [
  {
    name: "queues",
    title: "Queues",
    panels: [
      {
        name: "latency",
        title: "How long the oldest job has waited",
        unit: "seconds",
        each: "queue",
        curves: [
          gauge("wait", "oldest job", "mastodon_queue_latency_seconds", "max by (queue)"),
          limit("target", "target", "mastodon_queue_target_seconds", "max by (queue)"),
        ],
      },
      {
        name: "backlog",
        title: "Jobs that wait",
        unit: "count",
        each: "queue",
        curves: [gauge("waiting", "waiting", "mastodon_queue_backlog", "max by (queue)")],
        plan: "course",
      },
    ],
  },
  {
    name: "work",
    title: "Work",
    panels: [
      {
        name: "jobs",
        title: "Jobs",
        unit: "perSecond",
        curves: [
          rate("done", "done", 'mastodon_jobs_total{result="processed"}'),
          rate("failed", "failed", 'mastodon_jobs_total{result="failed"}'),
        ],
        plan: "jobsPerSecond",
      },
      {
        name: "requests",
        title: "Web requests",
        unit: "perSecond",
        curves: [
          rate("all", "all", "mastodon_web_requests_total"),
          rate("failed", "failed (5xx)", 'mastodon_web_requests_total{code="5xx"}'),
        ],
        plan: "requestsPerSecond",
      },
      {
        name: "streaming",
        title: "Streaming",
        unit: "count",
        curves: [gauge("clients", "clients", "connected_clients", "sum")],
        plan: "sockets",
      },
    ],
  },
  {
    name: "databases",
    title: "Databases",
    panels: [
      {
        name: "postgres",
        title: "Connections to Postgres",
        unit: "count",
        curves: [
          gauge("open", "open", "mastodon_postgres_connections"),
          limit("limit", "limit", "mastodon_postgres_connections_limit"),
        ],
      },
      {
        name: "pgbouncer",
        title: "Clients of pgbouncer",
        unit: "count",
        curves: [
          gauge("served", "served", "mastodon_pgbouncer_clients"),
          gauge("waiting", "waiting", "mastodon_pgbouncer_waiting"),
          limit("limit", "limit", "mastodon_pgbouncer_clients_limit"),
        ],
      },
      {
        name: "postgresMemory",
        title: "Memory of Postgres",
        unit: "bytes",
        curves: [
          gauge("used", "used", "mastodon_postgres_memory_bytes"),
          limit("budget", "budget", "mastodon_postgres_memory_planned_bytes"),
        ],
      },
      {
        name: "redisMemory",
        title: "Memory of Redis",
        unit: "bytes",
        curves: [
          gauge("used", "used", "mastodon_redis_memory_bytes"),
          limit("limit", "limit", "mastodon_redis_memory_limit_bytes"),
        ],
      },
    ],
  },
  {
    name: "machines",
    title: "Machines",
    panels: [
      {
        name: "cpu",
        title: "CPU",
        unit: "share",
        each: "pool",
        curves: [
          { name: "busy", says: "busy", now: `1 - avg by (pool) (${cpu("idle")})` },
          { name: "stolen", says: "stolen", now: `max by (pool) (${cpu("steal")})` },
        ],
        plan: "cpu",
      },
      {
        name: "memory",
        title: "Memory",
        unit: "share",
        each: "pool",
        curves: [
          {
            name: "used",
            says: "used",
            now: "1 - min by (pool) (mastodon_machine_memory_available_bytes / mastodon_machine_memory_bytes)",
          },
        ],
      },
      {
        name: "disk",
        title: "Disk",
        unit: "share",
        each: "disk",
        curves: [
          {
            name: "used",
            says: "used",
            now: "1 - min by (pool, mount) (mastodon_machine_disk_free_bytes / mastodon_machine_disk_bytes)",
          },
        ],
      },
      {
        name: "workers",
        title: "Workers",
        unit: "count",
        each: "worker pool",
        curves: [
          { name: "working", says: "working", now: "max by (pool) (mastodon_pool_machines)" },
          limit("planned", "planned", "mastodon_pool_machines_planned", "max by (pool)"),
        ],
      },
    ],
  },
];

/** What the queue would hold if the fleet had worked for the last hour as the model says, at the busy hour's load. */
const AS_PLANNED =
  "clamp_min(max by (queue) (mastodon_queue_backlog offset 1h) - 3600 * max by (queue) (mastodon_plan_capacity_jobs_per_second - mastodon_plan_jobs_per_second), 0)";

/**
 * The same figures as series, for those who have Prometheus only: the probe measures the plan along. The page has the model's whole course
 * of a backlog, which no expression gives.
 */
export const PLANNED: Record<NonNullable<Panel["plan"]>, string> = {
  course: AS_PLANNED,
  jobsPerSecond: "sum(max by (queue) (mastodon_plan_jobs_per_second))",
  requestsPerSecond: "max(mastodon_plan_requests_per_second)",
  sockets: "max(mastodon_plan_streaming_clients)",
  cpu: "max by (pool) (mastodon_plan_cpu_share)",
};

/** Alarms that are raised. The watchdog always is: where it is missing, nobody knows. */
export const RAISED = 'max by (alertname, severity) (ALERTS{alertstate="firing"})';

/** Single figures, by name: what they are right now. */
export const FACTS = {
  release: "max by (version, phase) (mastodon_release)",
  backupAge: 'time() - max(mastodon_backup_timestamp_seconds{part="database"})',
  // The database, dumps and Redis.
  backupLate:
    "max((time() - mastodon_backup_timestamp_seconds) > bool on (part) mastodon_backup_target_seconds)",
  backupFailed: "max(mastodon_backup_failed)",
  walWaits: "max(mastodon_archive_failing)",
  walLost: "max(mastodon_backup_gap)",
  certificateLeft: "min(mastodon_certificate_expiry_timestamp_seconds) - time()",
  postAge: "time() - max(mastodon_newest_post_timestamp_seconds)",
  jobs: "max by (state) (mastodon_jobs)",
  processes: "max by (queue) (mastodon_queue_processes)",
  processesPlanned: "max by (queue) (mastodon_queue_processes_planned)",
  emptySeconds: "max by (queue) (mastodon:queue_empty_seconds)",
  // When each source last answered. A day back, as far as the curves go.
  seen: "max by (source) (max_over_time(timestamp(mastodon_source_up == 1)[1d:1m]))",
  up: "max by (source) (mastodon_source_up)",
} as const satisfies Record<string, string>;
