/** The same process on main and on a worker, as the model sees them: the delay of the tailnet is the only difference. */
import { type DropletSize, dropletSize } from "../../catalogue/droplets";
import { QUEUE_NAMES, type QueueName, type SidekiqProcess } from "../../catalogue/queues";
import { evaluate } from "../../fleet/model/evaluate";
import { type Fleet, mainHost, poolHost } from "../../fleet/model/fleet";
import { perQueue } from "../../fleet/model/workload";
import type { Work } from "../load/load";
import { CORES_PER_VCPU, situation, workOf } from "./scale";

/** The queue that is served in each place, by one process of five threads and by nothing else. */
export const PLACES = { main: "pull", worker: "push" } as const satisfies Record<string, QueueName>;

const process = (queues: readonly QueueName[]): SidekiqProcess => ({ queues, threads: 5, replicas: 1 });

function sized(slug: string): DropletSize {
  const size = dropletSize(slug);
  if (!size) throw new Error(`${slug} is not in the catalogue`);
  return size;
}

const others = QUEUE_NAMES.filter((queue) => queue !== PLACES.main && queue !== PLACES.worker);

export const FLEET: Fleet = {
  hosts: [
    mainHost(sized("g-4vcpu-16gb"), [process([PLACES.main]), process(others)]),
    poolHost(0, { name: "default", size: sized("c-2"), count: 1, sidekiq: [process([PLACES.worker])] }),
  ],
  volumeGiB: 0,
  overrides: {},
};

/** Milliseconds that are added to a round trip, in the story's time. */
export const ADDED_MS = [0, 2, 10] as const;

/** At this scale, what does not depend on the CPU takes this much longer. */
export const inSmall = (milliseconds: number) => milliseconds / CORES_PER_VCPU;

/** A job of the queue that most jobs are in. */
export const WORK: Work = workOf("default");

/** The model's jobs/s for a place, with the round trip that was measured here. */
export function predicted(place: keyof typeof PLACES, rttMs: number): number {
  const { workload, ...rest } = situation(1, rttMs);
  const job = { ...workload.queues.default, jobsPerSecond: 0 };
  const { queues } = evaluate(FLEET, { ...rest, workload: { ...workload, queues: perQueue(() => job) } }, 0);
  const found = queues.find(({ queue }) => queue === PLACES[place]);
  if (!found) throw new Error(`the model knows no ${PLACES[place]}`);
  return found.capacity;
}
