/** Changes of single settings of a fleet: what a verdict tries before it recommends one. */
import { type DropletSize, dropletFamily, dropletSize, dropletSlugs } from "../../catalogue/droplets";
import { QUEUES, type QueueName, queueNames, type SidekiqProcess } from "../../catalogue/queues";
import { MOST_DROPLETS, MOST_REPLICAS } from "../../settings/schema/machines";
import { type Fleet, type FleetHost, monthlyUsd } from "../model/fleet";
import { MOST_THREADS } from "./findings";

export interface Change {
  /** The setting: `workers[0].count`. */
  key: string;
  /** Its value before and after, as the stack file spells it. */
  from: string;
  to: string;
  fleet: Fleet;
  /** How many USD more per month. */
  extraUsd: number;
}

/** Values of one setting, the nearest first: the first that helps is the smallest change. */
export type Ladder = Change[];

/** Index of a host, and index of a process on that host. */
export type Place = readonly [host: number, process: number];

export const hostAt = ({ hosts }: Fleet, host: number) => hosts[host] as FleetHost;
export const processAt = (fleet: Fleet, [host, process]: Place) =>
  hostAt(fleet, host).sidekiq[process] as SidekiqProcess;

/** What is tried for a process. */
type SetField = "queues" | "threads" | "replicas";
type Setting = Pick<Change, "key" | "from" | "to">;

function changed(fleet: Fleet, host: number, patch: Partial<FleetHost>, setting: Setting): Change {
  const hosts = fleet.hosts.map((one, h) => (h === host ? { ...one, ...patch } : one));
  const after: Fleet = { ...fleet, hosts };
  return { ...setting, fleet: after, extraUsd: monthlyUsd(after) - monthlyUsd(fleet) };
}

export function changedProcess(
  fleet: Fleet,
  place: Place,
  field: SetField,
  patch: Partial<SidekiqProcess>,
): Change {
  const [host, process] = place;
  const { key, sidekiq } = hostAt(fleet, host);
  const before = processAt(fleet, place);
  const after = { ...before, ...patch };
  return changed(
    fleet,
    host,
    { sidekiq: sidekiq.map((one, p) => (p === process ? after : one)) },
    { key: `${key}.sidekiq[${process}].${field}`, from: shown(before[field]), to: shown(after[field]) },
  );
}

const above = (from: number, most: number) =>
  Array.from({ length: Math.max(most - from, 0) }, (_, i) => from + 1 + i);

export const threadsLadder = (fleet: Fleet, place: Place): Ladder =>
  above(processAt(fleet, place).threads, MOST_THREADS).map((threads) =>
    changedProcess(fleet, place, "threads", { threads }),
  );

/** None if the scheduler would run twice. */
export function replicasLadder(fleet: Fleet, place: Place): Ladder {
  const { replicas } = processAt(fleet, place);
  const { size } = hostAt(fleet, place[0]);
  const most = servesScheduler([processAt(fleet, place)]) ? replicas : Math.min(size.vcpus, MOST_REPLICAS);
  return above(replicas, most).map((more) => changedProcess(fleet, place, "replicas", { replicas: more }));
}

const servesScheduler = (sidekiq: readonly SidekiqProcess[]) =>
  sidekiq.some((process) => queueNames(process).includes("scheduler"));

/** Adds the queue, with Mastodon's weight, to a process that does not serve it yet; at the end if the order is strict. */
export function addedQueue(fleet: Fleet, place: Place, queue: QueueName): Ladder {
  const process = processAt(fleet, place);
  if (queue === "scheduler" || queueNames(process).includes(queue)) return [];
  const queues = Array.isArray(process.queues)
    ? [...process.queues, queue]
    : { ...process.queues, [queue]: QUEUES[queue].weight };
  return [changedProcess(fleet, place, "queues", { queues })];
}

/** Mastodon's own weights instead of a strict order. */
export function weighted(fleet: Fleet, place: Place): Ladder {
  const process = processAt(fleet, place);
  if (!Array.isArray(process.queues)) return [];
  const queues = Object.fromEntries(queueNames(process).map((queue) => [queue, QUEUES[queue].weight]));
  return [changedProcess(fleet, place, "queues", { queues })];
}

/** None for the database's host, and none if the scheduler would run twice. */
export function countLadder(fleet: Fleet, host: number): Ladder {
  const { key, roles, count, sidekiq } = hostAt(fleet, host);
  const most = roles.includes("database") || servesScheduler(sidekiq) ? count : MOST_DROPLETS;
  return above(count, most).map((more) =>
    changed(fleet, host, { count: more }, { key: `${key}.count`, from: String(count), to: String(more) }),
  );
}

/** Larger sizes of the same family and, for a shared one, dedicated ones of any family; the cheapest first. */
export function sizeLadder(fleet: Fleet, host: number): Ladder {
  const { key, size } = hostAt(fleet, host);
  return dropletSlugs()
    .flatMap((slug) => dropletSize(slug) ?? [])
    .filter((other) => isStepUp(size, other))
    .toSorted((a, b) => a.priceMonthly - b.priceMonthly)
    .map((other) =>
      changed(fleet, host, { size: other }, { key: `${key}.size`, from: size.slug, to: other.slug }),
    );
}

function isStepUp(size: DropletSize, other: DropletSize): boolean {
  if (other.priceMonthly <= size.priceMonthly || other.vcpus < size.vcpus) return false;
  if (other.memoryMiB < size.memoryMiB) return false;
  return (
    dropletFamily(other.slug) === dropletFamily(size.slug) ||
    (size.cpu === "shared" && other.cpu === "dedicated")
  );
}

function shown(value: SidekiqProcess[SetField]): string {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  const weights = Object.entries(value).map(([queue, weight]) => `${queue}: ${weight}`);
  return `{ ${weights.join(", ")} }`;
}
