/**
 * What raises each alarm and what ends it, as series in promtool's notation, one value each 15 s: `0x40` is a constant for ten minutes,
 * `0+15x40` rises by 15 each time, `_` is a missing value. Times are minutes.
 */
export interface AlarmCase {
  /** What happens, in words. */
  name: string;
  /** Minutes between two values and between two evaluations, instead of 15 s: for what takes days. */
  every?: number;
  series: Readonly<Record<string, string>>;
  /** Not yet raised: the cause is there for too short a time. */
  quiet?: readonly number[];
  raised: readonly number[];
  /** After the cause has gone. */
  over: readonly number[];
  /** Of the raised one, apart from `severity`. */
  labels: Readonly<Record<string, string>>;
  says: string;
}

/** Values for so many minutes. */
const minutes = (value: string, count: number) => `${value}x${count * 4 - 1}`;
const then = (...parts: string[]) => parts.join(" ");

const worker = '{machine="w1",pool="general"}';
const workerLabels = { machine: "w1", pool: "general" };

const SOURCES = [
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
];
const JOBS = ["node", "streaming", "alertmanager", "prometheus"];

/** Every measurement there, but for some. */
const measuring = (changes: Readonly<Record<string, string>>) => ({
  ...Object.fromEntries([
    ...SOURCES.map((source) => [`mastodon_source_up{source="${source}",job="node"}`, minutes("1", 30)]),
    ...JOBS.map((job) => [`up{job="${job}"}`, minutes("1", 30)]),
  ]),
  ...changes,
});

/** Requests at one a second, of which a share fails. */
const requests = (...shares: readonly [percent: number, minutes: number][]) => {
  let [good, bad] = [0, 0];
  const values = { good: [] as number[], bad: [] as number[] };
  for (const [percent, length] of shares)
    for (let i = 0; i < length * 4; i++) {
      good += (15 * (100 - percent)) / 100;
      bad += (15 * percent) / 100;
      values.good.push(good);
      values.bad.push(bad);
    }
  return {
    'mastodon_web_requests_total{code="2xx"}': values.good.join(" "),
    'mastodon_web_requests_total{code="5xx"}': values.bad.join(" "),
  };
};

