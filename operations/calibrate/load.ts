/** How much there is to do: without users, and for each of them; the busy hour and the night; web's CPU. */
import { QUEUE_NAMES } from "../../catalogue/queues";
import type { Costs } from "./costs";
import { Regression, type Weights } from "./regression";
import { rowsOf, type Sample, total } from "./sample";

/** Containers and units that serve people and other servers. */
const WEB = ["web", "streaming", "nginx"];
const QUEUES = QUEUE_NAMES.length;
/** What is explained: arrivals of each queue, web's CPU, all queries and reads of Redis, and the jobs whose part of them is not web's. */
const CPU = QUEUES;
const QUERIES = QUEUES + 1;
const READS = QUEUES + 2;
const DONE = QUEUES + 3;
const TARGETS = DONE + QUEUES;

export interface Load {
  /** Jobs/s of each queue at the busy hour. */
  perSecond: number[];
  /** The same without people, and for one who was seen within ten minutes; NaN if people were not counted. */
  base: number[];
  perPerson: number[];
  /** Dedicated vCPUs of web with its queries. */
  webCores: number;
  webBase: number;
  webPerPerson: number;
  /** People within ten minutes at the busy hour. */
  people: number;
  /** Load at the quietest hour, as a share of the busy hour's. */
  night: number;
}

/** Sums of a block by hour of the day. */
type Day = Map<number, { seconds: number; windows: number; people: number; targets: number[] }>;

export class LoadModel {
  /** Each queue's arrivals, and what web's CPU is made of, explained by people and by nothing that changes. */
  private readonly ofQueues: readonly Regression[];
  private readonly ofWeb: Regression;
  private readonly days: Day[] = [];
  readonly arrivals = QUEUE_NAMES.map(() => 0);
  private readonly step: number;

  constructor(sample: Sample) {
    this.step = sample.week.step;
    const hours: Hour[] = [];
    // In less than a day there is no hour of the day.
    const length = sample.week.windows.length * this.step < 86_400 ? undefined : 3600;
    for (const span of sample.spans(length)) {
      const people = total(span, (window) => window.people);
      const queries = total(span, (window) => window.queries);
      const reads = total(span, (window) => window.reads);
      if (span.windows.some(({ arrivals }) => arrivals === undefined)) continue;
      if (queries === undefined || reads === undefined) continue;
      const rows = rowsOf(span);
      const arrivals = QUEUE_NAMES.map((_, q) => total(span, (window) => window.arrivals?.[q]) ?? 0);
      const done = QUEUE_NAMES.map((_, q) => rows.reduce((sum, { jobs }) => sum + (jobs[q] ?? 0), 0));
      const targets = [...arrivals, sample.cpuOnMain(rows, WEB), queries, reads, ...done];
      arrivals.forEach((one, q) => {
        this.arrivals[q] = (this.arrivals[q] ?? 0) + one;
      });
      const seconds = this.step * span.windows.length;
      if (people !== undefined) hours.push({ block: span.block, x: [people * this.step, seconds], targets });
      this.addDay(span.block, span.hour, seconds, span.windows.length, people ?? 0, targets);
    }
    this.ofQueues = QUEUE_NAMES.map((_, q) => byPeople(hours, q, [q]));
    this.ofWeb = byPeople(
      hours,
      CPU,
      Array.from({ length: TARGETS }, (_, t) => t),
    );
  }

  private addDay(
    block: number,
    hour: number,
    seconds: number,
    windows: number,
    people: number,
    targets: readonly number[],
  ) {
    this.days[block] ??= new Map();
    const day = this.days[block];
    const sums = day.get(hour) ?? { seconds: 0, windows: 0, people: 0, targets: targets.map(() => 0) };
    day.set(hour, {
      seconds: sums.seconds + seconds,
      windows: sums.windows + windows,
      people: sums.people + people,
      targets: sums.targets.map((one, t) => one + (targets[t] ?? 0)),
    });
  }

