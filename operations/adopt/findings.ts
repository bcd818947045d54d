/** From the facts of the old server to what keeps the instance from moving, and to what its administrator should know. Pure. */
import type { Facts } from "./facts";
import { type Finding, refusal, warning } from "./finding";
import { databaseFindings } from "./findings/database";
import { environmentFindings } from "./findings/environment";
import { mediaFindings } from "./findings/media";
import { redisFindings } from "./findings/redis";
import { releaseFindings } from "./findings/release";
import { stackFindings } from "./findings/stack";
import type { NewStack } from "./stack";

/** @param stack where it is going; undefined if the look is for itself */
export function findingsOf(facts: Facts, target: string, stack: NewStack | undefined): Finding[] {
  const found = [
    ...facts.problems.map((problem) => warning("look", problem)),
    ...(facts.runs === "unknown"
      ? [refusal("Mastodon", "was not found", "Write --compose DIR or --env FILE.")]
      : [
          ...releaseFindings(facts, target),
          ...databaseFindings(facts),
          ...redisFindings(facts),
          ...environmentFindings(facts, stack),
          ...mediaFindings(facts, stack),
          ...(stack ? stackFindings(facts, stack) : []),
        ]),
  ];
  return [
    ...found.filter(({ level }) => level === "refusal"),
    ...found.filter(({ level }) => level === "warning"),
  ];
}
