/** A day of a main and its two workers, made up: an outage that is worked off, a source that falls silent, queues that need a look. */
import { QUEUE_NAMES, type QueueName } from "../../../catalogue/queues";
import { TARGETS } from "../../../services/watch";
import { JOBS, SOURCES } from "../../../services/watch/alarms";
import type { Prediction } from "../../../services/watch/prediction";

const HOUR = 3600;
const EVERY_SECONDS = 60;
/** Beyond the start of the test, which takes a while: what is scraped then. */
const AHEAD_SECONDS = 30 * 60;

/** When nothing was done, in seconds before now. */
export const OUTAGE = { from: 9 * HOUR, to: 7 * HOUR };
/** When Redis could not be asked. */
export const SILENT = { from: 3.5 * HOUR, to: 3 * HOUR };
/** Since when Postgres' memory is not measured. */
export const POSTGRES_MEMORY_ENDED = 40 * 60;
/** Since when nobody serves it. */
export const UNSERVED: QueueName = "fasp";
export const LATE: QueueName = "mailers";

const PROCESSES = 1;

interface Series {
  name: string;
  /** Undefined: not measured. @param ago seconds before now */
  value: (ago: number) => number | undefined;
}

const within = (ago: number, { from, to }: { from: number; to: number }) => ago <= from && ago > to;
/** From 0.2 at night to 1 at the busiest hour, nine hours before now. */
const load = (ago: number) => 0.6 + 0.4 * Math.cos((2 * Math.PI * (ago - 9 * HOUR)) / (24 * HOUR));
/** The same each time, between -1 and 1. */
const noise = (ago: number, seed: number) => Math.sin(ago * 0.7 + seed * 13) * Math.cos(ago * 0.013 + seed);

/** The sum over time of a rate, as a counter has it. */
function counter(rate: (ago: number) => number): Series["value"] {
  const sums = new Map<number, number>();
  let sum = 0;
  for (let ago = 26 * HOUR; ago >= -AHEAD_SECONDS; ago -= EVERY_SECONDS) {
    sum += rate(ago) * EVERY_SECONDS;
    sums.set(ago, sum);
  }
  return (ago) => sums.get(ago);
}

/** Half as fast as the plan's course. */
function backlog({ course }: Prediction["queues"][QueueName]): (ago: number) => number {
  const most = course[0]?.[1] ?? 0;
  return (ago) => {
    if (within(ago, OUTAGE)) return (most * (OUTAGE.from - ago)) / (OUTAGE.from - OUTAGE.to);
    const since = (OUTAGE.to - ago) / 2;
    const next = course.findIndex(([at]) => at >= since);
    const [a, b] = [course[next - 1], course[next]];
    if (since < 0 || !a || !b) return Math.max(0, Math.round(2 + 3 * noise(ago, most)));
    return a[1] + ((b[1] - a[1]) * (since - a[0])) / (b[0] - a[0]);
  };
}

function queueSeries(prediction: Prediction): Series[] {
  return QUEUE_NAMES.flatMap((queue): Series[] => {
    const plan = prediction.queues[queue];
    const waiting = backlog(plan);
    const known = (value: (ago: number) => number) => (ago: number) =>
      within(ago, SILENT) ? undefined : value(ago);
    const unserved = (ago: number) => queue === UNSERVED && ago < 20 * 60;
    const jobs = (ago: number) =>
      unserved(ago) ? (20 * 60 - ago) / 10 : queue === LATE && ago < HOUR ? 40 : waiting(ago);
    const seconds = (ago: number) => {
      if (unserved(ago)) return 20 * 60 - ago;
      if (queue === LATE && ago < HOUR) return Math.min(300, HOUR - ago);
      if (within(ago, OUTAGE)) return OUTAGE.from - ago;
      return Math.max(0.05, jobs(ago) / Math.max(plan.jobsPerSecond, 1) + 0.3 * noise(ago, 3));
    };
    return [
      { name: `mastodon_queue_backlog{queue="${queue}"}`, value: known((ago) => Math.round(jobs(ago))) },
      { name: `mastodon_queue_latency_seconds{queue="${queue}"}`, value: known(seconds) },
      { name: `mastodon_plan_jobs_per_second{queue="${queue}"}`, value: () => plan.jobsPerSecond },
      { name: `mastodon_plan_capacity_jobs_per_second{queue="${queue}"}`, value: () => plan.canDo },
      { name: `mastodon_queue_target_seconds{queue="${queue}"}`, value: known(() => TARGETS[queue]) },
      {
        name: `mastodon_queue_processes{queue="${queue}"}`,
        value: known((ago) => (unserved(ago) || within(ago, OUTAGE) ? 0 : PROCESSES)),
      },
      { name: `mastodon_queue_processes_planned{queue="${queue}"}`, value: known(() => PROCESSES) },
    ];
  });
}

