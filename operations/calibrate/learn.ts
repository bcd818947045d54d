/** A week as figures of this instance, each with its spread, and what the week does not tell. Pure: the same week, the same figures. */
import { QUEUE_NAMES, type QueueName } from "../../catalogue/queues";
import { perQueue } from "../../fleet/model/workload";
import { CostModel, type Costs, LEAST_JOBS } from "./costs";
import { type Load, LoadModel } from "./load";
import { interval, type Weights } from "./regression";
import { Sample, type SampleOptions, type StackSettings } from "./sample";
import type { Week } from "./windows";

/** A value and its 90 % interval. */
export interface Figure {
  value: number;
  low: number;
  high: number;
}

/** By name, as `workload.queues` has them. */
export type QueueFigures = Partial<
  Record<
    | "jobsPerSecond"
    | "basePerSecond"
    | "perThousandUsers"
    | "cpuMs"
    | "waitMs"
    | "roundTrips"
    | "redisTrips"
    | "jobBytes",
    Figure
  >
>;

export interface Learned {
  queues: Record<QueueName, QueueFigures>;
  /** Jobs of each queue in the week. */
  jobs: Record<QueueName, number>;
  activeUsers: number | undefined;
  databaseGiB: number | undefined;
  nightPercent: Figure | undefined;
  webCores: Figure | undefined;
  web: { baseCores: Figure; perThousandUsers: Figure } | undefined;
  queryMs: Figure | undefined;
  redisTripMs: Figure | undefined;
  feedBytes: Figure | undefined;
  rttMs: Figure | undefined;
  tailnetMs: Figure | undefined;
  /** What the week does not tell: where it would be written, and why it is not. */
  left: { what: string; why: string }[];
}

/** Half an interval, as a share of the value, that is still worth writing. */
const WIDEST = 0.1;
/** Of a rate's sum, what its division into base and slope may be uncertain by. */
const WIDEST_PART = 0.15;
/** A wait that is uncertain by this share of a job's time changes no verdict. */
const WAIT_PART = 0.05;
/** Without so many of a queue, not even their number is given: one more or less would change it. */
const LEAST_ARRIVALS = 100;
const LEAST_SAMPLES = 50;

const half = ({ low, high }: Figure) => (high - low) / 2;
const wide = (figure: Figure) => half(figure) > WIDEST * figure.value;
const percent = (share: number) => `${Math.round(share * 100)} %`;
const spread = (figure: Figure) => `its spread is ${percent(half(figure) / figure.value)}`;

interface All {
  costs: Costs;
  load: Load;
}

export function learn(week: Week, settings: StackSettings, options: SampleOptions = {}): Learned {
  const sample = new Sample(week, settings, options);
  const costs = new CostModel(sample);
  const loads = new LoadModel(sample);
  const estimate = (weights: Weights): All => {
    const found = costs.at(weights);
    return { costs: found, load: loads.at(weights, found) };
  };
  return new Learning(sample, costs, loads, estimate(sample.all), sample.drawn.map(estimate)).result();
}

class Learning {
  private readonly left: Learned["left"] = [];

  constructor(
    private readonly sample: Sample,
    private readonly costs: CostModel,
    private readonly loads: LoadModel,
    private readonly all: All,
    private readonly drawn: readonly All[],
  ) {}

  private figure(of: (all: All) => number): Figure {
    return { value: of(this.all), ...interval(this.drawn.map(of).filter(Number.isFinite)) };
  }

  private leave(what: string, why: string): undefined {
    this.left.push({ what, why });
    return undefined;
  }

  result(): Learned {
    const { week } = this.sample;
    const { databaseBytes, activeUsers } = week;
    for (const pool of this.costs.unknownPools)
      this.leave(
        `what the pool ${pool} did`,
        "the stack file has no such pool, so that its CPUs are not known",
      );
    const web = this.web();
    return {
      activeUsers: activeUsers || this.leave("activeUsers", "Mastodon has counted nobody yet"),
      databaseGiB: databaseBytes === undefined ? undefined : databaseBytes / 2 ** 30,
      nightPercent: this.night(),
      ...web,
      queues: perQueue((queue) => this.queue(queue)),
      jobs: perQueue((queue) => Math.round(this.costs.jobs[QUEUE_NAMES.indexOf(queue)] ?? 0)),
      queryMs: this.trip("queryMs"),
      redisTripMs: this.trip("redisTripMs"),
      feedBytes: this.feedBytes(),
      ...this.path(),
      left: this.left,
    };
  }

  /** People that are active in a month for each one who is there at the busy hour. */
  private get perThousand(): number {
    const { activeUsers } = this.sample.week;
    return activeUsers ? (1000 * this.all.load.people) / activeUsers : Number.NaN;
  }

  /**
   * A base and a slope, if people come and go enough to tell them apart. The slope is that of the busy hour's people, spread over all who are
   * active in a month: so is the model's busy hour.
   */
  private line(base: (load: Load) => number, perPerson: (load: Load) => number) {
    if (!this.loads.peopleChange(this.sample.all)) return undefined;
    const { people } = this.all.load;
    const part = this.figure(({ load }) => perPerson(load) * people);
    const sum = base(this.all.load) + part.value;
    if (!(half(part) <= WIDEST_PART * sum) || !Number.isFinite(this.perThousand)) return undefined;
    return {
      base: this.figure(({ load }) => base(load)),
      slope: this.figure(({ load }) => perPerson(load) * this.perThousand),
    };
  }

