/**
 * Every alarm, once: Prometheus' rules, the table in docs/watching.md and the pages in docs/alarms follow from this list. What the metrics
 * mean: services/watch/probe.
 *
 * An alarm about a missing measurement is `MeasurementMissing`. No expression here turns what is missing into 0: that would look like calm.
 */

export interface Alarm {
  /** In mails, and the name of its page: docs/alarms/NAME.md. */
  name: string;
  /** `critical`: people notice it now, or data is at risk. `warning`: look at it today. */
  severity: "critical" | "warning";
  /** True for each series that it yields. */
  expression: string;
  /** How long that must have been so; at once if absent. */
  for?: string;
  /** What it means, in a sentence. Prometheus fills in `{{ … }}`. */
  says: string;
}

/** Share of web requests that may fail (5xx) in 30 days: 0.5 %. */
export const ERROR_BUDGET = 0.005;

/**
 * A budget burns this many times as fast as it may: 14.4 uses up 2 % of a month's in an hour, 6 uses up 5 % in six hours. The shorter
 * window ends the alarm soon after the cause has gone (Google's SRE workbook, "Alerting on SLOs").
 */
const burning = (factor: number, long: string, short: string) =>
  // A few failures among a few requests are no trend.
  `${[long, short].map((window) => `mastodon:web_errors:${window} > ${factor * ERROR_BUDGET}`).join(" and ")} and sum(increase(mastodon_web_requests_total{code="5xx"}[${long}])) > 10`;

const inWork = (jobs: string) =>
  `sum by (group) (${jobs} * on (queue) group_left (group) mastodon_plan_job_cpu_seconds)`;
const yesterday = (offset: string) => `sum by (queue) (rate(mastodon_pool_jobs_total[2h] offset ${offset}))`;

/**
 * When nothing waits anymore. Queues that share processes wait for each other, and only the sum of their work falls evenly; so these are
 * for each group of such queues (fleet/prediction.ts), in CPU seconds. Against the model's course of an outage: within 6 % from the tenth
 * minute on (tests/services/watch/emptying.ts); by the rate alone it would be 23 %, since the load rises meanwhile.
 */
const EMPTYING = {
  "mastodon:work_waiting_seconds": inWork("mastodon_queue_backlog"),
  "mastodon:work_rate": "-deriv(mastodon:work_waiting_seconds[10m])",
  // How much more work arrives each second from now on, as it did at this time yesterday: between the hours before and after, 7200 s.
  "mastodon:work_growth": `${inWork(`(${yesterday("22h")} - ${yesterday("1d")})`)} / 7200`,
  // What waits falls with the rate, and the rate with the growth: the first zero of a parabola. Without a yesterday, of a line.
  "mastodon:work_done_seconds": `max(
  2 * (mastodon:work_waiting_seconds > 0)
    / ((mastodon:work_rate > 0) + sqrt(clamp_min(mastodon:work_rate ^ 2 - 2 * mastodon:work_growth * mastodon:work_waiting_seconds, 0)))
  or (mastodon:work_waiting_seconds > 0) / clamp_min(mastodon:work_rate, 0)
)`,
};

/** Rates, and other expressions that several rules or people ask for. */
export const RECORDED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["5m", "30m", "1h", "6h"].map((window) => [
      `mastodon:web_errors:${window}`,
      `sum(rate(mastodon_web_requests_total{code="5xx"}[${window}])) / sum(rate(mastodon_web_requests_total[${window}]))`,
    ]),
  ),
  // Seconds until the queue is empty at the rate of the last ten minutes. +Inf: it does not become shorter.
  "mastodon:queue_empty_seconds":
    "mastodon_queue_backlog / clamp_min(-deriv(mastodon_queue_backlog[10m]), 0)",
  ...EMPTYING,
};

/** When the queue of an alarm will be empty at its own rate; and when all are, which knows more: once others are empty, it gets their CPU. */
const EMPTY = [
  `{{ with printf "mastodon:queue_empty_seconds{queue='%s'}" .Labels.queue | query }}{{ $own := . | first | value }}`,
  " At this rate the queue {{ if gt $own 1e9 }}never becomes empty{{ else }}is empty in {{ $own | humanizeDuration }}{{ end }}.",
  "{{ end }}",
  '{{ with query "mastodon:work_done_seconds" }}{{ $all := . | first | value }}{{ if lt $all 1e9 }}',
  " By the work that waits, all are empty in {{ $all | humanizeDuration }}.",
  "{{ end }}{{ end }}",
].join("");

/** Of the alarm's pool. A worker that was replaced within the day is among them. */
const NOT_SEEN = [
  `{{ with printf "group by (machine) (last_over_time(mastodon_machine_processes{pool='%s'}[1d])) unless on (machine) mastodon_machine_processes" .Labels.pool | query }}`,
  ' Seen within the last day, and not now:{{ range $i, $one := . | sortByLabel "machine" }}',
  "{{ if $i }},{{ end }} {{ .Labels.machine }}{{ end }}.",
  "{{ end }}",
].join("");

