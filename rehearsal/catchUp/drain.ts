/** When a backlog is gone, from what was put into a queue and what was taken out of it. */

/**
 * The first moment, from `since` on, at which nothing waits; undefined while something does.
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
