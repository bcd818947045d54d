/** Every queue has a process that serves it, and `scheduler` runs once. */
import { QUEUE_NAMES, QUEUES, queueNames } from "../catalogue/queues";
import type { PlacedProcess } from "../settings/fleet";
import type { Problem } from "../settings/problem";

/** The parts of a process that the checks read. */
export type Placed = Pick<PlacedProcess, "key" | "process" | "count">;

/** Every queue has a consumer, and exactly one process in the whole fleet serves `scheduler`. */
export function checkQueues(placed: readonly Placed[]): Problem[] {
  const running = placed.filter(({ process, count }) => process.replicas * count > 0);
  const served = new Set(running.flatMap(({ process }) => queueNames(process)));
  const missing = QUEUE_NAMES.filter((queue) => !served.has(queue)).map((queue) => ({
    key: "main.sidekiq",
    message:
      `leaves the queue ${queue} (${QUEUES[queue].does}) without a process, so its jobs would wait forever; ` +
      `add ${queue} to a process here or in a pool of workers`,
  }));
  return [...missing, ...checkScheduler(running)];
}

/** Two processes with `scheduler` enqueue every periodic job twice (mastodon/mastodon#14764). */
function checkScheduler(running: readonly Placed[]): Problem[] {
  const places = running
    .filter(({ process }) => queueNames(process).includes("scheduler"))
    .map(({ key, process, count }) => ({
      key,
      replicas: process.replicas,
      count,
      total: process.replicas * count,
    }));
  const kept = places.find(({ total }) => total === 1);
  return places
    .filter((place) => place !== kept)
    .map(({ key, replicas, count, total }) => ({
      key,
      message: kept
        ? `serves scheduler, which must run once in the whole fleet and does in ${kept.key}; remove scheduler here`
        : `runs scheduler ${total} times (replicas: ${replicas}, droplets: ${count}), and it must run once in the whole ` +
          "fleet; remove it here and add { queues: [scheduler], threads: 1, replicas: 1 } to main.sidekiq",
    }));
}
