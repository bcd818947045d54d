/** When a backlog is gone, computed from what was put into a queue and what was taken out of it. */

/**
 * The first moment, from `since` on, at which nothing waits; undefined if something still does.
 *
 * @param arrived when each job was put in, in any order
 * @param taken when each was taken out, in any order
 */
export function drainedAt(
  arrived: readonly number[],
  taken: readonly number[],
  since: number,
): number | undefined {
  const steps = [...arrived.map((at) => ({ at, by: 1 })), ...taken.map((at) => ({ at, by: -1 }))];
  steps.sort((a, b) => a.at - b.at);
  let waiting = 0;
  let empty: number | undefined = since;
  for (const { at, by } of steps) {
    if (at > since && empty !== undefined) return empty;
    waiting += by;
    empty = waiting > 0 ? undefined : Math.max(at, since);
  }
  return empty;
}

/** A job of one queue: when it was put in, taken out, and finished. */
export interface Trace {
  arrived: number;
  taken: number | undefined;
  finished: number | undefined;
}

/** How many of them wait at that moment. */
export const waitingAt = (jobs: readonly Trace[], at: number): number =>
  jobs.filter(({ arrived, taken }) => arrived <= at && (taken === undefined || taken > at)).length;

/** `drainedAt` of these jobs. */
export const emptiedAt = (jobs: readonly Trace[], since: number): number | undefined =>
  drainedAt(
    jobs.map(({ arrived }) => arrived),
    jobs.flatMap(({ taken }) => taken ?? []),
    since,
  );

/**
 * When the last job of the backlog was finished; undefined while one waits or is in work. With a backlog of only some hundred jobs, those
 * in work matter; the model counts them as not done.
 */
export function workedOffAt(jobs: readonly Trace[], since: number): number | undefined {
  const empty = emptiedAt(jobs, since);
  if (empty === undefined) return undefined;
  let last = since;
  for (const job of jobs) {
    if (job.taken === undefined || job.taken > empty) continue;
    if (job.finished === undefined) return undefined;
    last = Math.max(last, job.finished);
  }
  return last;
}
