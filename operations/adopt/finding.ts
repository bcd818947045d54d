/** One thing that the look found. */

export interface Finding {
  /** A refusal keeps `move` from starting. */
  level: "refusal" | "warning";
  /** What it is about, in a word or two. */
  about: string;
  says: string;
  /** What to do; empty if there is nothing to do. */
  remedy: string;
}

export const refusal = (about: string, says: string, remedy: string): Finding => ({
  level: "refusal",
  about,
  says,
  remedy,
});
export const warning = (about: string, says: string, remedy = ""): Finding => ({
  level: "warning",
  about,
  says,
  remedy,
});
