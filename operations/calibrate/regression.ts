/** What several quantities together account for, and which of them a week of windows can tell apart. */
import { type Matrix, nnls, ownShare } from "./nnls";

export interface Column {
  name: string;
  /** What it is held at if the week does not tell; a column without one is always free. */
  fallback?: number;
  /** The least sum over all rows, for example of jobs, without which nothing is said. */
  least?: number;
}

/** A column that is held at its fallback, and why. */
export type Held = ReadonlyMap<string, string>;

/** How often each block of the week counts: 1 for all, or as they were drawn. */
export type Weights = readonly number[];

/** Of a column, what no other has, at the least. Below it, what tells them apart is noise of the clock. */
const LEAST_OWN = 0.002;
/** Half of the 90 % interval, relative to the value, at the most. */
const WIDEST = 0.1;

interface Sums {
  gram: number[][];
  rhs: number[][];
}

/** Rows are added up by block, so that a resample costs no second look at them. */
export class Regression {
  private readonly blocks: (Sums | undefined)[] = [];
  readonly sums: number[];

  constructor(
    readonly columns: readonly Column[],
    /** How many quantities are explained by the same columns. */
    private readonly targets = 1,
  ) {
    this.sums = columns.map(() => 0);
  }

  add(block: number, x: readonly number[], targets: readonly number[], weight = 1): void {
    this.blocks[block] ??= {
      gram: this.columns.map(() => this.columns.map(() => 0)),
      rhs: Array.from({ length: this.targets }, () => this.columns.map(() => 0)),
    };
    const { gram, rhs } = this.blocks[block];
    x.forEach((one, i) => {
      if (one === 0) return;
      this.sums[i] = (this.sums[i] ?? 0) + one;
      const row = gram[i] as number[];
      x.forEach((other, j) => {
        row[j] = (row[j] ?? 0) + weight * one * other;
      });
      targets.forEach((y, t) => {
        const of = rhs[t] as number[];
        of[i] = (of[i] ?? 0) + weight * one * y;
      });
    });
  }

  get empty() {
    return this.blocks.length === 0;
  }

  /** X'X and X'y of the blocks as they count. @param mix what of each target is explained */
  private normal(weights: Weights, mix: readonly number[]) {
    const n = this.columns.length;
    const gram = Array.from({ length: n }, () => new Array<number>(n).fill(0));
    const rhs = new Array<number>(n).fill(0);
    this.blocks.forEach((block, b) => {
      const weight = weights[b] ?? 0;
      if (!block || weight === 0) return;
      for (let i = 0; i < n; i++) {
        const [row, from] = [gram[i] as number[], block.gram[i] as number[]];
        for (let j = 0; j < n; j++) row[j] = (row[j] as number) + weight * (from[j] as number);
        mix.forEach((share, t) => {
          rhs[i] = (rhs[i] as number) + weight * share * (block.rhs[t]?.[i] ?? 0);
        });
      }
    });
    return { gram, rhs };
  }

  /** Coefficients by column. */
  fit(weights: Weights, held: Held = new Map(), mix: readonly number[] = [1]): number[] {
    const { gram, rhs } = this.normal(weights, mix);
    const { free, left } = without(this.columns, held, gram, rhs);
    const found = nnls(part(gram, free), left);
    return this.columns.map(({ fallback = 0 }, i) =>
      free.includes(i) ? (found[free.indexOf(i)] ?? 0) : fallback,
    );
  }

  /**
   * The same for columns that are sums of these: a round trip's cost from jobs whose round trips are known.
   *
   * @param combine for each new column, how much of each old one it has
   */
  fitCombined(weights: Weights, combine: Matrix, mix: readonly number[] = [1]): number[] {
    const { gram, rhs } = this.normal(weights, mix);
    const times = (row: readonly number[], other: readonly number[]) =>
      row.reduce((sum, one, i) => sum + one * (other[i] ?? 0), 0);
    const mixed = combine.map((one) =>
      combine.map((other) =>
        times(
          one,
          gram.map((row) => times(row, other)),
        ),
      ),
    );
    return nnls(
      mixed,
      combine.map((one) => times(one, rhs)),
    );
  }

