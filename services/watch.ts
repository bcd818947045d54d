/** The watch on main: measurements, alarms, and who hears them. docs/watching.md, and decision 27. */
import { QUEUE_NAMES, type QueueName, queueNames, type SidekiqProcess } from "../catalogue/queues";
import { placedProcesses } from "../settings/fleet";
import { freshHours } from "./backup";
import { DRILL_FRESH_DAYS } from "./drill";
import { comeBack, dropIn, file, type HostFile, internal, LIBRARY, secretFile, step, unit } from "./hostFile";
import type { HostInputs, MainInputs } from "./inputs";
import { LOOK_FRESH_DAYS } from "./openPorts";
import { postgres } from "./postgres";
import { service } from "./service";
import type { MainSizes } from "./sizes";
import { JOBS } from "./watch/alarms";
import { PAGE_PORT, pageFiles } from "./watch/page";
import { alertmanagerYaml, alertSecrets } from "./watch/receivers";
import { remoteWriteConfig, remoteWriteFiles } from "./watch/remoteWrite";
import { rulesYaml } from "./watch/rules";

export const PROMETHEUS_PORT = 9090;
export const ALERTMANAGER_PORT = 9093;
const NODE_EXPORTER_PORT = 9100;
const STREAMING_PORT = 4000;

const DEBIANS = ["prometheus", "prometheus-alertmanager", "prometheus-node-exporter"] as const;
/** The services that run all the time. */
export const WATCH_UNITS = [...DEBIANS, "mastodon-probe"];

/** Prometheus keeps measurements for a month, and drops the oldest before they take more than this. */
const DAYS = 30;
export const WATCH_DISK_MIB = 512;

/** Prometheus collects garbage when it comes near the first, and is ended and started again at the second. */
const PROMETHEUS_MIB = 96;
const PROMETHEUS_MOST_MIB = 192;

/** Prometheus, Alertmanager, node exporter and probe together, as measured under load (docs/decisions/0027-watching.md). */
const WATCH_MIB = 192;

/** How long a job may wait before people notice, in seconds. Our choice. */
export const TARGETS: Record<QueueName, number> = {
  default: 60,
  push: 300,
  ingress: 300,
  mailers: 120,
  pull: 3600,
  scheduler: 300,
  fasp: 3600,
};

const replicasOf = (processes: readonly SidekiqProcess[]) =>
  processes.reduce((sum, { replicas }) => sum + replicas, 0);

/** What the probe compares with what it finds: queues, pools and machines as they are planned. */
function plan({ settings, names, sizing }: MainInputs) {
  const placed = placedProcesses(settings);
  const serving = (queue: QueueName) =>
    placed
      .filter(({ process }) => queueNames(process).includes(queue))
      .reduce((sum, { process, count }) => sum + process.replicas * count, 0);
  return {
    server: names.web,
    newestPost: settings.alerts.newestPostMinutes * 60,
    // Seconds, as all ages here.
    backups: Object.fromEntries(
      Object.entries(freshHours(settings)).map(([part, hours]) => [part, hours * 3600]),
    ),
    drill: DRILL_FRESH_DAYS * 86_400,
    look: LOOK_FRESH_DAYS * 86_400,
    pgbouncerClients: sizing.pgbouncer.maxClientConnections,
    postgresMiB: (postgres.memory?.(sizing) ?? []).reduce((sum, { mib }) => sum + mib, 0),
    queues: Object.fromEntries(
      QUEUE_NAMES.map((queue) => [queue, { target: TARGETS[queue], processes: serving(queue) }]),
    ),
    pools: Object.fromEntries(settings.workers.map(({ name, count }) => [name, count])),
    machines: {
      main: replicasOf(settings.main.sidekiq),
      ...Object.fromEntries(settings.workers.map(({ name, sidekiq }) => [name, replicasOf(sidekiq)])),
    },
  };
}

/** More than this many series of one target are refused: a source that runs wild costs its own measurements only. */
const MOST_SERIES = 3000;
/**
 * Prometheus 2.53 marks series as stale that it has refused for their number, and keeps these in memory for hours: as many as fit into an
 * answer.
 */
const MOST_BYTES = "512KB";

const ADDRESSES: Record<(typeof JOBS)[number], number> = {
  node: NODE_EXPORTER_PORT,
  streaming: STREAMING_PORT,
  alertmanager: ALERTMANAGER_PORT,
  prometheus: PROMETHEUS_PORT,
};