/** Main's; workers send no names of units. */
const FAILED_UNITS = [
  '{{ if eq .Labels.pool "main" }}{{ range $i, $one := query "mastodon_unit_failed" | sortByLabel "unit" }}',
  "{{ if $i }},{{ else }}:{{ end }} {{ .Labels.unit }}",
  "{{ end }}{{ end }}",
].join("");

/** What is looked up when an alarm is raised, as a list of alarms shows it. */
export const LOOKED_UP: readonly (readonly [template: string, shown: string])[] = [
  [EMPTY, " At this rate the queue is empty in …."],
  [NOT_SEEN, ""],
  [FAILED_UNITS, ""],
];

const AGE = "{{ $value | humanizeDuration }}";
const PERCENT = "{{ $value | humanizePercentage }}";

/** Sources of the probe, and Prometheus' own targets: each is an alarm when it is missing. */
export const SOURCES = [
  "redis",
  "postgres",
  "pgbouncer",
  "posts",
  "nginx",
  "machine",
  "ports",
  "backup",
  "drill",
  "escrow",
  "housekeeping",
  "certificate",
] as const;
export const JOBS = ["node", "streaming", "alertmanager", "prometheus"] as const;

const absences = [
  ...JOBS.map((job) => `absent(up{job="${job}"})`),
  ...SOURCES.map((source) => `absent(mastodon_source_up{source="${source}"})`),
];