  /** How much of each column no other one has, 0 to 1. */
  own(weights: Weights): number[] {
    return ownShare(this.normal(weights, [1]).gram);
  }

  /** The columns that have to be held, the worst first: after each, the others may be told apart. */
  identify(resamples: readonly Weights[], all: Weights, mix: readonly number[] = [1]): Held {
    const held = new Map<string, string>();
    this.columns.forEach(({ name, least = 0 }, i) => {
      const sum = this.sums[i] ?? 0;
      if (sum === 0) held.set(name, "there were none");
      else if (sum < least) held.set(name, `there were only ${Math.round(sum)}`);
    });
    for (;;) {
      const next = this.alike(all, held) ?? this.wide(resamples, all, held, mix);
      if (!next) return held;
      held.set(next.name, next.why);
    }
  }

  private alike(all: Weights, held: Held) {
    const { gram, rhs } = this.normal(all, [1]);
    const { free } = without(this.columns, held, gram, rhs);
    const own = ownShare(part(gram, free));
    const close = free.filter(
      (i, at) => this.columns[i]?.fallback !== undefined && (own[at] ?? 0) < LEAST_OWN,
    );
    // The one that accounts for least: a wrong default of it costs least.
    const weight = (i: number) => (this.sums[i] ?? 0) * (this.columns[i]?.fallback ?? 0);
    const [least] = close.sort((a, b) => weight(a) - weight(b));
    return least === undefined
      ? undefined
      : { name: this.columns[least]?.name ?? "", why: "it comes and goes with the others" };
  }

  private wide(resamples: readonly Weights[], all: Weights, held: Held, mix: readonly number[]) {
    const value = this.fit(all, held, mix);
    const drawn = resamples.map((weights) => this.fit(weights, held, mix));
    const widths = this.columns.map(({ name, fallback }, i) => {
      if (fallback === undefined || held.has(name)) return 0;
      const { low, high } = interval(drawn.map((one) => one[i] ?? 0));
      return value[i] ? (high - low) / 2 / value[i] : Number.POSITIVE_INFINITY;
    });
    const widest = Math.max(...widths);
    if (!(widest > WIDEST)) return undefined;
    const { name = "" } = this.columns[widths.indexOf(widest)] ?? {};
    const share = Number.isFinite(widest)
      ? `its spread is ${Math.round(widest * 100)} %`
      : "none of it was seen";
    return { name, why: share };
  }
}

const part = (matrix: Matrix, of: readonly number[]) => of.map((i) => of.map((j) => matrix[i]?.[j] ?? 0));

/** What is left to explain once those that are held have taken their part. */
function without(columns: readonly Column[], held: Held, gram: Matrix, rhs: readonly number[]) {
  const free = columns.flatMap(({ name }, i) => (held.has(name) ? [] : [i]));
  const left = free.map((i) =>
    columns.reduce(
      (sum, { name, fallback = 0 }, j) => (held.has(name) ? sum - fallback * (gram[i]?.[j] ?? 0) : sum),
      rhs[i] ?? 0,
    ),
  );
  return { free, left };
}

/** The middle 90 %. */
export function interval(values: readonly number[]): { low: number; high: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { low: at(0.05), high: at(0.95) };
}

/** A small generator of random numbers from 0 to 1 (mulberry32): the same week always gives the same spread. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws as many blocks as there are, with repetition: how else the week could have been. */
export function resamplesOf(blocks: number, count: number): Weights[] {
  const next = random(1);
  return Array.from({ length: count }, () => {
    const weights = new Array<number>(blocks).fill(0);
    for (let i = 0; i < blocks; i++) {
      const drawn = Math.floor(next() * blocks);
      weights[drawn] = (weights[drawn] ?? 0) + 1;
    }
    return weights;
  });
}
