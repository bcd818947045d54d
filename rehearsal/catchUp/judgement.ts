/** Whether the measurement agrees with the model. */
import { median } from "../../tools/median";

export interface Replay {
  name: string;
  /** Hours of the story from the outage's end until nothing waits; undefined if that did not happen during the measurement. */
  measured: number | undefined;
  /** The model's figure. */
  predicted: number;
}

/** How far the model may be off. */
export const TOLERANCE = 0.15;
/** From where on one layout counts as slower than another: twice as much, since both may be off. */
const APART = 2 * TOLERANCE;
/** The largest share of this machine's cores that may be busy. Above it, jobs wait for CPU that their quota promises. */
export const BUSY = 0.7;

/** How far the model is from the measurement, as a share of the measurement; positive: too long. */
export const error = ({ measured = Number.POSITIVE_INFINITY, predicted }: Replay) => predicted / measured - 1;

/** How often a layout is replayed if the first run is further off: the reason may be chance. */
export const RUNS = 3;

/** The middle result; a run that has not caught up counts as the longest. */
export function middle(runs: readonly Replay[]): Replay {
  const sorted = [...runs].sort((a, b) => error(b) - error(a));
  const found = sorted[Math.floor(sorted.length / 2)];
  if (!found) throw new Error("nothing was measured");
  return found;
}

/** Whether the model is close to the measurement, or within the spread of all runs. */
export function near(runs: readonly Replay[]): boolean {
  if (Math.abs(error(middle(runs))) <= TOLERANCE) return true;
  const errors = runs.map(error);
  return runs.length >= RUNS && Math.min(...errors) <= 0 && Math.max(...errors) >= 0;
}

/** @throws Error if it is not */
export function requireNear(runs: readonly Replay[]): void {
  if (near(runs)) return;
  const said = runs.map((run) =>
    run.measured === undefined
      ? `has not caught up, and the model says ${run.predicted.toFixed(2)} h`
      : `caught up in ${run.measured.toFixed(2)} h, and the model says ${run.predicted.toFixed(2)} h: ${signed(error(run))}`,
  );
  throw new Error(`${middle(runs).name} ${said.join("; ")}`);
}

/**
 * The middle of each five forecasts in a row. Between two of them some hundred jobs are done here, in bursts of as many as there are threads, so
 * a single one says less than in the story, where there are 90 times as many.
 */
export function middles(offs: readonly number[], row = 5): number[] {
  const rows = Array.from({ length: Math.max(offs.length - row, 0) + 1 }, (_, i) => offs.slice(i, i + row));
  return rows.map((one) => median(one));
}

/**
 * Where the model says that one layout catches up later than another by far (APART), the first has to; where it says
 * that both take as long, they have to be within that.
 *
 * @throws Error with each pair that disagrees
 */
export function requireOrder(replays: readonly Replay[]): void {
  const wrong = replays.flatMap((one, i) =>
    replays.slice(i + 1).flatMap((other) => {
      const [long, short] = one.predicted >= other.predicted ? [one, other] : [other, one];
      const [longer = Number.POSITIVE_INFINITY, shorter = Number.POSITIVE_INFINITY] = [
        long.measured,
        short.measured,
      ];
      const apart = long.predicted > short.predicted * (1 + APART);
      const right = apart
        ? longer > shorter
        : Math.max(longer, shorter) <= Math.min(longer, shorter) * (1 + APART);
      if (right) return [];
      const wanted = apart
        ? `${long.name} later than ${short.name}`
        : `${long.name} as late as ${short.name}`;
      return [`${wanted}, and measured were ${longer.toFixed(2)} h and ${shorter.toFixed(2)} h`];
    }),
  );
  if (wrong.length > 0) throw new Error(`the model says:\n${wrong.join("\n")}`);
}

/**
 * @param busy share of this machine's cores that was busy
 * @param own share that the rehearsal itself used
 * @throws Error if the measurement is not valid
 */
export function requireCalm(busy: number, own: number): void {
  if (busy <= BUSY) return;
  throw new Error(
    `${percent(busy)} of this machine's cores were busy, of which ${percent(busy - own)} with something else; nothing can be said above ${percent(BUSY)}`,
  );
}

export const percent = (share: number) => `${Math.round(share * 100)} %`;
export const signed = (share: number) => `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`;