export const ALARMS: readonly Alarm[] = [
  {
    name: "QueueLate",
    severity: "warning",
    expression: "mastodon_queue_latency_seconds > on (queue) mastodon_queue_target_seconds",
    for: "5m",
    says: `The oldest job in {{ .Labels.queue }} has waited for ${AGE}.${EMPTY}`,
  },
  {
    name: "QueueWithoutConsumer",
    severity: "critical",
    // A worker that restarts says so.
    expression:
      "mastodon_queue_processes == 0 and mastodon_queue_processes_planned > 0 unless on () mastodon_machines_leaving > 0",
    for: "20s",
    says: "No process serves {{ .Labels.queue }}: its jobs wait.",
  },
  {
    name: "TwoSchedulers",
    severity: "critical",
    expression: 'mastodon_queue_processes{queue="scheduler"} > 1',
    for: "2m",
    says: "{{ $value }} processes serve scheduler: each periodic job runs that many times.",
  },
  {
    name: "SidekiqProcessesMissing",
    severity: "warning",
    expression: "mastodon_machine_processes < mastodon_machine_processes_planned",
    for: "10m",
    says: "{{ .Labels.machine }} runs {{ $value }} Sidekiq processes, fewer than planned.",
  },
  {
    name: "WorkersMissing",
    severity: "warning",
    expression: "mastodon_pool_machines < mastodon_pool_machines_planned",
    // A new worker takes minutes to boot.
    for: "15m",
    says: `The pool {{ .Labels.pool }} has {{ $value }} workers, fewer than planned.${NOT_SEEN}`,
  },
  {
    name: "OtherRelease",
    severity: "warning",
    expression: "mastodon_machine_other_release > 0",
    for: "15m",
    says: "{{ .Labels.machine }} runs Sidekiq of another release than main.",
  },
  {
    name: "NoNewPosts",
    severity: "warning",
    expression: "time() - mastodon_newest_post_timestamp_seconds > on () mastodon_newest_post_target_seconds",
    for: "5m",
    says: `The newest public post from another server is ${AGE} old: the site is up, but it may not receive anything.`,
  },
  {
    name: "WebErrors",
    severity: "critical",
    expression: burning(14.4, "1h", "5m"),
    says: `${PERCENT} of web requests failed in the last hour.`,
  },
  {
    name: "WebErrorsSlow",
    severity: "warning",
    expression: burning(6, "6h", "30m"),
    says: `${PERCENT} of web requests failed in the last six hours.`,
  },
  {
    name: "StreamingDropped",
    severity: "warning",
    expression:
      "sum(connected_clients) < 0.5 * sum(connected_clients offset 10m) and sum(connected_clients offset 10m) >= 20",
    for: "3m",
    says: "Only {{ $value }} clients are connected to streaming, less than half as many as ten minutes before.",
  },
  {
    name: "ConnectionsNearLimit",
    severity: "warning",
    expression:
      "mastodon_postgres_connections / mastodon_postgres_connections_limit > 0.9 or mastodon_pgbouncer_clients / mastodon_pgbouncer_clients_limit > 0.9",
    for: "5m",
    says: `${PERCENT} of the connections that Postgres or pgbouncer allows are in use.`,
  },
  {
    name: "PgbouncerWaiting",
    severity: "warning",
    expression: "mastodon_pgbouncer_waiting > 0 and mastodon_pgbouncer_wait_seconds >= 1",
    for: "3m",
    says: "{{ $value }} clients of pgbouncer wait for a connection to Postgres.",
  },
  {
    name: "RedisMemory",
    severity: "critical",
    expression: "mastodon_redis_memory_bytes / mastodon_redis_memory_limit_bytes > 0.8",
    for: "2m",
    says: `Redis uses ${PERCENT} of its memory. When it is full, no job can be queued.`,
  },
  {
    name: "CpuStolen",
    severity: "warning",
    expression:
      "rate(mastodon_machine_steal_seconds_total[15m]) / rate(mastodon_machine_cpu_seconds_total[15m]) > 0.1",
    for: "15m",
    says: `Other customers' droplets take ${PERCENT} of the CPU time of {{ .Labels.machine }}.`,
  },
  {
    name: "DiskFillsUp",
    severity: "critical",
    // The short look back ends the alarm soon after what writes was stopped.
    expression: `mastodon_machine_disk_free_bytes / mastodon_machine_disk_bytes < 0.05 or (${["6h", "30m"].map((window) => `predict_linear(mastodon_machine_disk_free_bytes[${window}], 86400) < 0`).join(" and ")} and mastodon_machine_disk_free_bytes / mastodon_machine_disk_bytes < 0.3)`,
    for: "15m",
    says: "{{ .Labels.mount }} on {{ .Labels.machine }} is nearly full, or will be within a day.",
  },
  {
    name: "WalNotArchived",
    severity: "critical",
    expression: "mastodon_archive_failing == 1",
    // Postgres tries again three times at once, and then every minute.
    for: "1m",
    says: "The backup bucket takes no WAL: what is written now would be lost with the volume.",
  },
  {
    name: "BackupGap",
    severity: "critical",
    expression: "mastodon_backup_gap == 1",
    says: "The backup bucket was away for so long that WAL was given up. Some minutes cannot be restored, and nothing after them until the next backup.",
  },
  {
    name: "BackupLate",
    severity: "critical",
    expression:
      "time() - mastodon_backup_timestamp_seconds > on (part) mastodon_backup_target_seconds or mastodon_backup_failed == 1",
    for: "10m",
    says: "The last good backup ({{ .Labels.part }}) is too old, or the last one failed.",
  },
  {
    name: "DrillLate",
    severity: "warning",
    expression:
      "time() - mastodon_drill_timestamp_seconds > on () mastodon_drill_target_seconds or mastodon_drill_failed == 1",
    for: "10m",
    says: "No restore drill has passed for 35 days, or the last one failed: nobody knows whether the backups are good.",
  },
  {
    name: "EscrowLate",
    severity: "warning",
    expression: "mastodon_escrow_current == 0",
    // Time for the first one, and for the one after a secret has changed.
    for: "3d",
    says: "For three days, no escrow file has had this instance's secrets: if the state were lost, so were the keys of its backups and accounts.",
  },
  {
    name: "CertificateEnds",
    severity: "critical",
    expression: "mastodon_certificate_expiry_timestamp_seconds - time() < 14 * 86400",
    for: "1h",
    says: `The certificate is valid for only ${AGE} more, and has not been renewed.`,
  },
  {
    name: "PathRelayed",
    severity: "warning",
    expression: "mastodon_machine_relayed == 1",
    for: "15m",
    says: "Packets between {{ .Labels.machine }} and main go through a relay, at 1 to 5 MB/s.",
  },
  {
    name: "PortOpen",
    severity: "critical",
    expression: "mastodon_port_open == 1",
    says: "The internet reaches port {{ .Labels.port }} of {{ .Labels.machine }} at {{ .Labels.address }}, which should be closed.",
  },
  {
    name: "PortLookLate",
    severity: "warning",
    expression:
      "time() - mastodon_port_look_timestamp_seconds > on () group_left () mastodon_port_look_target_seconds",
    // A worker of an earlier version, which says nothing, is replaced within that time.
    for: "1h",
    says: "For three days, nobody has looked from outside at the ports of {{ .Labels.machine }} ({{ .Labels.address }}): one could be open, and nobody would know.",
  },
  {
    name: "ApplyFailed",
    severity: "warning",
    expression: "mastodon_machine_apply_failed == 1",
    for: "10m",
    says: "{{ .Labels.machine }} could not put its bundle into effect.",
  },
  {
    name: "UnitFailed",
    severity: "warning",
    expression: "mastodon_machine_failed_units > 0",
    for: "15m",
    says: `{{ $value }} systemd units have failed on {{ .Labels.machine }}${FAILED_UNITS}.`,
  },
  {
    name: "RebootNeeded",
    severity: "warning",
    expression: "mastodon_machine_reboot_required == 1",
    for: "3d",
    says: "{{ .Labels.machine }} has waited for three days for a reboot that an update asks for.",
  },
  {
    name: "MeasurementMissing",
    severity: "critical",
    expression: [
      "up == 0",
      "mastodon_source_up == 0",
      "time() - node_textfile_mtime_seconds > 120",
      ...absences,
    ].join(" or "),
    for: "3m",
    says: "{{ or .Labels.source .Labels.job }} gives no measurements: no alarm about it would be raised.",
  },
  {
    name: "AlarmsNotSent",
    severity: "critical",
    expression: "sum by (integration) (increase(alertmanager_notifications_failed_total[15m])) > 0",
    for: "5m",
    says: "Alarms could not be sent by {{ .Labels.integration }}.",
  },
];

/** Always raised, and sent to the dead man's switch: if it stops, main or its watch is down. */
export const WATCHDOG = "Watchdog";
