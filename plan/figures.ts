/** The model's figures in a reader's words: the same in the terminal, in Markdown and on the page. */
import { burstText } from "../fleet/proposal/burst";
import { mainServices } from "../services/roles";
import { tcpPorts } from "../services/service";
import type { Plan, PlanHost, PlanQueue } from "./schema";

const DOLLARS = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
/** The ports of main that workers reach over the tailnet. */
export const TAILNET_PORTS = tcpPorts(mainServices, "workers").join(", ");

export const mainAndPools = (hosts: readonly PlanHost[]) => ({
  main: hosts.find(({ name }) => name === "main"),
  pools: hosts.filter(({ name }) => name !== "main"),
});

/** What main's account is called. If it is the only one, it needs no other name. */
export const mainAccount = ({ resources }: Pick<Plan, "resources">) =>
  resources.some(({ provider }) => provider === "digitalocean-workers")
    ? "DigitalOcean, main account"
    : "DigitalOcean";

export const usd = (amount: number) => DOLLARS.format(amount);
export const gib = (mib: number) => `${(mib / 1024).toFixed(mib % 1024 === 0 ? 0 : 1)} GiB`;
export const percent = (share: number) => `${Math.round(share * 100)} %`;
/** A length of time, given in hours, in the unit that people use for it: `3 min`, `1.3 h`. */
export function duration(hours: number): string {
  if (hours <= 0) return "at once";
  if (hours >= 1) return `${Number(hours.toFixed(1))} h`;
  const minutes = Math.round(hours * 60);
  return minutes === 0 ? "< 1 min" : minutes === 60 ? "1 h" : `${minutes} min`;
}
export const named = ({ name, count }: { name: string; count: number }) =>
  count === 1 ? name : `${count} × ${name}`;

/** What the columns of the queues' table mean. */
export const QUEUE_NOTE =
  "“can do” is what the fleet could do of that queue while every other queue gets its share. The jobs of `fasp` are for external search and discovery providers.";

const rate = (perSecond: number) => perSecond.toFixed(perSecond < 1 ? 2 : 1);
const seconds = (amount: number | null) => (amount === null ? "grows" : `${amount.toFixed(2)} s`);

export const queueHead = ({ outageHours }: Plan["capacity"]) => [
  "queue",
  "jobs/s",
  "can do",
  "used",
  "a job takes",
  `empty after ${duration(outageHours)} down`,
];

export const queueCells = (queue: PlanQueue) => [
  queue.queue,
  rate(queue.arrivalsPerSecond),
  rate(queue.capacityPerSecond),
  percent(queue.utilization),
  seconds(queue.latencySeconds),
  queue.drainHours === null ? "never" : duration(queue.drainHours),
];

/** The longest time that any queue takes to catch up; undefined if one never does. */
export function catchUp({ queues }: Plan["capacity"]): number | undefined {
  const all = queues.map(({ drainHours }) => drainHours ?? Number.POSITIVE_INFINITY);
  return all.every(Number.isFinite) ? Math.max(...all) : undefined;
}

export const busiest = ({ queues }: Plan["capacity"]): PlanQueue =>
  queues.reduce((most, queue) => (queue.utilization > most.utilization ? queue : most));

/** The database and what its size means, a year from now. */
export const databaseNote = ({ capacity: { database } }: Plan): string =>
  `The database has ${database.todayGiB} GiB today and some ${Math.round(database.afterAYearGiB)} GiB in a year. Its dump then takes about ${duration(database.dumpHours)}, a restore of it ${duration(database.restoreHours)}. A restore in place that keeps what is there needs a volume of ${database.volumeForTwoGiB} GiB at that time.`;

/** What an administrator may do about the planned outage, or that there is nothing. */
export const burstNote = ({ capacity: { burst, outageHours }, hosts }: Plan): string =>
  burst
    ? `For the catch-up after ${duration(outageHours)} alone, ${burstText(burst)}: raise ${burst.key} from ${burst.from} to ${burst.to}, and put it back (docs/operations.md, “More workers for an hour”).`
    : mainAndPools(hosts).pools.length === 0
      ? "Without a pool of workers there is none to enlarge for the length of a catch-up."
      : "More workers would not shorten the catch-up: main is what bounds it.";

/** One sentence on the load and what the fleet makes of it. */
export function verdict({ capacity }: Plan): string {
  const { queue, utilization } = busiest(capacity);
  const after = catchUp(capacity);
  const users = capacity.activeUsers.toLocaleString("en-US");
  const outage = `After an outage of ${duration(capacity.outageHours)}`;
  const caughtUp =
    after === undefined
      ? `${outage} at least one queue never empties again`
      : `${outage} all queues are empty within ${duration(after)}`;
  return (
    `${users} active users make ${rate(capacity.jobsPerSecond)} jobs/s at the busy hour. The busiest queue is ${queue}: it uses ` +
    `${percent(utilization)} of what the fleet could do. ${caughtUp}; ${duration(capacity.catchUpHours)} is allowed. ` +
    `Every job and request is reckoned with ${capacity.safetyFactor} times its measured CPU.`
  );
}

export interface Budget {
  name: string;
  used: number;
  limit: number;
  words: string;
}

const total = ({ memory }: PlanHost) => memory.reduce((sum, { mib }) => sum + mib, 0);

export const memoryBudgets = ({ hosts }: Plan): Budget[] =>
  hosts.map((host) => ({
    name: named(host),
    used: total(host),
    limit: host.memoryMiB,
    words: `${gib(total(host))} of ${gib(host.memoryMiB)}${host.count === 1 ? "" : " each"}`,
  }));

/** "3.3 of 4.0 vCPUs, web 3.0 of it". */
export const hostCpu = ({ cores: { available, web, jobs } }: PlanHost) =>
  `${(web + jobs).toFixed(1)} of ${available.toFixed(1)} vCPUs${web > 0 ? `, web ${web.toFixed(1)} of it` : ""}`;

export const cpuBudgets = ({ hosts }: Plan): Budget[] =>
  hosts.map((host) => ({
    name: named(host),
    used: host.cores.web + host.cores.jobs,
    limit: host.cores.available,
    words: hostCpu(host),
  }));

export const connectionBudgets = ({ connections }: Plan): Budget[] =>
  [
    { name: "to pgbouncer", used: connections.clientTotal, limit: connections.clientLimit },
    { name: "to Postgres", used: connections.serverTotal, limit: connections.serverLimit },
  ].map((budget) => ({ ...budget, words: `${budget.used} of ${budget.limit}` }));

/** How many jobs of a queue wait at a given hour: straight lines between the points of its course. */
export function waitingAt({ course }: Plan["capacity"], queue: PlanQueue["queue"], at: number): number {
  const jobs = course.waiting[queue] ?? [];
  const after = course.hours.findIndex((hour) => hour >= at);
  if (after < 0) return jobs.at(-1) ?? 0;
  const [from, to] = [course.hours[after - 1] ?? at, course.hours[after] ?? at];
  const [before, then] = [jobs[after - 1] ?? jobs[after] ?? 0, jobs[after] ?? 0];
  return to === from ? then : before + ((then - before) * (at - from)) / (to - from);
}

/** From the outage's start until both the limit and the end of the last queue are visible. */
export const shownHours = (capacity: Plan["capacity"]) =>
  (capacity.outageHours + Math.max(capacity.catchUpHours, catchUp(capacity) ?? 0)) * 1.04;
