import { QUEUE_NAMES, type QueueName, queueNames, type SidekiqProcess } from "../../catalogue/queues";
import type { Fleet } from "../model/fleet";

/** A process on a host: main, or a pool of `count` droplets. */
export interface HostedProcess {
  host: string;
  account: "main" | "workers";
  process: SidekiqProcess;
  count: number;
}

export const hostedProcesses = ({ hosts }: Fleet): HostedProcess[] =>
  hosts.flatMap(({ name, account, count, sidekiq }) =>
    sidekiq.map((process) => ({ host: name, account, process, count })),
  );

/**
 * Queues that stop with one droplet or with one account. Queues with the same fate share a line. `scheduler` is exempt: it may run only
 * once.
 */
export function placementWarnings(placed: readonly HostedProcess[]): string[] {
  const queuesByRisk = new Map<string, QueueName[]>();
  for (const queue of QUEUE_NAMES) {
    const risk = queue === "scheduler" ? undefined : riskOf(queue, placed);
    if (risk) queuesByRisk.set(risk, [...(queuesByRisk.get(risk) ?? []), queue]);
  }
  return [...queuesByRisk].map(([risk, queues]) => `${queues.join(", ")}: ${risk}`);
}

function riskOf(queue: QueueName, placed: readonly HostedProcess[]): string | undefined {
  const consumers = placed.filter(
    ({ process, count }) => process.replicas * count > 0 && queueNames(process).includes(queue),
  );
  const droplets = new Map(consumers.map(({ host, count }) => [host, count]));
  const accounts = new Set(consumers.map(({ account }) => account));
  const [host] = droplets.keys();
  const [account] = accounts;
  if (host === undefined || account === undefined) return undefined;
  const other = host === "main" ? "a pool of workers" : "main.sidekiq";
  const remedy = `add a process for these queues to ${other}, with low weights if it is only a fallback`;
  if (droplets.size === 1 && droplets.get(host) === 1) {
    return `all consumers run on one droplet, ${host}; ${remedy}`;
  }
  // Main is alone in its account, unless there is only one account.
  if (accounts.size === 1 && account === "workers")
    return `all consumers run in one account, ${account}; ${remedy}`;
  return undefined;
}