/** What is kept of a target that says more than anybody asks. */
const KEPT: Partial<Record<(typeof JOBS)[number], string>> = {
  streaming: "connected_clients|connected_channels|messages_sent_total|redis_messages_received_total",
  alertmanager: "alertmanager_notifications(_failed)?_total",
  prometheus: "prometheus_tsdb_head_series|prometheus_tsdb_storage_blocks_bytes|process_.*",
};

/** JSON, which is YAML too. */
function prometheusYaml(inputs: MainInputs): string {
  const { labels, rest } = remoteWriteConfig(inputs);
  return `${JSON.stringify(
    {
      global: { scrape_interval: "15s", evaluation_interval: "15s", body_size_limit: MOST_BYTES, ...labels },
      rule_files: ["/etc/mastodon-host/alarms.yml"],
      alerting: {
        alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${ALERTMANAGER_PORT}`] }] }],
      },
      scrape_configs: JOBS.map((job) => ({
        job_name: job,
        sample_limit: MOST_SERIES,
        static_configs: [{ targets: [`127.0.0.1:${ADDRESSES[job]}`] }],
        ...(KEPT[job]
          ? { metric_relabel_configs: [{ source_labels: ["__name__"], regex: KEPT[job], action: "keep" }] }
          : {}),
      })),
      ...rest,
    },
    null,
    1,
  )}\n`;
}

/** The relay's password and the addresses of receivers: read by systemd as root, for Alertmanager alone. */
function alertmanagerFiles({ settings, names, secrets }: MainInputs): HostFile[] {
  const held = alertSecrets(settings, secrets);
  const credentials = Object.keys(held).map(
    (name) => `LoadCredential=${name}:/etc/mastodon-host/secrets/${name}\n`,
  );
  const conf = dropIn("prometheus-alertmanager", "watch/alertmanager.conf", { PORT: ALERTMANAGER_PORT });
  return [
    ...Object.entries(held).map(([name, content]) => secretFile(name, content)),
    {
      path: "/etc/mastodon-host/alertmanager.yml",
      content: alertmanagerYaml(settings, names.web, Object.keys(held)),
    },
    { ...conf, content: conf.content + credentials.join("") },
  ];
}

const workFile = () => file(`${LIBRARY}/work.py`, "watch/work.py");

/** What the scripts that restart something call. It does nothing where there is no watch yet. */
export const silence = service({
  name: "silence",
  hostEnv: ({ sizing }: MainInputs) => ({ WATCH: sizing.watch ? 1 : 0 }),
  files: (_: MainInputs) => [internal("watch/silence", { PORT: ALERTMANAGER_PORT })],
});

export const watch = service({
  name: "watch",
  late: true,
  packages: DEBIANS,
  ports: [{ port: PAGE_PORT, from: "administrators" }],
  opens: ({ main }) => main.watch,
  memory: ({ watch }: MainSizes) => (watch ? [{ item: "watch", mib: WATCH_MIB }] : []),
  shown: ({ watch }: MainSizes) =>
    watch ? `watch (Prometheus for ${DAYS} days, alarms, a page on ${PAGE_PORT})` : "no watch",
  files: (inputs: MainInputs) => [
    step("watch/82-watch"),
    ...(inputs.sizing.watch
      ? [
          internal("watch/probe"),
          workFile(),
          unit("watch/mastodon-probe.service"),
          { path: "/etc/mastodon-host/watch.json", content: `${JSON.stringify(plan(inputs))}\n` },
          dropIn("prometheus-node-exporter", "watch/node-exporter.conf", { PORT: NODE_EXPORTER_PORT }),
          { path: "/etc/mastodon-host/prometheus.yml", content: prometheusYaml(inputs) },
          { path: "/etc/mastodon-host/alarms.yml", content: rulesYaml() },
          dropIn("prometheus", "watch/prometheus.conf", {
            PORT: PROMETHEUS_PORT,
            DAYS,
            DISK_MIB: WATCH_DISK_MIB,
            MEMORY_MIB: PROMETHEUS_MIB,
            MOST_MIB: PROMETHEUS_MOST_MIB,
          }),
          ...remoteWriteFiles(inputs),
          ...alertmanagerFiles(inputs),
          ...pageFiles(inputs, PROMETHEUS_PORT),
          ...comeBack(...DEBIANS),
        ]
      : []),
  ],
});

/** What each machine says of itself, and on a worker what Sidekiq did: its supervisor sends both to main. Main's own work comes with the watch. */
export const machineFacts = service({
  name: "facts",
  files: ({ role }: HostInputs) => [
    file(`${LIBRARY}/facts.py`, "watch/facts.py"),
    ...(role === "worker" ? [workFile()] : []),
  ],
});
