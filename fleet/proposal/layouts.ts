/** The layouts that `npm run size` tries: which processes run on a main and on a worker with a given number of cores. */
import { type DropletSize, dropletSize, dropletSlugs } from "../../catalogue/droplets";
import { QUEUE_NAMES, QUEUES, type QueueName, type SidekiqProcess } from "../../catalogue/queues";
import { MOST_REPLICAS } from "../../settings/schema/machines";
import { MOST_THREADS } from "../verdict/findings";

const EVERYTHING = QUEUE_NAMES.filter((queue) => queue !== "scheduler");

const weights = (queues: readonly QueueName[]) =>
  Object.fromEntries(queues.map((queue) => [queue, QUEUES[queue].weight]));

const scheduler: SidekiqProcess = { queues: ["scheduler"], threads: 2, replicas: 1 };
const general = (threads: number, replicas = 1): SidekiqProcess => ({
  queues: weights(EVERYTHING),
  threads,
  replicas,
});
const withScheduler = (threads: number): SidekiqProcess => ({
  queues: weights(QUEUE_NAMES),
  threads,
  replicas: 1,
});

/** Of 50 jobs in a backlog, 34 are in `default` and 8 in `ingress`: shares that empty both at the same time. */
const CPU_BOUND = { ...weights(["default"]), ingress: 2 };
/** Few threads where the CPU is the bound, many where other servers' answers are; most of the latter's core is left for the former. */
const cpuBound = (replicas: number): SidekiqProcess => ({ queues: CPU_BOUND, threads: 5, replicas });
const networkBound = (replicas: number): SidekiqProcess => ({
  queues: { ...CPU_BOUND, ...weights(["push", "mailers", "fasp"]), pull: 2 },
  threads: 15,
  replicas,
});

/** A worker with one process per core. */
export function workerForms(vcpus: number): SidekiqProcess[][] {
  const half = vcpus / 2;
  return [
    ...(Number.isInteger(half) ? [[cpuBound(half), networkBound(half)]] : []),
    [general(10, vcpus)],
  ].filter((form) => form.every(({ replicas }) => replicas <= MOST_REPLICAS));
}

/**
 * Main next to workers: the scheduler, and a process that serves every queue a little, so that no queue depends on the workers' account. If
 * memory is short, one process does both.
 */
export const mainForms = (): SidekiqProcess[][] => [
  [general(2, 2), scheduler],
  ...[2, 5].map((threads) => [general(threads), scheduler]),
  ...[2, 5].map((threads) => [withScheduler(threads)]),
];

/** Main alone. Sidekiq gets up to half of its cores: the other half is for web. */
export function loneForms(vcpus: number): SidekiqProcess[][] {
  const replicas = Array.from({ length: Math.max(Math.floor(vcpus / 2), 1) }, (_, i) => i + 1);
  const threads = [5, 15, MOST_THREADS];
  return [
    ...threads.map((n) => [withScheduler(n)]),
    ...replicas.flatMap((replica) => threads.map((n) => [general(n, replica), scheduler])),
  ];
}

/** A number of cores of one kind, with the catalogue's sizes that have it, the cheapest first. */
export interface Cores {
  vcpus: number;
  cpu: DropletSize["cpu"];
  sizes: readonly DropletSize[];
}

/**
 * The whole catalogue by what the model needs from a size: cores decide the speed, and memory only has to suffice. So for each number of
 * cores, the cheapest size with enough memory is exactly the best one.
 */
export function catalogueByCores(): Cores[] {
  const sizes = dropletSlugs()
    .flatMap((slug) => dropletSize(slug) ?? [])
    .toSorted((a, b) => a.priceMonthly - b.priceMonthly || a.slug.length - b.slug.length);
  const groups = new Map<string, DropletSize[]>();
  for (const size of sizes) {
    const key = `${size.cpu} ${size.vcpus}`;
    groups.set(key, [...(groups.get(key) ?? []), size]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ vcpus: first.vcpus, cpu: first.cpu, sizes: group }] : [];
  });
}
