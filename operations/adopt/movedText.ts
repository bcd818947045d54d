/** How a move went, and what is left to do. */
import { table } from "../../report/terminal";
import type { Moved } from "./move";
import { bytes, count } from "./text";
import type { Where } from "./there";

const seconds = (amount: number) =>
  amount < 90 ? `${amount.toFixed(1)} s` : `${(amount / 60).toFixed(1)} min`;

export function movedText(
  { downSeconds, steps: took, dump, copySeconds }: Moved,
  { host }: Where,
  stack: string,
): string {
  return [
    `Moved. The site was down for ${seconds(downSeconds)}.`,
    ...table(Object.entries(took).map(([step, amount]) => [step, seconds(amount)])),
    ...(dump
      ? [
          `The dump had ${bytes(dump.bytes)}. Main has the same ${count(dump.rows)} rows in ${dump.tables} tables.`,
        ]
      : []),
    ...(copySeconds === undefined
      ? []
      : [`Before, while the site was up, it took ${seconds(copySeconds)} until main followed.`]),
    "",
    "Now:",
    `  1. Point DNS at main: pulumi stack output nextSteps --stack ${stack}`,
    "  2. Copy the media once more (docs/moving-in.md).",
    `  3. When DNS has moved everywhere, switch ${host} off. Its Mastodon does not start at boot.`,
    `Until DNS has moved, the way back is: npm run adopt -- back --from ${host} --stack ${stack}`,
    "",
  ].join("\n");
}

export const returnedText = ({
  where: { host },
  stack,
  downSeconds,
  rows,
  before,
}: {
  where: Where;
  stack: string;
  downSeconds: number;
  rows: number;
  before: string;
}): string =>
  [
    `The old instance runs with what was written on main: ${count(rows)} rows. The site was down for ${seconds(downSeconds)}.`,
    "",
    "Now:",
    `  1. Point DNS at ${host}.`,
    "  2. Build the home feeds there: tootctl feeds build",
    `  3. Copy back the media that were uploaded since (docs/moving-in.md).`,
    `  4. Its database of before is ${before}; remove it when all is well.`,
    `Main's Mastodon stays stopped. When nobody needs it any more, destroy the stack ${stack}.`,
    "",
  ].join("\n");
