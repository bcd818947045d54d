/** Which of a refreshed preview's changes are drift. */
import type { Change, Preview } from "./changes";

/**
 * A spent auth key is none: each is used once, and its machine has joined. Where its loss would replace a machine, the machine is
 * listed.
 */
export const driftOf = ({ changes }: Preview): Change[] =>
  changes.filter(({ type }) => type !== "TailnetKey");