const MACHINES = [
  { machine: "main-1", pool: "main", mounts: ["/", "/srv/data"], busy: 0.45, steal: 0.05 },
  { machine: "w-1", pool: "general", mounts: ["/"], busy: 0.3, steal: 0 },
  { machine: "w-2", pool: "general", mounts: ["/"], busy: 0.28, steal: 0 },
];

const machineSeries = (): Series[] =>
  MACHINES.flatMap(({ machine, pool, mounts, busy, steal }, i): Series[] => {
    const labels = `machine="${machine}",pool="${pool}"`;
    const used = (ago: number) =>
      within(ago, OUTAGE) ? 0.05 : Math.min(0.97, busy * load(ago) * 1.2 + 0.04 * noise(ago, i));
    return [
      { name: `mastodon_machine_cpu_seconds_total{${labels}}`, value: counter(() => 4) },
      {
        name: `mastodon_machine_idle_seconds_total{${labels}}`,
        value: counter((ago) => 4 * (1 - used(ago))),
      },
      {
        name: `mastodon_machine_steal_seconds_total{${labels}}`,
        value: counter((ago) => 4 * Math.max(0, steal + 0.04 * noise(ago, 9) * (steal > 0 ? 1 : 0))),
      },
      { name: `mastodon_machine_memory_bytes{${labels}}`, value: () => 16 * 2 ** 30 },
      {
        name: `mastodon_machine_memory_available_bytes{${labels}}`,
        value: (ago) => (6 + noise(ago, i)) * 2 ** 30,
      },
      ...mounts.flatMap((mount): Series[] => [
        { name: `mastodon_machine_disk_bytes{mount="${mount}",${labels}}`, value: () => 120 * 2 ** 30 },
        {
          name: `mastodon_machine_disk_free_bytes{mount="${mount}",${labels}}`,
          value: (ago) => (50 + ago / HOUR / 2) * 2 ** 30,
        },
      ]),
    ];
  });

