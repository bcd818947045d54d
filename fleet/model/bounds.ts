/** What no division of threads and cores can do: a no is certain at once, where a simulation would come to it in many steps. */
import { QUEUE_NAMES, type QueueName } from "../../catalogue/queues";
import type { Situation } from "./evaluate";
import { busyHours } from "./recovery";
import type { Served, Service } from "./stations";

/** A little over is rounding, and steps that end elsewhere. */
const ROUNDING = 1.001;

/**
 * Whether these queues, if all others asked for nothing, would still fall behind at the busy hour or not catch up in time. Arrivals during the
 * catch-up count: a queue that has drained stays so.
 */
export function outOfReach(service: Service, situation: Situation, queues: readonly QueueName[]): boolean {
  const { workload, outage, catchUpHours } = situation;
  const backlog = busyHours(workload.nightShare, outage);
  const during = busyHours(workload.nightShare, {
    hours: catchUpHours,
    hoursBeforeBusiest: outage.hoursBeforeBusiest - catchUpHours,
  });
  return (
    exceeds(service, queues, 1, 1, 1) || exceeds(service, queues, backlog + during, catchUpHours, during)
  );
}

/**
 * Whether so many hours' worth of arrivals take more than there is.
 *
 * @param jobHours hours of the busiest arrivals that have to be done
 * @param hours in which they have to be done
 * @param webHours hours of the busiest web that fall into them
 */
function exceeds(
  { stations, hostCores, database, web, redisCores, webCores, arrivals }: Service,
  queues: readonly QueueName[],
  jobHours: number,
  hours: number,
  webHours: number,
): boolean {
  let [main, redis, all] = [0, 0, 0];
  for (const name of queues) {
    const queue = QUEUE_NAMES.indexOf(name);
    const jobs = (arrivals[queue] ?? 0) * jobHours;
    const least: Pick<
      Served,
      "threadSeconds" | "rubySeconds" | "hostSeconds" | "mainSeconds" | "redisSeconds"
    > = {
      threadSeconds: Number.POSITIVE_INFINITY,
      rubySeconds: Number.POSITIVE_INFINITY,
      hostSeconds: Number.POSITIVE_INFINITY,
      mainSeconds: Number.POSITIVE_INFINITY,
      redisSeconds: Number.POSITIVE_INFINITY,
    };
    let [threads, cores] = [0, 0];
    for (const station of stations)
      for (const served of station.serves) {
        if (served.queue !== queue) continue;
        threads += station.threads;
        cores += station.cores;
        for (const cost of Object.keys(least) as (keyof typeof least)[])
          if (served[cost] < least[cost]) least[cost] = served[cost];
      }
    if (jobs * least.threadSeconds > threads * hours * ROUNDING) return true;
    if (jobs * least.rubySeconds > cores * hours * ROUNDING) return true;
    main += jobs * least.mainSeconds;
    redis += jobs * least.redisSeconds;
    all += jobs * (least.hostSeconds + least.mainSeconds);
  }
  const webSeconds = webCores * webHours;
  const mainSeconds = main + (web === database ? webSeconds : 0);
  if (mainSeconds > (hostCores[database] ?? 0) * hours * ROUNDING) return true;
  if (redis > redisCores * hours * ROUNDING) return true;
  return all + webSeconds > hostCores.reduce((sum, one) => sum + one, 0) * hours * ROUNDING;
}
