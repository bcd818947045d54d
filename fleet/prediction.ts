/** The model's figures that main's page shows next to what is measured (services/watch/prediction.ts). */
import { QUEUE_NAMES, type QueueName, queueNames, type SidekiqProcess } from "../catalogue/queues";
import type { Prediction, QueuePrediction } from "../services/watch/prediction";
import type { Settings } from "../settings/schema";
import type { Evaluation, QueueResult } from "./model/evaluate";
import type { Course } from "./model/recovery";
import { requestsPerSecond, socketsOf } from "./model/web";
import { perQueue } from "./model/workload";
import { situationOf } from "./situation";

/** A curve on a phone has no more to show, and main's bundle carries each of them. */
const MOST_POINTS = 16;

const rounded = (value: number, digits = 3) => Number(value.toFixed(digits));

export function predictionOf(
  settings: Pick<Settings, "main" | "workers" | "workload" | "recovery" | "assumptions">,
  { queues, hosts, course }: Evaluation,
): Prediction {
  const { workload, outage } = situationOf(settings);
  const { activeUsers } = settings.workload;
  const groups = groupsOf([settings.main, ...settings.workers].flatMap(({ sidekiq }) => sidekiq));
  return {
    outageHours: outage.hours,
    queues: perQueue((queue) => {
      const q = QUEUE_NAMES.indexOf(queue);
      const result = queues[q];
      if (!result) throw new Error(`the model has no ${queue}`);
      return {
        ...queuePrediction(result, workload.queues[queue].cpuMs, fallOf(course, q, outage.hours)),
        group: groups[queue],
      };
    }),
    requestsPerSecond: rounded(requestsPerSecond(activeUsers, workload.queues.ingress.jobsPerSecond), 2),
    sockets: Math.round(socketsOf(activeUsers)),
    cpu: Object.fromEntries(
      hosts.map(({ name, cores, web, jobs }) => [name, cores > 0 ? rounded((web + jobs) / cores) : 0]),
    ),
  };
}

const queuePrediction = (
  result: QueueResult,
  cpuMs: number,
  course: QueuePrediction["course"],
): Omit<QueuePrediction, "group"> => ({
  jobsPerSecond: rounded(result.arrivals),
  canDo: rounded(result.capacity, 2),
  jobSeconds: rounded(cpuMs / 1000, 4),
  latencySeconds: result.latencySeconds === undefined ? null : rounded(result.latencySeconds),
  emptySeconds: result.drainHours === undefined ? null : Math.round(result.drainHours * 3600),
  course,
});

/** The first queue of each queue's group: those that share a process, and those that share one with them. */
export function groupsOf(processes: readonly SidekiqProcess[]): Record<QueueName, QueueName> {
  const groups = perQueue((queue) => queue);
  for (const process of processes) {
    const joined = new Set(queueNames(process).map((queue) => groups[queue]));
    const first = QUEUE_NAMES.find((queue) => joined.has(queue));
    for (const queue of QUEUE_NAMES) if (first && joined.has(groups[queue])) groups[queue] = first;
  }
  return groups;
}

/** The backlog from its highest point after the outage until the queue is empty for the first time. */
function fallOf({ hours, backlog }: Course, queue: number, outageHours: number): QueuePrediction["course"] {
  const points = hours
    .map((at, i): [number, number] => [
      Math.round((at - outageHours) * 3600),
      Math.round(backlog[queue]?.[i] ?? 0),
    ])
    .filter(([seconds]) => seconds >= 0);
  const most = Math.max(...points.map(([, jobs]) => jobs));
  const falling = points.slice(points.findIndex(([, jobs]) => jobs === most));
  const end = falling.findIndex(([, jobs]) => jobs === 0);
  return thinned(end < 0 ? falling : falling.slice(0, end + 1));
}

/** The first and the last stay. */
function thinned<T>(points: readonly T[]): T[] {
  const every = Math.ceil((points.length - 1) / (MOST_POINTS - 1));
  return points.filter((_, i) => every <= 1 || i % every === 0 || i === points.length - 1);
}