const others = (now: number, { requestsPerSecond, sockets, cpu }: Prediction): Series[] => [
  { name: "mastodon_plan_requests_per_second", value: () => requestsPerSecond },
  { name: "mastodon_plan_streaming_clients", value: () => sockets },
  ...Object.entries(cpu).map(([pool, share]) => ({
    name: `mastodon_plan_cpu_share{pool="${pool}"}`,
    value: () => share,
  })),
  ...SOURCES.map((source) => ({
    name: `mastodon_source_up{source="${source}"}`,
    value: (ago: number) => (source === "redis" && within(ago, SILENT) ? 0 : 1),
  })),
  ...JOBS.map((job) => ({
    name: `up{job="${job}"}`,
    value: () => 1,
  })),
  {
    name: 'mastodon_jobs_total{result="processed"}',
    value: counter((ago) => (within(ago, OUTAGE) ? 0 : 30 * load(ago))),
  },
  {
    name: 'mastodon_jobs_total{result="failed"}',
    value: counter((ago) => (within(ago, OUTAGE) ? 0 : 0.6 * load(ago))),
  },
  { name: 'mastodon_jobs{state="retry"}', value: () => 37 },
  { name: 'mastodon_jobs{state="dead"}', value: () => 4 },
  {
    name: 'mastodon_web_requests_total{code="2xx"}',
    value: counter((ago) => requestsPerSecond * 0.8 * load(ago)),
  },
  {
    name: 'mastodon_web_requests_total{code="5xx"}',
    value: counter((ago) => (within(ago, OUTAGE) ? requestsPerSecond * 0.2 : 0.001)),
  },
  { name: 'connected_clients{type="websocket"}', value: (ago) => Math.round(sockets * 0.7 * load(ago)) },
  {
    name: "mastodon_postgres_connections",
    value: (ago) => Math.round(34 + 8 * load(ago) + 3 * noise(ago, 1)),
  },
  { name: "mastodon_postgres_connections_limit", value: () => 100 },
  {
    name: "mastodon_postgres_memory_bytes",
    value: (ago) =>
      ago < POSTGRES_MEMORY_ENDED ? undefined : (3.6 + 0.4 * load(ago) + 0.1 * noise(ago, 2)) * 2 ** 30,
  },
  { name: "mastodon_postgres_memory_planned_bytes", value: () => 5.2 * 2 ** 30 },
  { name: "mastodon_pgbouncer_clients", value: (ago) => Math.round(90 + 12 * load(ago)) },
  { name: "mastodon_pgbouncer_waiting", value: (ago) => (within(ago, OUTAGE) ? 6 : 0) },
  { name: "mastodon_pgbouncer_clients_limit", value: () => 150 },
  { name: "mastodon_redis_memory_bytes", value: (ago) => (180 + 40 * load(ago)) * 2 ** 20 },
  { name: "mastodon_redis_memory_limit_bytes", value: () => 512 * 2 ** 20 },
  { name: 'mastodon_pool_machines{pool="general"}', value: (ago) => (within(ago, OUTAGE) ? 1 : 2) },
  { name: 'mastodon_pool_machines_planned{pool="general"}', value: () => 2 },
  { name: 'mastodon_release{version="v4.7.3",phase="done"}', value: () => 1 },
  { name: 'mastodon_backup_timestamp_seconds{part="database"}', value: () => now - 5 * HOUR },
  { name: 'mastodon_backup_timestamp_seconds{part="redis"}', value: () => now - 20 },
  { name: 'mastodon_backup_target_seconds{part="database"}', value: () => 26 * HOUR },
  { name: 'mastodon_backup_target_seconds{part="redis"}', value: () => HOUR },
  { name: 'mastodon_backup_failed{part="database"}', value: () => 0 },
  { name: "mastodon_archive_failing", value: () => 0 },
  { name: "mastodon_backup_gap", value: () => 0 },
  { name: "mastodon_certificate_expiry_timestamp_seconds", value: () => now + 61 * 24 * HOUR },
  { name: "mastodon_newest_post_timestamp_seconds", value: (ago) => now - ago - 14 },
];

const all = (start: number, prediction: Prediction) => [
  ...queueSeries(prediction),
  ...machineSeries(),
  ...others(start, prediction),
];

/**
 * The day before the start, in OpenMetrics' text, for `promtool tsdb create-blocks-from openmetrics`.
 *
 * @param start whole minutes, in seconds
 */
export function dayBefore(start: number, prediction: Prediction): string {
  const lines = all(start, prediction).flatMap(({ name, value }) => {
    const samples: string[] = [];
    for (let ago = 25 * HOUR; ago >= 0; ago -= EVERY_SECONDS) {
      const found = value(ago);
      if (found !== undefined) samples.push(`${name} ${found} ${start - ago}`);
    }
    return samples;
  });
  return `${lines.join("\n")}\n# EOF\n`;
}

/** What a scrape after the start finds. */
export function scraped(start: number, prediction: Prediction): () => string {
  const series = all(start, prediction).filter(({ name }) => !name.startsWith("up{"));
  return () => {
    const ago = start - Math.floor(Date.now() / 60_000) * 60;
    return series
      .map(({ name, value }) => [name, value(ago)])
      .filter(([, found]) => found !== undefined)
      .map((line) => `${line.join(" ")}\n`)
      .join("");
  };
}
