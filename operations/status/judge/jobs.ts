/** Queues, and the processes that serve them. */
import { QUEUE_NAMES } from "../../../catalogue/queues";
import type { Facts, Finding, MachineFacts, Process, Queue } from "../schema";
import { count, span } from "../words";
import { attention, known, page } from "./finding";

/** When a queue is empty at the rate of the last seconds. */
export function trend({ waiting, emptyInSeconds, shrinksPerSecond }: Queue): string {
  if (waiting === 0) return "empty";
  if (emptyInSeconds !== null) return `empty in ${span(emptyInSeconds)}`;
  return shrinksPerSecond === 0 ? "does not shrink" : `grows by ${(-shrinksPerSecond).toFixed(1)}/s`;
}

/** Processes that take jobs of a queue. */
export const serving = (processes: readonly Process[], queue: string) =>
  processes.filter(({ queues, quiet }) => !quiet && queues.includes(queue));

const late = (queue: Queue): Finding[] => {
  const { queue: name, waiting, oldestSeconds, lateSeconds } = queue;
  if (oldestSeconds === null || oldestSeconds <= lateSeconds) return [];
  const rate = trend(queue);
  return [
    attention(
      name,
      `${count(waiting, "job waits", "jobs wait")} in ${name}, the oldest for ${span(oldestSeconds)}. At this rate the queue ${rate.startsWith("empty") ? `is ${rate}` : rate}.`,
      page("more-workers-for-an-hour"),
    ),
  ];
};

function unserved(queues: readonly Queue[], processes: readonly Process[], look: string): Finding[] {
  const alone = queues
    .filter(({ queue, waiting }) => waiting > 0 || (QUEUE_NAMES as readonly string[]).includes(queue))
    .map(({ queue }) => queue)
    .filter((name) => serving(processes, name).length === 0);
  if (alone.length === 0) return [];
  return [
    attention(
      "queues",
      `No process serves ${alone.join(", ")}: ${alone.length === 1 ? "its" : "their"} jobs wait.`,
      look,
    ),
  ];
}

/** Two of them enqueue each periodic job twice (mastodon/mastodon#14764). */
function schedulers(processes: readonly Process[]): Finding[] {
  const hosts = serving(processes, "scheduler").map(({ host }) => host);
  return hosts.length > 1
    ? [
        attention(
          "scheduler",
          `${hosts.length} processes serve scheduler, on ${[...new Set(hosts)].join(" and ")}: each periodic job runs ${hosts.length} times.`,
          "Stop Sidekiq on the machine that should not have it: systemctl stop mastodon-worker",
        ),
      ]
    : [];
}

interface Machine {
  name: string;
  host: string;
  facts: { value: MachineFacts } | { unknown: string };
}

function planned({ name, host, facts }: Machine, processes: readonly Process[]): Finding[] {
  // A machine that could not be asked is a finding already.
  if ("unknown" in facts) return [];
  return known(
    facts.value.plannedProcesses,
    [name, `How many Sidekiq processes ${name} has to run`],
    (plan) => {
      const running = processes.filter((process) => process.host === host && !process.quiet).length;
      return running < plan
        ? [
            attention(
              name,
              `${running} of ${plan} Sidekiq processes of ${name} take jobs.`,
              `ssh root@${host} mastodon-compose ps`,
            ),
          ]
        : [];
    },
  );
}

function strangers(machines: readonly Machine[], processes: readonly Process[]): Finding[] {
  const known = machines.map(({ host }) => host);
  const others = [...new Set(processes.map(({ host }) => host).filter((host) => !known.includes(host)))];
  return others.map((host) =>
    attention(
      host,
      `Sidekiq runs on ${host}, which is not a machine of this stack's state.`,
      "If no pulumi up is running: npm run orphans",
    ),
  );
}

export function jobs({ main, workers }: Facts): Finding[] {
  if ("unknown" in main.facts) return [];
  const look = `ssh root@${main.host} mastodon-ready 60`;
  const machines = [main, ...workers];
  return known(
    main.facts.value.jobs,
    ["queues", "What the queues and Sidekiq do", look],
    ({ queues, processes }) => [
      ...unserved(queues, processes, look),
      ...queues.flatMap(late),
      ...schedulers(processes),
      ...machines.flatMap((machine) => planned(machine, processes)),
      ...strangers(machines, processes),
    ],
  );
}
