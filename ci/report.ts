/** A preview as a comment on a pull request, and drift as an issue. */
import { type Change, OPS, type Op, type Preview, verb } from "./changes";

/** GitHub takes 65,536 characters. */
const LONGEST = 65_000;

export interface ReportArgs {
  stack: string;
  preview: Preview;
  /** plan.md of `npm run plan`. */
  plan: string;
  /** Where the whole log is. */
  run: string;
}

/** What the comment of a stack begins with: by it the next preview finds the comment again. */
export const marker = (stack: string) => `<!-- preview of ${stack} -->`;

export function previewComment({ stack, preview, plan, run }: ReportArgs): string {
  const { changes, problems, warnings } = preview;
  const lost = changes.filter(({ op }) => op === "delete" || op === "replace");
  const rest = changes.filter(({ op }) => op !== "delete" && op !== "replace");
  const head = [
    marker(stack),
    `## ${stack}: ${problems.length > 0 ? "the preview fails" : counted(preview)}`,
    "",
    ...block("CAUTION", problems),
    ...(lost.length > 0 ? ["### Deleted or replaced", "", ...table(lost)] : []),
    ...folded(rest.length > 0 ? rest.map(({ op }) => op) : [], table(rest)),
    ...block("WARNING", warnings),
  ];
  const foot = `[Log](${run})`;
  // Headings of the plan are one level below the stack's.
  const whole = [...head, ...details("Plan", plan.replaceAll(/^(#+ )/gm, "##$1").split("\n")), foot].join(
    "\n",
  );
  return whole.length <= LONGEST
    ? whole
    : [...head, "The plan is too long for a comment; it is in the run's summary.", "", foot]
        .join("\n")
        .slice(0, LONGEST);
}

export const driftTitle = (stack: string) => `Drift in ${stack}`;

export function driftIssue(stack: string, changes: readonly Change[], run: string): string {
  return [
    `What is there is no longer what stack \`${stack}\` asks for. The next \`pulumi up --refresh\` would do this:`,
    "",
    ...table(changes),
    `Look with \`pulumi preview --refresh --diff --stack ${stack}\`. To put it back: \`pulumi up --refresh --stack ${stack}\`, on the`,
    "tailnet. To keep it: write it into the settings. This issue follows each night's look and closes itself.",
    "",
    `[Log](${run})`,
  ].join("\n");
}

/** `1 deleted, 3 created, 60 unchanged`. */
function counted({ changes, unchanged }: Preview): string {
  const counts = OPS.map((op) => [changes.filter((change) => change.op === op).length, verb(op)] as const);
  const some = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return some.length === 0 ? "no changes" : [...some, `${unchanged} unchanged`].join(", ");
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function table(changes: readonly Change[]): string[] {
  return [
    "| | resource | because of |",
    "|---|---|---|",
    ...changes.map(
      ({ op, type, name, because }) =>
        `| **${verb(op)}** | ${cell(type)} \`${cell(name)}\` | ${cell(because.join(", "))} |`,
    ),
    "",
  ];
}

/** GitHub's box of that kind, a line each. */
const block = (kind: "CAUTION" | "WARNING", lines: readonly string[]) =>
  lines.length === 0
    ? []
    : [`> [!${kind}]`, ...lines.map((line) => `> - ${line.replaceAll("\n", "\n>   ")}`), ""];

const details = (summary: string, lines: readonly string[]) => [
  "<details>",
  `<summary>${summary}</summary>`,
  "",
  ...lines,
  "",
  "</details>",
  "",
];

function folded(ops: readonly Op[], lines: readonly string[]): string[] {
  const verbs = [...new Set(ops)].map(verb);
  return verbs.length === 0 ? [] : details(`${capital(verbs.join(" or "))}: ${ops.length}`, lines);
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
