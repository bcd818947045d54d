/** Who gets how much at one moment: divides threads, Ruby's locks and CPUs among the queues. */
import type { Service, Station } from "./stations";

export interface Shares {
  /** Jobs/s done in each queue. */
  done: number[];
  /** Core seconds per second that each host spends on jobs; on main, including the database work of all jobs. */
  spent: number[];
}

/** A billionth of a job, thread or core is a rounding error. */
const NOTHING = 1e-9;
const rest = (amount: number) => (amount < NOTHING ? 0 : amount);
const at = <T>(list: readonly T[], index: number): T => list[index] as T;

interface Filling {
  station: Station;
  threadsLeft: number;
  coresLeft: number;
  /** Jobs/s that it would add in each queue it serves, in that order, with all that it has left. */
  pace: number[];
}

/**
 * Fills all stations at the same pace, each in proportion to what it could do alone, until a queue has no more jobs, a host no more CPU, or
 * each station no more threads or cores. Then it continues with the others. A thread takes its next job as Sidekiq does: from the first
 * queue in the list that has one, or by weight among those that have one. Web comes first on its host, because people wait for it.
 *
 * @param demand jobs/s that each queue offers; Infinity if a backlog waits
 * @param webCores what web takes at that moment
 */
export function share(
  { stations, hostCores, redisCores, database, web }: Service,
  demand: readonly number[],
  webCores: number,
): Shares {
  const queues = demand.map((left) => ({ left, done: 0, wanted: 0 }));
  const hosts = hostCores.map((cores, host) => {
    const left = Math.max(cores - (host === web ? webCores : 0), 0);
    return { left, available: left, wanted: 0 };
  });
  const databaseHost = at(hosts, database);
  const redis = { left: redisCores, wanted: 0 };
  let filling = stations.map(
    (station): Filling => ({
      station,
      threadsLeft: station.threads,
      coresLeft: station.cores,
      pace: station.serves.map(() => 0),
    }),
  );

  for (;;) {
    for (const queue of queues) queue.wanted = 0;
    for (const host of hosts) host.wanted = 0;
    redis.wanted = 0;
    filling = filling.filter(
      (one) =>
        at(hosts, one.station.host).left > 0 &&
        databaseHost.left > 0 &&
        redis.left > 0 &&
        setPace(one, queues),
    );
    if (filling.length === 0) break;
    for (const { station, pace } of filling) {
      const host = at(hosts, station.host);
      for (let i = 0; i < pace.length; i++) {
        const { queue, hostSeconds, mainSeconds, redisSeconds } = at(station.serves, i);
        at(queues, queue).wanted += at(pace, i);
        host.wanted += at(pace, i) * hostSeconds;
        databaseHost.wanted += at(pace, i) * mainSeconds;
        redis.wanted += at(pace, i) * redisSeconds;
      }
    }
    // 1: every station reaches its own limit.
    let step = 1;
    for (const { left, wanted } of queues) if (wanted * step > left) step = left / wanted;
    for (const { left, wanted } of hosts) if (wanted * step > left) step = left / wanted;
    if (redis.wanted * step > redis.left) step = redis.left / redis.wanted;
    for (const queue of queues) {
      queue.done += step * queue.wanted;
      queue.left = rest(queue.left - step * queue.wanted);
    }
    for (const host of hosts) host.left = rest(host.left - step * host.wanted);
    redis.left = rest(redis.left - step * redis.wanted);
    if (step === 1) break;
    for (const one of filling) spend(one, step);
  }
  return {
    done: queues.map(({ done }) => done),
    spent: hosts.map(({ available, left }) => available - left),
  };
}

/** Sets what a station would add; false if it has nothing to do, or nothing to do it with. */
function setPace(
  { station, threadsLeft, coresLeft, pace }: Filling,
  queues: readonly { left: number }[],
): boolean {
  let weights = 0;
  let threads = 0;
  let ruby = 0;
  for (let i = 0; i < pace.length; i++) {
    const { queue, weight, threadSeconds, rubySeconds } = at(station.serves, i);
    const turn = at(queues, queue).left > 0 && !(station.strict && weights > 0) ? weight : 0;
    pace[i] = turn;
    weights += turn;
    threads += turn * threadSeconds;
    ruby += turn * rubySeconds;
  }
  if (weights === 0) return false;
  const rounds = Math.min(threadsLeft / threads, coresLeft / ruby);
  for (let i = 0; i < pace.length; i++) pace[i] = at(pace, i) * rounds;
  return rounds * weights > NOTHING;
}

function spend(one: Filling, step: number): void {
  for (let i = 0; i < one.pace.length; i++) {
    const { threadSeconds, rubySeconds } = at(one.station.serves, i);
    one.threadsLeft = rest(one.threadsLeft - step * at(one.pace, i) * threadSeconds);
    one.coresLeft = rest(one.coresLeft - step * at(one.pace, i) * rubySeconds);
  }
}
