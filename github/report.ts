/** A preview as a comment on a pull request; drift, and a drill that failed, as issues. */
import type { Outcome } from "../operations/drill/outcome";
import { outcomeLines } from "../operations/drill/text";
import { markdownTable } from "../report/markdownTable";
import { type Change, OPS, type Op, type Preview, verb } from "./changes";

/** The most characters that GitHub accepts in a comment and in an issue. */
const LONGEST = 65_000;

/** The plan, or the message with which it was refused. */
export type Planned = { plan: string } | { refused: string };

/** Where a text comes from. The comment says so, since an old one stays if a new one could not be written. */
export interface Source {
  /** Head commit of the pull request, or of main. */
  commit: string;
  /** Where the whole log is. */
  run: string;
}

export interface ReportArgs extends Source {
  stack: string;
  preview: Preview;
  planned: Planned;
}

/** The start of a stack's comment, by which the next preview finds it. */
export const marker = (stack: string) => `<!-- preview of ${stack} -->`;

export function previewComment({ planned, ...args }: ReportArgs): string {
  // The plan's headings are one level below the stack's.
  const plan =
    "plan" in planned ? planned.plan.replaceAll(/^(#+ )/gm, "##$1").split("\n") : detailed(planned.refused);
  const details = folded("plan" in planned ? "Plan" : "npm run plan refuses it", plan);
  const tooLong = ["The plan is too long for a comment; it is in the run's summary.", ""];
  const lines = (limits: Limits, rest: string[]) => [
    marker(args.stack),
    ...previewLines(args, limits),
    ...rest,
  ];
  return fitted([() => lines(WHOLE, details), ...shorter((limits) => lines(limits, tooLong))], args);
}

/** The same for a run's summary, which may have 1 MiB. */
export const previewSummary = (args: Omit<ReportArgs, "planned">): string =>
  [...previewLines(args, WHOLE), footOf(args), ""].join("\n");

/** The comment if no preview was made: otherwise the old one would look as if it were still true. */
export const noPreview = (stack: string, why: readonly string[], source: Source): string =>
  fitted(
    shorter((limits) => [marker(stack), `## ${stack}: no preview`, "", ...block("CAUTION", why, limits)]),
    source,
  );

export const driftTitle = (stack: string) => `Drift in ${stack}`;

export function driftIssue(
  stack: string,
  changes: readonly Change[],
  unapplied: Preview,
  source: Source,
): string {
  const waiting = unapplied.changes.length;
  return fitted(
    shorter((limits) => [
      `The resources of stack \`${stack}\` were changed outside of Pulumi. The next \`pulumi up --refresh\` would do this:`,
      "",
      ...table(changes, limits),
      `For details: \`pulumi preview --refresh --diff --stack ${stack}\`. To undo it: \`pulumi up --refresh --stack ${stack}\`, on the`,
      "tailnet. To keep it: write it into the settings. This issue is updated every night, and closed once there is no drift.",
      "",
      ...(waiting > 0
        ? [
            `Not in this list: ${waiting} changes that are merged but not applied yet. That \`up\` applies them, too.`,
            "",
          ]
        : []),
    ]),
    source,
  );
}

export const drillTitle = (stack: string) => `Drill of ${stack} failed`;

/** @param outcome of a drill that failed, or why there is none */
export function drillIssue(stack: string, outcome: Outcome | string, source: Source): string {
  const [problems, rows] =
    typeof outcome === "string" ? [[outcome], []] : [outcome.problems, outcomeLines(outcome)];
  return fitted(
    shorter((limits) => [
      typeof outcome === "string"
        ? `The drill of stack \`${stack}\` came to no result, so nobody knows whether its newest backup can be restored.`
        : `The newest backup of stack \`${stack}\` could not be restored as it should be.`,
      "",
      ...block("CAUTION", problems, limits),
      ...(rows.length > 0 ? [...markdownTable(["", ""], rows), ""] : []),
      `To repeat it: \`npm run drill -- --stack ${stack} --on docker\`, on the tailnet. This issue is updated by each drill, and closed by`,
      "one that passes.",
      "",
    ]),
    source,
  );
}

/** The same for a run's summary. */
export const drillSummary = (stack: string, outcome: Outcome): string =>
  [
    `## Drill of ${stack}: ${outcome.ok ? "passed" : "failed"}`,
    "",
    ...block("CAUTION", outcome.problems, WHOLE),
    ...markdownTable(["", ""], outcomeLines(outcome)),
    "",
  ].join("\n");

/** How much of a list, and of each line, is shown. */
interface Limits {
  lines: number;
  characters: number;
}
const WHOLE: Limits = { lines: Number.POSITIVE_INFINITY, characters: Number.POSITIVE_INFINITY };
/** The last variant always fits: two tables and two lists. */
const SHORTER: Limits[] = [WHOLE, { lines: 200, characters: 1000 }, { lines: 20, characters: 150 }];

const shorter = (lines: (limits: Limits) => string[]) => SHORTER.map((limits) => () => lines(limits));

/**
 * The first variant that GitHub accepts. Lists are shortened but never cut off, so each tag is closed, and the link to everything is below.
 */
function fitted(texts: readonly (() => string[])[], source: Source): string {
  for (const lines of texts) {
    const text = [...lines(), footOf(source)].join("\n");
    if (text.length <= LONGEST) return text;
  }
  throw new Error("The shortest report is too long for GitHub");
}

const footOf = ({ commit, run }: Source) => `Commit ${commit.slice(0, 12)} · [Log](${run})`;

function previewLines({ stack, preview }: { stack: string; preview: Preview }, limits: Limits): string[] {
  const { changes, problems, warnings, notes } = preview;
  const lost = changes.filter(({ op }) => op === "delete" || op === "replace");
  const rest = changes.filter(({ op }) => op !== "delete" && op !== "replace");
  return [
    `## ${stack}: ${problems.length > 0 ? "the preview fails" : counted(preview)}`,
    "",
    ...block("CAUTION", problems, limits),
    ...block("NOTE", notes, limits),
    ...(lost.length > 0 ? ["### Deleted or replaced", "", ...table(lost, limits)] : []),
    ...(rest.length > 0 ? folded(summary(rest), table(rest, limits)) : []),
    ...block("WARNING", warnings, limits),
  ];
}

/** `1 deleted, 3 created, 60 unchanged`. */
function counted({ changes, unchanged }: Preview): string {
  const counts = OPS.map((op) => [changes.filter((change) => change.op === op).length, verb(op)] as const);
  const some = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return some.length === 0 ? "no changes" : [...some, `${unchanged} unchanged`].join(", ");
}

const clipped = (text: string, { characters }: Limits) =>
  text.length <= characters ? text : `${[...text].slice(0, characters).join("")} …`;

/** The text may contain values of settings: none of them may act as a tag, a heading or a mention. */
const escaped = (text: string) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("@", "&#64;")
    .replaceAll(/^([ \t]*)#/gm, "$1\\#");
const cell = (text: string, limits: Limits) => clipped(escaped(text).replaceAll("\n", " "), limits);

function table(changes: readonly Change[], limits: Limits): string[] {
  const shown = changes.slice(0, limits.lines);
  return [
    ...markdownTable(
      ["", "resource", "because of"],
      shown.map(({ op, type, name, because }) => [
        `**${verb(op)}**`,
        `${cell(type, limits)} \`${cell(name, limits)}\``,
        cell(because.join(", "), limits),
      ]),
    ),
    "",
    ...more(changes.length - shown.length, ""),
  ];
}

const more = (count: number, prefix: string) =>
  count > 0 ? [`${prefix}… and ${count} more, in the log.`, ""] : [];

/** One of GitHub's alert boxes, with one line for each item. */
function block(kind: "CAUTION" | "NOTE" | "WARNING", lines: readonly string[], limits: Limits): string[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, limits.lines);
  return [
    `> [!${kind}]`,
    ...shown.map((line) => `> - ${clipped(escaped(line).replaceAll("\n", "\n>   "), limits)}`),
    ...more(lines.length - shown.length, "> - ").filter(Boolean),
    "",
  ];
}

const folded = (title: string, lines: readonly string[]) => [
  "<details>",
  `<summary>${title}</summary>`,
  "",
  ...lines,
  "",
  "</details>",
  "",
];

/** A program's output, unchanged. */
export const detailed = (text: string): string[] => text.split("\n").map((line) => `    ${line}`);

function summary(changes: readonly Change[]): string {
  const verbs = [...new Set(changes.map(({ op }) => op))].map((op: Op) => verb(op)).join(" or ");
  return `${verbs.charAt(0).toUpperCase()}${verbs.slice(1)}: ${changes.length}`;
}