export const CASES: Readonly<Record<string, readonly AlarmCase[]>> = {
  QueueLate: [
    {
      name: "a queue that shrinks by 60 jobs a minute",
      series: {
        'mastodon_queue_latency_seconds{queue="push"}': then(minutes("400", 20), minutes("10", 10)),
        'mastodon_queue_target_seconds{queue="push"}': minutes("300", 30),
        'mastodon_queue_backlog{queue="push"}': then("3000-15x79", minutes("0", 10)),
      },
      quiet: [4],
      raised: [12],
      over: [21],
      labels: { queue: "push" },
      says: "The oldest job in push has waited for 6m 40s. At this rate the queue is empty in 38m 0s.",
    },
    {
      name: "a queue that grows",
      series: {
        'mastodon_queue_latency_seconds{queue="push"}': then(minutes("400", 20), minutes("10", 10)),
        'mastodon_queue_target_seconds{queue="push"}': minutes("300", 30),
        'mastodon_queue_backlog{queue="push"}': "3000+15x120",
      },
      raised: [12],
      over: [21],
      labels: { queue: "push" },
      says: "The oldest job in push has waited for 6m 40s. At this rate the queue never becomes empty.",
    },
    {
      name: "a queue that waits for another, which shrinks",
      series: {
        'mastodon_queue_latency_seconds{queue="pull"}': then(minutes("400", 20), minutes("10", 10)),
        'mastodon_queue_target_seconds{queue="pull"}': minutes("300", 30),
        'mastodon_queue_backlog{queue="pull"}': "3000+1x120",
        'mastodon_queue_backlog{queue="ingress"}': "20000-100x120",
        'mastodon_plan_job_cpu_seconds{queue="pull", group="push"}': minutes("0.02", 30),
        'mastodon_plan_job_cpu_seconds{queue="ingress", group="push"}': minutes("0.04", 30),
      },
      raised: [15],
      over: [21],
      labels: { queue: "pull" },
      says: "The oldest job in pull has waited for 6m 40s. At this rate the queue never becomes empty. By the work that waits, all are empty in 39m 1s.",
    },
  ],
  QueueWithoutConsumer: [
    {
      name: "the last process of pull ends, and is back after five minutes",
      series: {
        'mastodon_queue_processes{queue="pull"}': then(minutes("1", 5), minutes("0", 5), minutes("1", 5)),
        'mastodon_queue_processes_planned{queue="pull"}': minutes("1", 15),
        mastodon_machines_leaving: minutes("0", 15),
      },
      quiet: [4, 5],
      raised: [6],
      over: [11],
      labels: { queue: "pull" },
      says: "No process serves pull: its jobs wait.",
    },
    {
      name: "its worker restarts on purpose, and does not come back",
      series: {
        'mastodon_queue_processes{queue="pull"}': then(minutes("0", 15), minutes("1", 5)),
        'mastodon_queue_processes_planned{queue="pull"}': minutes("1", 20),
        mastodon_machines_leaving: then(minutes("1", 10), minutes("0", 10)),
      },
      quiet: [5, 9],
      raised: [11],
      over: [16],
      labels: { queue: "pull" },
      says: "No process serves pull: its jobs wait.",
    },
  ],
  TwoSchedulers: [
    {
      name: "a second scheduler for five minutes",
      series: {
        'mastodon_queue_processes{queue="scheduler"}': then(
          minutes("1", 5),
          minutes("2", 5),
          minutes("1", 5),
        ),
      },
      quiet: [6],
      raised: [8],
      over: [11],
      labels: { queue: "scheduler" },
      says: "2 processes serve scheduler: each periodic job runs that many times.",
    },
  ],
  SidekiqProcessesMissing: [
    {
      name: "one of two processes is gone for 20 minutes",
      series: {
        [`mastodon_machine_processes${worker}`]: then(minutes("1", 20), minutes("2", 5)),
        [`mastodon_machine_processes_planned${worker}`]: minutes("2", 25),
      },
      quiet: [8],
      raised: [12],
      over: [21],
      labels: workerLabels,
      says: "w1 runs 1 Sidekiq processes, fewer than planned.",
    },
  ],
  WorkersMissing: [
    {
      name: "one of two workers is gone for half an hour",
      series: {
        'mastodon_pool_machines{pool="general"}': then(minutes("1", 30), minutes("2", 5)),
        'mastodon_pool_machines_planned{pool="general"}': minutes("2", 35),
        [`mastodon_machine_processes${worker}`]: minutes("2", 35),
        'mastodon_machine_processes{machine="w2",pool="general"}': `2 stale ${minutes("_", 29)} ${minutes("2", 5)}`,
        'mastodon_machine_processes{machine="w3",pool="media"}': `2 stale ${minutes("_", 34)}`,
      },
      quiet: [14],
      raised: [16],
      over: [31],
      labels: { pool: "general" },
      says: "The pool general has 1 workers, fewer than planned. Seen within the last day, and not now: w2.",
    },
  ],
  OtherRelease: [
    {
      name: "a worker stays behind after an upgrade",
      series: { [`mastodon_machine_other_release${worker}`]: then(minutes("2", 20), minutes("0", 5)) },
      quiet: [14],
      raised: [16],
      over: [21],
      labels: workerLabels,
      says: "w1 runs Sidekiq of another release than main.",
    },
  ],
  NoNewPosts: [
    {
      name: "the newest post is 55 minutes old and grows older, then one arrives",
      series: {
        mastodon_newest_post_timestamp_seconds: then(minutes("-3300", 20), minutes("1200", 10)),
        mastodon_newest_post_target_seconds: minutes("3600", 30),
      },
      quiet: [4, 9],
      raised: [11],
      over: [21],
      labels: {},
      says: "The newest public post from another server is 1h 6m 0s old: the site is up, but it may not receive anything.",
    },
  ],
  WebErrors: [
    {
      name: "a tenth of all requests fails for an hour",
      series: requests([0, 60], [10, 60], [0, 20]),
      quiet: [60, 75],
      raised: [115],
      over: [130],
      labels: {},
      says: "9.208% of web requests failed in the last hour.",
    },
  ],
  WebErrorsSlow: [
    {
      name: "four percent of all requests fail for six hours",
      series: requests([4, 360], [0, 60]),
      raised: [350],
      over: [400],
      labels: {},
      says: "4% of web requests failed in the last six hours.",
    },
  ],
  StreamingDropped: [
    {
      name: "three of four clients are cut off for eight minutes",
      series: {
        'connected_clients{type="websocket"}': then(minutes("100", 20), minutes("25", 8), minutes("90", 10)),
      },
      quiet: [20, 22],
      raised: [24],
      over: [29],
      labels: {},
      says: "Only 25 clients are connected to streaming, less than half as many as ten minutes before.",
    },
  ],
  ConnectionsNearLimit: [
    {
      name: "Postgres has 95 of 100 connections",
      series: {
        mastodon_postgres_connections: then(minutes("95", 10), minutes("40", 5)),
        mastodon_postgres_connections_limit: minutes("100", 15),
        mastodon_pgbouncer_clients: minutes("30", 15),
        mastodon_pgbouncer_clients_limit: minutes("100", 15),
      },
      quiet: [4],
      raised: [6],
      over: [11],
      labels: {},
      says: "95% of the connections that Postgres or pgbouncer allows are in use.",
    },
  ],
  PgbouncerWaiting: [
    {
      name: "seven clients wait for seconds",
      series: {
        mastodon_pgbouncer_waiting: then(minutes("7", 6), minutes("0", 5)),
        mastodon_pgbouncer_wait_seconds: then(minutes("3", 6), minutes("0", 5)),
      },
      quiet: [2],
      raised: [4],
      over: [7],
      labels: {},
      says: "7 clients of pgbouncer wait for a connection to Postgres.",
    },
  ],
  RedisMemory: [
    {
      name: "five sixths are full",
      series: {
        mastodon_redis_memory_bytes: then(minutes("500", 6), minutes("300", 5)),
        mastodon_redis_memory_limit_bytes: minutes("600", 11),
      },
      quiet: [1],
      raised: [3],
      over: [7],
      labels: {},
      says: "Redis uses 83.33% of its memory. When it is full, no job can be queued.",
    },
  ],
  CpuStolen: [
    {
      name: "a fifth of two cores is taken for 40 minutes",
      series: {
        [`mastodon_machine_steal_seconds_total${worker}`]: then("0+6x239", minutes("1434", 40)),
        [`mastodon_machine_cpu_seconds_total${worker}`]: "0+30x400",
      },
      quiet: [10],
      raised: [30],
      over: [80],
      labels: workerLabels,
      says: "Other customers' droplets take 20% of the CPU time of w1.",
    },
  ],
  DiskFillsUp: [
    {
      name: "a volume that would be full in some hours, until something is deleted",
      series: {
        'mastodon_machine_disk_free_bytes{machine="m",pool="main",mount="/srv/data"}': then(
          "29000-10x239",
          minutes("60000", 60),
        ),
        'mastodon_machine_disk_bytes{machine="m",pool="main",mount="/srv/data"}': minutes("100000", 120),
      },
      quiet: [10],
      raised: [40],
      over: [62],
      labels: { machine: "m", pool: "main", mount: "/srv/data" },
      says: "/srv/data on m is nearly full, or will be within a day.",
    },
    {
      name: "what filled it was stopped, and its files are still there",
      series: {
        'mastodon_machine_disk_free_bytes{machine="m",pool="main",mount="/"}': then(
          "29000-10x239",
          minutes("26600", 60),
        ),
        'mastodon_machine_disk_bytes{machine="m",pool="main",mount="/"}': minutes("100000", 120),
      },
      quiet: [10],
      raised: [40, 62],
      over: [92],
      labels: { machine: "m", pool: "main", mount: "/" },
      says: "/ on m is nearly full, or will be within a day.",
    },
    {
      name: "a disk that is nearly full and stays so",
      series: {
        'mastodon_machine_disk_free_bytes{machine="m",pool="main",mount="/"}': then(
          minutes("400", 30),
          minutes("3000", 30),
        ),
        'mastodon_machine_disk_bytes{machine="m",pool="main",mount="/"}': minutes("10000", 60),
      },
      quiet: [14],
      raised: [16],
      over: [31],
      labels: { machine: "m", pool: "main", mount: "/" },
      says: "/ on m is nearly full, or will be within a day.",
    },
  ],
  BackupLate: [
    {
      name: "no backup for 26 hours, then one",
      series: {
        'mastodon_backup_timestamp_seconds{part="database"}': then(
          minutes("-93000", 40),
          minutes("2400", 10),
        ),
        'mastodon_backup_target_seconds{part="database"}': minutes("93600", 50),
        'mastodon_backup_timestamp_seconds{part="dump"}': minutes("-93000", 50),
        'mastodon_backup_target_seconds{part="dump"}': minutes("691200", 50),
        'mastodon_backup_failed{part="database"}': minutes("0", 50),
      },
      quiet: [9, 19],
      raised: [22],
      over: [41],
      labels: { part: "database" },
      says: "The last good backup (database) is too old, or the last one failed.",
    },
    {
      name: "one that failed, until the next succeeds",
      series: {
        'mastodon_backup_timestamp_seconds{part="redis"}': minutes("0", 40),
        'mastodon_backup_target_seconds{part="redis"}': minutes("3600", 40),
        'mastodon_backup_failed{part="redis"}': then(minutes("1", 30), minutes("0", 10)),
      },
      quiet: [9],
      raised: [11],
      over: [31],
      labels: { part: "redis" },
      says: "The last good backup (redis) is too old, or the last one failed.",
    },
  ],
  WalNotArchived: [
    {
      name: "an attempt that failed, then ten minutes without the bucket",
      series: { mastodon_archive_failing: "0x20 1x2 0x10 1x40 0x20" },
      quiet: [5, 6, 7, 9],
      raised: [11],
      over: [20],
      labels: {},
      says: "The backup bucket takes no WAL: what is written now would be lost with the volume.",
    },
  ],
  BackupGap: [
    {
      name: "WAL was given up, until the next backup begins",
      series: { mastodon_backup_gap: then(minutes("1", 5), minutes("0", 5)) },
      raised: [1],
      over: [6],
      labels: {},
      says: "The backup bucket was away for so long that WAL was given up. Some minutes cannot be restored, and nothing after them until the next backup.",
    },
  ],
  DrillLate: [
    {
      name: "none for 35 days, then one",
      series: {
        mastodon_drill_timestamp_seconds: then(minutes("-3023400", 40), minutes("2400", 10)),
        mastodon_drill_target_seconds: minutes("3024000", 50),
        mastodon_drill_failed: minutes("0", 50),
      },
      quiet: [9, 19],
      raised: [22],
      over: [41],
      labels: {},
      says: "No restore drill has passed for 35 days, or the last one failed: nobody knows whether the backups are good.",
    },
    {
      name: "one that failed, until one passes",
      series: {
        mastodon_drill_timestamp_seconds: minutes("0", 40),
        mastodon_drill_target_seconds: minutes("3024000", 40),
        mastodon_drill_failed: then(minutes("1", 30), minutes("0", 10)),
      },
      quiet: [9],
      raised: [11],
      over: [31],
      labels: {},
      says: "No restore drill has passed for 35 days, or the last one failed: nobody knows whether the backups are good.",
    },
  ],
  EscrowLate: [
    {
      name: "a secret has changed, and a new file comes after four days",
      every: 5,
      series: { mastodon_escrow_current: "0x1152 1x12" },
      quiet: [71 * 60],
      raised: [73 * 60],
      over: [96 * 60 + 10],
      labels: {},
      says: "For three days, no escrow file has had this instance's secrets: if the state were lost, so were the keys of its backups and accounts.",
    },
  ],
  CertificateEnds: [
    {
      name: "13.9 days are left, until it is renewed",
      series: {
        mastodon_certificate_expiry_timestamp_seconds: then(minutes("1206000", 90), minutes("7000000", 10)),
      },
      quiet: [30],
      raised: [65],
      over: [91],
      labels: {},
      says: "The certificate is valid for only 13d 21h 55m 0s more, and has not been renewed.",
    },
  ],
  PathRelayed: [
    {
      name: "UDP is blocked for half an hour",
      series: { [`mastodon_machine_relayed${worker}`]: then(minutes("1", 30), minutes("0", 5)) },
      quiet: [14],
      raised: [16],
      over: [31],
      labels: workerLabels,
      says: "Packets between w1 and main go through a relay, at 1 to 5 MB/s.",
    },
  ],
  PortOpen: [
    {
      name: "a look finds Postgres open, and a later one does not",
      series: {
        'mastodon_port_open{machine="w1",pool="general",address="192.0.2.8",port="5432"}': then(
          minutes("_", 5),
          minutes("1", 20),
          minutes("_", 10),
        ),
        'mastodon_ports_open{machine="w1",pool="general",address="192.0.2.8"}': then(
          minutes("0", 5),
          minutes("1", 20),
          minutes("0", 10),
        ),
      },
      quiet: [4],
      raised: [5, 20],
      // A series that ends counts for five more minutes.
      over: [32],
      labels: { ...workerLabels, address: "192.0.2.8", port: "5432" },
      says: "The internet reaches port 5432 of w1 at 192.0.2.8, which should be closed.",
    },
  ],
  PortLookLate: [
    {
      name: "one address is looked at each day, nobody has looked at the other since it began, until somebody does",
      every: 5,
      series: {
        mastodon_port_look_target_seconds: "259200x1200",
        'mastodon_port_look_timestamp_seconds{machine="main",pool="main",address="192.0.2.7"}':
          "0x287 86400x287 172800x287 259200x287 345600x50",
        'mastodon_port_look_timestamp_seconds{machine="w1",pool="general",address="192.0.2.8"}':
          "0x960 288000x240",
      },
      quiet: [71 * 60, 72 * 60 + 55],
      raised: [73 * 60 + 10, 79 * 60],
      over: [80 * 60 + 10],
      labels: { ...workerLabels, address: "192.0.2.8" },
      says: "For three days, nobody has looked from outside at the ports of w1 (192.0.2.8): one could be open, and nobody would know.",
    },
  ],
  ApplyFailed: [
    {
      name: "an apply fails for a quarter of an hour",
      series: { [`mastodon_machine_apply_failed${worker}`]: then(minutes("1", 15), minutes("0", 5)) },
      quiet: [9],
      raised: [11],
      over: [16],
      labels: workerLabels,
      says: "w1 could not put its bundle into effect.",
    },
  ],
  UnitFailed: [
    {
      name: "two units have failed for 20 minutes",
      series: { [`mastodon_machine_failed_units${worker}`]: then(minutes("2", 20), minutes("0", 5)) },
      quiet: [14],
      raised: [16],
      over: [21],
      labels: workerLabels,
      says: "2 systemd units have failed on w1.",
    },
    {
      name: "two units have failed on main, which names them",
      series: {
        'mastodon_machine_failed_units{machine="m",pool="main"}': then(minutes("2", 20), minutes("0", 5)),
        'mastodon_unit_failed{unit="mastodon-backup.service"}': minutes("1", 20),
        'mastodon_unit_failed{unit="certbot.service"}': minutes("1", 20),
      },
      raised: [16],
      over: [21],
      labels: { machine: "m", pool: "main" },
      says: "2 systemd units have failed on m: certbot.service, mastodon-backup.service.",
    },
  ],
  RebootNeeded: [
    {
      name: "an update waits for four days",
      every: 5,
      series: { [`mastodon_machine_reboot_required${worker}`]: "1x1152 0x12" },
      quiet: [71 * 60],
      raised: [73 * 60],
      over: [96 * 60 + 10],
      labels: workerLabels,
      says: "w1 has waited for three days for a reboot that an update asks for.",
    },
  ],
  MeasurementMissing: [
    ...SOURCES.map((source) => ({
      name: `${source} does not answer for ten minutes`,
      series: measuring({
        [`mastodon_source_up{source="${source}",job="node"}`]: then(minutes("0", 10), minutes("1", 20)),
      }),
      quiet: [2],
      raised: [4],
      over: [11],
      labels: { source, job: "node" },
      says: `${source} gives no measurements: no alarm about it would be raised.`,
    })),
    ...SOURCES.map((source) => ({
      name: `nothing is known of ${source} for ten minutes`,
      series: measuring({
        [`mastodon_source_up{source="${source}",job="node"}`]: then("_x39", minutes("1", 20)),
      }),
      quiet: [2],
      raised: [4],
      over: [11],
      labels: { source },
      says: `${source} gives no measurements: no alarm about it would be raised.`,
    })),
    ...JOBS.map((job) => ({
      name: `${job} does not answer for ten minutes`,
      series: measuring({ [`up{job="${job}"}`]: then(minutes("0", 10), minutes("1", 20)) }),
      quiet: [2],
      raised: [4],
      over: [11],
      labels: { job },
      says: `${job} gives no measurements: no alarm about it would be raised.`,
    })),
    ...JOBS.map((job) => ({
      name: `${job} is not asked for ten minutes`,
      series: measuring({ [`up{job="${job}"}`]: then("_x39", minutes("1", 20)) }),
      quiet: [2],
      raised: [4],
      over: [11],
      labels: { job },
      says: `${job} gives no measurements: no alarm about it would be raised.`,
    })),
    {
      name: "the probe hangs, and its file becomes old",
      series: measuring({
        'node_textfile_mtime_seconds{file="mastodon.prom",job="node"}': then(minutes("0", 12), "720+15x60"),
      }),
      quiet: [4],
      raised: [6],
      over: [13],
      labels: { file: "mastodon.prom", job: "node" },
      says: "node gives no measurements: no alarm about it would be raised.",
    },
  ],
  AlarmsNotSent: [
    {
      name: "a relay refuses mail for 20 minutes",
      series: {
        'alertmanager_notifications_failed_total{integration="email",reason="other"}': then(
          "0+1x79",
          minutes("79", 30),
        ),
      },
      quiet: [3],
      raised: [10],
      over: [40],
      labels: { integration: "email" },
      says: "Alarms could not be sent by email.",
    },
  ],
};