  /** Means of each hour of the day: people, and targets a second. */
  private hours(weights: Weights) {
    const hours = new Map<number, { seconds: number; windows: number; people: number; targets: number[] }>();
    this.days.forEach((day, block) => {
      const weight = weights[block] ?? 0;
      if (weight === 0) return;
      for (const [hour, { seconds, windows, people, targets }] of day) {
        const sums = hours.get(hour) ?? { seconds: 0, windows: 0, people: 0, targets: targets.map(() => 0) };
        sums.seconds += weight * seconds;
        sums.windows += weight * windows;
        sums.people += weight * people;
        sums.targets = sums.targets.map((one, t) => one + weight * (targets[t] ?? 0));
        hours.set(hour, sums);
      }
    });
    return [...hours.values()].map(({ seconds, windows, people, targets }) => ({
      people: people / windows,
      targets: targets.map((one) => one / seconds),
    }));
  }

  /** Whether people come and go. */
  peopleChange(weights: Weights): boolean {
    return !this.ofWeb.empty && (this.ofWeb.own(weights)[0] ?? 0) >= LEAST_CHANGE;
  }

  at(weights: Weights, costs: Costs): Load {
    const hours = this.hours(weights).sort((a, b) => jobsIn(b.targets) - jobsIn(a.targets));
    const [busiest, quietest] = [hours[0], hours.at(-1)];
    if (!busiest || !quietest) throw new Error("no hour is whole");
    // What of the databases' CPU is not jobs' is web's.
    const mix = new Array<number>(TARGETS).fill(0);
    mix[CPU] = 1;
    mix[QUERIES] = costs.queryMs / 1000;
    mix[READS] = costs.redisTripMs / 1000;
    QUEUE_NAMES.forEach((_, q) => {
      mix[DONE + q] =
        -((costs.roundTrips[q] ?? 0) * costs.queryMs + (costs.redisTrips[q] ?? 0) * costs.redisTripMs) / 1000;
    });
    const lines = this.ofQueues.map((queue) => lineOf(queue, weights, [1]));
    const web = lineOf(this.ofWeb, weights, mix);
    return {
      perSecond: busiest.targets.slice(0, QUEUES),
      base: lines.map(({ base }) => base),
      perPerson: lines.map(({ perPerson }) => perPerson),
      webCores: busiest.targets.reduce((sum, one, t) => sum + one * (mix[t] ?? 0), 0),
      webBase: web.base,
      webPerPerson: web.perPerson,
      people: busiest.people,
      night: jobsIn(quietest.targets) / jobsIn(busiest.targets),
    };
  }
}

/** An hour's people and seconds, and what happened in it. */
interface Hour {
  block: number;
  x: readonly number[];
  targets: readonly number[];
}

const COLUMNS = [{ name: "people" }, { name: "always" }];
/** Of people, what is not the same in all hours: with less, no line goes through them. 2 % is a spread of a seventh around the mean. */
const LEAST_CHANGE = 0.02;
/** Of the mean hour: quieter ones do not count for more than this one. */
const QUIETEST = 0.1;

/**
 * Busy hours vary more, about in proportion to what they bring: without weights, they alone would decide how much there is without people. What an
 * hour should bring is from a first look without weights; weights from what it did bring would prefer the hours that happened to bring little.
 *
 * @param by the target that says how much an hour brings
 */
function byPeople(hours: readonly Hour[], by: number, targets: readonly number[]): Regression {
  const first = new Regression(COLUMNS);
  for (const { x, targets: y } of hours) first.add(0, x, [y[by] ?? 0]);
  const line = first.fit([1]);
  const expected = hours.map(({ x }) => x.reduce((sum, one, i) => sum + one * (line[i] ?? 0), 0));
  const least = (QUIETEST * expected.reduce((sum, one) => sum + one, 0)) / hours.length;
  const regression = new Regression(COLUMNS, targets.length);
  hours.forEach(({ block, x, targets: y }, h) => {
    const weight = 1 / Math.max(expected[h] ?? 0, least, Number.MIN_VALUE) ** 2;
    regression.add(
      block,
      x,
      targets.map((t) => y[t] ?? 0),
      Number.isFinite(weight) ? weight : 1,
    );
  });
  return regression;
}

/** A second: without people, and for each one. */
function lineOf(regression: Regression, weights: Weights, mix: readonly number[]) {
  if (regression.empty) return { base: Number.NaN, perPerson: Number.NaN };
  const [perPerson = 0, base = 0] = regression.fit(weights, new Map(), mix);
  return { base, perPerson };
}

const jobsIn = (targets: readonly number[]) => targets.slice(0, QUEUES).reduce((sum, one) => sum + one, 0);
