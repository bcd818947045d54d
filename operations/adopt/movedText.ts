/** How a move went, and what is left to do. */
import { table } from "../../report/terminal";
import type { Moved } from "./move";
import { bytes, count } from "./text";
import type { Where } from "./there";

const seconds = (amount: number) =>
  amount < 90 ? `${amount.toFixed(1)} s` : `${(amount / 60).toFixed(1)} min`;

export function movedText(
  { downSeconds, steps: took, dumpBytes, rows, tables }: Moved,
  { host }: Where,
  stack: string,
): string {
  return [
    `Moved. The site was down for ${seconds(downSeconds)}.`,
    ...table(Object.entries(took).map(([step, amount]) => [step, seconds(amount)])),
    `The dump had ${bytes(dumpBytes)}. Main has the same ${count(rows)} rows in ${tables} tables.`,
    "",
    "Now:",
    `  1. Point DNS at main: pulumi stack output nextSteps --stack ${stack}`,
    "  2. Copy the media once more (docs/moving-in.md).",
    `  3. When DNS has moved everywhere, switch ${host} off. Its Mastodon does not start at boot.`,
    `Until DNS has moved, the way back is: npm run adopt -- back --from ${host} --stack ${stack}`,
    "",
  ].join("\n");
}
