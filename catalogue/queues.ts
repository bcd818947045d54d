/**
 * Mastodon 4.7's queues. `transcodes`: its jobs may start ffmpeg. In `default` that happens on a local upload
 * (app/workers/post_process_media_worker.rb), in `ingress` and `pull` on other servers' media (download_file! in
 * app/lib/activitypub/activity/create.rb and in redownload_media_worker.rb, and fetched threads). Weights:
 * mastodon/mastodon:config/sidekiq.yml. What runs where: the worker classes' `sidekiq_options queue:` and
 * docs.joinmastodon.org/admin/scaling. `fasp` is new (mastodon/mastodon#34965) and missing from most published splits: a queue that no
 * process serves grows forever.
 */
export const QUEUES = {
  default: {
    weight: 8,
    bound: "cpu",
    transcodes: true,
    does: "home feeds, local notifications, transcoding of video and audio",
  },
  push: { weight: 6, bound: "network", transcodes: false, does: "delivery of local posts to other servers" },
  ingress: {
    weight: 4,
    bound: "cpu",
    transcodes: true,
    does: "processing of what other servers deliver; many queries",
  },
  mailers: { weight: 2, bound: "network", transcodes: false, does: "mail" },
  pull: {
    weight: 1,
    bound: "network",
    transcodes: true,
    does: "threads, avatars, link previews, imports and archives",
  },
  scheduler: {
    weight: 1,
    bound: "cpu",
    transcodes: false,
    does: "enqueues the periodic jobs; in exactly one process",
  },
  fasp: { weight: 1, bound: "network", transcodes: false, does: "exchange with discovery providers (FASP)" },
} as const satisfies Record<
  string,
  { weight: number; bound: "cpu" | "network"; transcodes: boolean; does: string }
>;

export type QueueName = keyof typeof QUEUES;

export const QUEUE_NAMES = Object.keys(QUEUES) as QueueName[];

type Weights = Readonly<Partial<Record<QueueName, number | undefined>>>;

/** One kind of Sidekiq process. A list of queues is served in strict order, a map by weight. */
export interface SidekiqProcess {
  queues: readonly QueueName[] | Weights;
  threads: number;
  replicas: number;
  /** What one replica needs without ffmpeg; computed from its threads if absent. */
  memoryMiB?: number | undefined;
}

function isStrict(queues: SidekiqProcess["queues"]): queues is readonly QueueName[] {
  return Array.isArray(queues);
}

function weighted(queues: Weights): [QueueName, number][] {
  return Object.entries(queues).filter(([, weight]) => weight !== undefined) as [QueueName, number][];
}

/** The queues that a process serves, in the order in which they are written. */
export function queueNames(process: SidekiqProcess): QueueName[] {
  return isStrict(process.queues) ? [...process.queues] : weighted(process.queues).map(([name]) => name);
}

/** Whether a job of the process may start ffmpeg. */
export const mayTranscode = (process: SidekiqProcess): boolean =>
  queueNames(process).some((queue) => QUEUES[queue].transcodes);

/**
 * The queue that a process is named after: in strict order the first, otherwise the heaviest. If two are equally heavy, it is the one that
 * is heavier upstream.
 */
export function leadingQueue(process: SidekiqProcess): QueueName {
  const names = queueNames(process);
  const order = isStrict(process.queues)
    ? names
    : [...names].sort(
        (a, b) =>
          weightOf(process, b) - weightOf(process, a) || QUEUE_NAMES.indexOf(a) - QUEUE_NAMES.indexOf(b),
      );
  const [leading] = order;
  if (!leading) throw new Error("a Sidekiq process without a queue");
  return leading;
}

/** How often a process asks for a queue, relative to its others; the same for all in strict order, where only the order counts. */
export function weightOf({ queues }: SidekiqProcess, queue: QueueName): number {
  return isStrict(queues) ? 1 : (queues[queue] ?? 0);
}

/** The command line after `bundle exec sidekiq`: without weights Sidekiq serves strictly in order. */
export function sidekiqArguments(process: SidekiqProcess): string[] {
  const queues = isStrict(process.queues)
    ? process.queues
    : weighted(process.queues).map(([name, weight]) => `${name},${weight}`);
  return ["-c", String(process.threads), ...queues.flatMap((queue) => ["-q", queue])];
}

/** Threads of a list of processes on one droplet: all replicas, one droplet. */
export function sidekiqThreads(processes: readonly SidekiqProcess[]): number {
  return processes.reduce((sum, { threads, replicas }) => sum + threads * replicas, 0);
}
