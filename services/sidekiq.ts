/** Mastodon's Sidekiq processes, one container each. */
import {
  leadingQueue,
  mayTranscode,
  queueNames,
  type SidekiqProcess,
  sidekiqArguments,
  sidekiqThreads,
} from "../catalogue/queues";
import type { Container } from "./compose";
import type { HostInputs } from "./inputs";
import { type MemoryLine, service } from "./service";
import type { MainSizes, SizedProcess, WorkerSizes } from "./sizes";

/** First of the loopback ports for Sidekiq's metrics; each process has one port. */
const METRICS_PORT = 9400;

/**
 * A file in the image's tmp folder; it exists from the end of Sidekiq's boot until Sidekiq ends
 * (mastodon/mastodon:config/initializers/sidekiq.rb).
 */
const SIDEKIQ_READY_FILENAME = "sidekiq_process_has_started_and_will_begin_processing_jobs";

/**
 * How much RAM is kept free for what comes and goes, such as an ffmpeg or a tootctl: enough for a 1080p video. A 2160p one needs more. It
 * takes RAM that is free, or for some minutes pushes what nobody uses into swap. Two at once may be one too many: then ffmpeg is killed.
 */
const PASSING_MIB = 448;

/**
 * What one Sidekiq process takes without ffmpeg. Measured: 300 MiB idle, up to 440 with 2 threads after 16 minutes of work, 498 and
 * rising with 15. A straight line a little above both, rounded up to 16 MiB. Published are up to 0.8 GiB: the container's limit is above that.
 */
export function sidekiqMemoryMiB({
  threads,
  memoryMiB,
}: Pick<SidekiqProcess, "threads" | "memoryMiB">): number {
  return memoryMiB ?? Math.ceil((428 + 8.5 * threads) / 16) * 16;
}

/** One line for each entry, with the number of replicas. */
const memoryOfProcesses = (processes: readonly SidekiqProcess[]): MemoryLine[] =>
  processes.map((process) => ({
    item: `Sidekiq ${queueNames(process).join(",")}${process.replicas === 1 ? "" : ` × ${process.replicas}`}`,
    mib: sidekiqMemoryMiB(process) * process.replicas,
  }));

/** One container for each replica: `sidekiq-LEADING_QUEUE-NUMBER`. */
export function sidekiqContainers(processes: readonly SizedProcess[]): Record<string, Container> {
  const replicas = processes.flatMap((process) => Array.from({ length: process.replicas }, () => process));
  const numbers = new Map<string, number>();
  return Object.fromEntries(
    replicas.map((process, index) => {
      const queue = leadingQueue(process);
      const number = (numbers.get(queue) ?? 0) + 1;
      numbers.set(queue, number);
      return [`sidekiq-${queue}-${number}`, sidekiqContainer(process, METRICS_PORT + index)];
    }),
  );
}

const sidekiqContainer = (process: SizedProcess, metricsPort: number): Container => ({
  image: "mastodon",
  // After a crash the file remains, and a restarted container would keep it: it would count as booted at once.
  command: [
    ...["sh", "-c", 'rm -f "tmp/$MASTODON_SIDEKIQ_READY_FILENAME" && exec "$@"', "sh"],
    ...["bundle", "exec", "sidekiq"],
    // The release of each process: shown at /sidekiq, and read by an upgrade.
    "--tag",
    { variable: "MASTODON_VERSION" },
    ...sidekiqArguments(process),
  ],
  memoryMiB: process.limitMiB,
  environment: {
    MASTODON_SIDEKIQ_READY_FILENAME: SIDEKIQ_READY_FILENAME,
    MASTODON_PROMETHEUS_EXPORTER_ENABLED: "true",
    // In the process itself, instead of in a separate collector.
    MASTODON_PROMETHEUS_EXPORTER_LOCAL: "true",
    MASTODON_PROMETHEUS_EXPORTER_HOST: "127.0.0.1",
    MASTODON_PROMETHEUS_EXPORTER_PORT: String(metricsPort),
    MASTODON_PROMETHEUS_EXPORTER_SIDEKIQ_DETAILED_METRICS: "true",
  },
  // Healthy: it has booted, and its own web server for metrics gives any answer. A process that hangs gives none.
  healthcheck: [
    ...["sh", "-c"],
    `test -e "tmp/$MASTODON_SIDEKIQ_READY_FILENAME" && curl -sS --noproxy 127.0.0.1 -o /dev/null http://127.0.0.1:${metricsPort}/`,
  ],
  // If 25 threads all compute, they pass Ruby's lock around, and each of the few steps of an answer waits for 2.5 s of their work.
  healthTimeoutSeconds: 60,
  // After TERM, Sidekiq lets jobs finish for 25 s and then pushes them back; Docker's default is to kill after 10 s.
  stopGraceSeconds: 40,
});

const anywhere = {
  containers: ({ sizing }: HostInputs) => sidekiqContainers(sizing.sidekiq),
  // The number of processes that register in Redis.
  hostEnv: ({ sizing }: HostInputs) => ({
    SIDEKIQ_PROCESSES: sizing.sidekiq.reduce((sum, { replicas }) => sum + replicas, 0),
  }),
};

export const sidekiqOnMain = service({
  name: "Sidekiq on main",
  ...anywhere,
  memory: ({ sidekiq }: MainSizes) => [
    ...memoryOfProcesses(sidekiq),
    // Web receives uploads, and tootctl and backups run on main.
    { item: "ffmpeg, tootctl or a backup", mib: PASSING_MIB },
  ],
  connections: ({ sidekiq }: Pick<MainSizes, "sidekiq">) => [
    { item: "Sidekiq on main", connections: sidekiqThreads(sidekiq) },
  ],
});

export const sidekiqOnWorkers = service({
  name: "Sidekiq on workers",
  ...anywhere,
  memory: ({ sidekiq }: WorkerSizes) => [
    ...memoryOfProcesses(sidekiq),
    ...(sidekiq.some(mayTranscode) ? [{ item: "ffmpeg", mib: PASSING_MIB }] : []),
  ],
});
