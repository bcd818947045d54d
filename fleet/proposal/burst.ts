/** More workers for the length of a catch-up: what they cost, and how much sooner the queues are empty. */
import { MOST_DROPLETS } from "../../settings/schema/machines";
import { evaluate, type Situation } from "../model/evaluate";
import { type Fleet, type FleetHost, poolsOf } from "../model/fleet";
import { findings, isError } from "../verdict/findings";

export interface Burst {
  /** The setting that is raised and put back: `workers[0].count`. */
  key: string;
  size: string;
  /** Droplets more than the fleet has. */
  more: number;
  from: number;
  to: number;
  /** Hours after the outage until nothing waits, and the same without them. */
  drainHours: number;
  otherwiseHours: number;
  /** How long they are there, and what that costs in USD. */
  minutes: number;
  usd: number;
}

/** From the order to the first job, and from the last one until they are gone. Chosen: a rehearsal takes less. */
const COME_AND_GO_MINUTES = 15;
/** DigitalOcean's month has 672 hours (docs.digitalocean.com/products/droplets/details/pricing): an hour is a 672nd. */
const HOURS_OF_A_MONTH = 672;
/** One more droplet that saves less than this is not worth its start. */
const WORTHWHILE_HOURS = 1 / 60;

/** When the last queue is empty; undefined where one never is, or where something else is wrong. */
function drainOf(fleet: Fleet, situation: Situation): number | undefined {
  const evaluation = evaluate(fleet, situation);
  const wrong = findings(fleet, situation, evaluation).filter(isError);
  if (wrong.some(({ kind }) => kind !== "slow")) return undefined;
  const hours = evaluation.queues.map(({ drainHours }) => drainHours ?? Number.POSITIVE_INFINITY);
  return Math.max(...hours);
}

/** The pool that does most, if there is one. */
function busiestPool({ hosts }: Fleet): FleetHost | undefined {
  const [first] = poolsOf(hosts)
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.size.vcpus * b.count - a.size.vcpus * a.count);
  return first;
}

/**
 * With `withinHours` the fewest droplets that empty the queues in that time; without it as many as each save a minute. undefined where there is
 * no pool, or where no number of droplets does: then main is what bounds.
 */
export function burst(fleet: Fleet, situation: Situation, withinHours?: number): Burst | undefined {
  const pool = busiestPool(fleet);
  const otherwiseHours = drainOf(fleet, situation);
  if (!pool || otherwiseHours === undefined) return undefined;
  const withCount = (count: number): Fleet => ({
    ...fleet,
    hosts: fleet.hosts.map((host) => (host === pool ? { ...host, count } : host)),
  });
  let best = { count: pool.count, hours: otherwiseHours };
  while (best.count < MOST_DROPLETS && !(withinHours !== undefined && best.hours <= withinHours)) {
    const count = best.count + 1;
    const hours = drainOf(withCount(count), situation);
    // Main's database is what bounds then: more workers wait for it.
    if (hours === undefined || hours > best.hours - (withinHours === undefined ? WORTHWHILE_HOURS : 1e-4))
      break;
    best = { count, hours };
  }
  const more = best.count - pool.count;
  if (more === 0 || (withinHours !== undefined && best.hours > withinHours)) return undefined;
  const minutes = Math.ceil(best.hours * 60) + COME_AND_GO_MINUTES;
  return {
    key: `${pool.key}.count`,
    size: pool.size.slug,
    more,
    from: pool.count,
    to: best.count,
    drainHours: best.hours,
    otherwiseHours,
    minutes,
    usd: (more * pool.size.priceMonthly * minutes) / 60 / HOURS_OF_A_MONTH,
  };
}

/** "2 more c-2 for 39 minutes cost $0.08 and empty the queues in 24 minutes". */
export const burstText = ({
  more,
  size,
  minutes,
  usd,
  drainHours,
}: Pick<Burst, "more" | "size" | "minutes" | "usd" | "drainHours">) =>
  `${more} more ${size} for ${minutes} minutes cost $${usd.toFixed(2)} and empty the queues in ${Math.ceil(drainHours * 60)} minutes`;