  private queue(queue: QueueName): QueueFigures {
    const q = QUEUE_NAMES.indexOf(queue);
    const at = `queues.${queue}`;
    return {
      ...this.rate(q, at),
      ...this.cost(q, at, "cpuMs"),
      ...this.wait(q, at),
      ...this.cost(q, at, "roundTrips"),
      ...this.cost(q, at, "redisTrips"),
      ...this.jobBytes(queue, at),
    };
  }

  private rate(q: number, at: string): QueueFigures {
    const seen = Math.round(this.loads.arrivals[q] ?? 0);
    if (seen < LEAST_ARRIVALS) {
      this.leave(at, seen === 0 ? "there were no jobs" : `there were only ${seen} jobs`);
      return {};
    }
    const line = this.line(
      ({ base }) => base[q] ?? 0,
      ({ perPerson }) => perPerson[q] ?? 0,
    );
    if (line) return { basePerSecond: line.base, perThousandUsers: line.slope };
    this.leave(`${at}.perThousandUsers`, "people came and went too little to tell it from the base");
    return { jobsPerSecond: this.figure(({ load }) => load.perSecond[q] ?? 0) };
  }

  private cost(q: number, at: string, of: "cpuMs" | "roundTrips" | "redisTrips"): QueueFigures {
    if ((this.loads.arrivals[q] ?? 0) < LEAST_ARRIVALS) return {};
    const why = this.costs.held[of].get(QUEUE_NAMES[q] as string);
    if (why === undefined) return { [of]: this.figure(({ costs }) => costs[of][q] ?? 0) };
    this.leave(`${at}.${of}`, why);
    return {};
  }

  private wait(q: number, at: string): QueueFigures {
    if ((this.loads.arrivals[q] ?? 0) < LEAST_ARRIVALS) return {};
    const calm = Math.round(this.costs.waits.jobs[q] ?? 0);
    const figure = this.figure(({ costs }) => costs.waitMs[q] ?? 0);
    const uncertain = half(figure) / this.costs.waits.busyMs(q);
    const why =
      calm < LEAST_JOBS
        ? `there were only ${calm} jobs while their processes were calm`
        : uncertain > WAIT_PART && wide(figure)
          ? `it is uncertain by ${percent(uncertain)} of a job's time`
          : undefined;
    if (why === undefined) return { waitMs: figure };
    this.leave(`${at}.waitMs`, why);
    return {};
  }

  private jobBytes(queue: QueueName, at: string): QueueFigures {
    const samples = this.sample.week.sampled[queue];
    const of = (weights: Weights) => {
      let [jobs, bytes] = [0, 0];
      samples.forEach((one, w) => {
        const weight = weights[this.sample.blockOf(w)] ?? 0;
        jobs += weight * one.jobs;
        bytes += weight * one.bytes;
      });
      return { jobs, mean: bytes / jobs };
    };
    const { jobs, mean } = of(this.sample.all);
    if (jobs < LEAST_SAMPLES) {
      if ((this.costs.jobs[QUEUE_NAMES.indexOf(queue)] ?? 0) >= LEAST_ARRIVALS)
        this.leave(`${at}.jobBytes`, `only ${Math.round(jobs)} jobs were seen waiting`);
      return {};
    }
    const drawn = this.sample.drawn.map((weights) => of(weights).mean).filter(Number.isFinite);
    return { jobBytes: { value: mean, ...interval(drawn) } };
  }

  private web(): Pick<Learned, "web" | "webCores"> {
    const line = this.line(
      ({ webBase }) => webBase,
      ({ webPerPerson }) => webPerPerson,
    );
    if (line) return { web: { baseCores: line.base, perThousandUsers: line.slope }, webCores: undefined };
    this.leave("web", "people came and went too little to tell the base from the slope");
    return { web: undefined, webCores: this.figure(({ load }) => Math.max(load.webCores, 0)) };
  }

  private night(): Figure | undefined {
    const { windows, step } = this.sample.week;
    if (windows.length * step < 86_400) return this.leave("nightPercent", "it takes a whole day");
    return this.figure(({ load }) => 100 * load.night);
  }

  private trip(of: "queryMs" | "redisTripMs"): Figure | undefined {
    const why = this.costs.held[of].get("trips");
    return why === undefined ? this.figure(({ costs }) => costs[of]) : this.leave(of, why);
  }

  private feedBytes(): Figure | undefined {
    const values = this.sample.week.feedBytes;
    const of = (weights: Weights) => {
      let [sum, count] = [0, 0];
      values.forEach((one, w) => {
        if (one === null) return;
        const weight = weights[this.sample.blockOf(w)] ?? 0;
        sum += weight * one;
        count += weight;
      });
      return sum / count;
    };
    const value = of(this.sample.all);
    if (!Number.isFinite(value)) return this.leave("feedBytes", "nobody has a feed");
    return { value, ...interval(this.sample.drawn.map(of).filter(Number.isFinite)) };
  }

  /** Between workers and main. */
  private path(): Pick<Learned, "rttMs" | "tailnetMs"> {
    if (this.costs.path.remoteJobs === 0) {
      this.leave("assumptions.rttMs and tailnetMs", "no worker did a job");
      return { rttMs: undefined, tailnetMs: undefined };
    }
    const one = (of: "rttMs" | "tailnetMs", otherwise: string) => {
      const figure = this.figure(({ costs }) => costs[of]);
      if (!Number.isFinite(figure.value)) return this.leave(`assumptions.${of}`, otherwise);
      return wide(figure) ? this.leave(`assumptions.${of}`, spread(figure)) : figure;
    };
    return {
      rttMs: one("rttMs", "Sidekiq's ping is not known from both sides"),
      tailnetMs: one("tailnetMs", "tailscaled's CPU is not known"),
    };
  }
}
