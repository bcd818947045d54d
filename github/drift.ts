/** Which of a refreshed preview's changes are drift. */
import type { Change, Preview } from "./changes";

/**
 * What the refresh adds. Changes that a preview without the refresh also shows are merged but not applied yet, so they are not drift. A
 * spent auth key is not drift either: each is used once, and its machine has joined. If its loss would replace a machine, the machine is
 * listed.
 */
export function driftOf(refreshed: Preview, unapplied: Preview): Change[] {
  const planned = new Map(unapplied.changes.map((change) => [nameOf(change), change]));
  return refreshed.changes.flatMap((change) => {
    if (change.type === "TailnetKey") return [];
    const already = planned.get(nameOf(change));
    if (!already) return [change];
    const because = change.because.filter((one) => !already.because.includes(one));
    return change.op === already.op && because.length === 0 ? [] : [{ ...change, because }];
  });
}

const nameOf = ({ type, name }: Change) => `${type} ${name}`;
