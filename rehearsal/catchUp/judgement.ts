/** Whether what was measured is what the model said. */

export interface Replay {
  name: string;
  /** Hours of the story from the outage's end until nothing waits; undefined: not while it was looked at. */
  measured: number | undefined;
  /** capacity/'s. */
  predicted: number;
}

/** How far the model may be off. */
export const TOLERANCE = 0.3;
/** Most of this machine's cores that may be busy, whoever with: beyond, jobs wait for what no quota gives. */
export const BUSY = 0.7;

/** How far from the measurement the model is, as a share of the measurement; positive: too long. */
export const error = ({ measured = Number.POSITIVE_INFINITY, predicted }: Replay) => predicted / measured - 1;

/** @throws Error where the model is further off than that */
export function requireNear(replay: Replay): void {
  const { name, measured, predicted } = replay;
  if (measured === undefined)
    throw new Error(`${name} has not caught up; the model says ${predicted.toFixed(2)} h`);
  if (Math.abs(error(replay)) > TOLERANCE)
    throw new Error(
      `${name} caught up in ${measured.toFixed(2)} h, and the model says ${predicted.toFixed(2)} h: ${signed(error(replay))}`,
    );
}

/**
 * Where the model says that one layout catches up later than another by more than its own tolerance, the first has to; where it says
 * that both take as long, they have to be within that.
 *
 * @throws Error with each pair that is not so
 */
export function requireOrder(replays: readonly Replay[]): void {
  const wrong = replays.flatMap((one, i) =>
    replays.slice(i + 1).flatMap((other) => {
      const [long, short] = one.predicted >= other.predicted ? [one, other] : [other, one];
      const [longer = Number.POSITIVE_INFINITY, shorter = Number.POSITIVE_INFINITY] = [
        long.measured,
        short.measured,
      ];
      const apart = long.predicted > short.predicted * (1 + TOLERANCE);
      const right = apart
        ? longer > shorter
        : Math.max(longer, shorter) <= Math.min(longer, shorter) * (1 + TOLERANCE);
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
 * @param own share that the rehearsal itself took
 * @throws Error where the measurement says nothing
 */
export function requireCalm(busy: number, own: number): void {
  if (busy <= BUSY) return;
  throw new Error(
    `${percent(busy)} of this machine's cores were busy, of which ${percent(busy - own)} with something else; nothing can be said above ${percent(BUSY)}`,
  );
}

export const percent = (share: number) => `${Math.round(share * 100)} %`;
export const signed = (share: number) => `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`;
