/** What the workflows run: `npm run ci -- COMMAND`. */
import { createHash } from "node:crypto";
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_FOLDER, stackDrill } from "../operations/drill/stackDrill";
import { runCommand, UsageError } from "../tools/commandLine";
import { driftOf } from "./drift";
import { GitHub } from "./github";
import { planAll, planOf } from "./plans";
import { previewed, qualified, resolvedConfig, resourcesOf, stateOf } from "./pulumi";
import {
  driftIssue,
  driftTitle,
  drillIssue,
  drillSummary,
  drillTitle,
  marker,
  noPreview,
  previewComment,
  previewSummary,
  type Source,
} from "./report";
import { goneSince, hasEnvironment, stacksOf } from "./stacks";

const ROOT = join(__dirname, "..");
const COMMANDS = { stacks, plans, preview, unable, review, drift, drill };

interface Options {
  stack?: string;
  since?: string;
  "pull-request"?: string;
  commit?: string;
  expect?: string;
  on?: string;
  folder?: string;
  "host-key"?: string;
}

function stacks({ since }: Options): void {
  const { own, examples, ignored } = stacksOf(ROOT);
  for (const stack of examples)
    console.error(`Pulumi.${stack}.yaml is left out: its domain is still the example's.`);
  for (const file of ignored) console.error(`${file}.`);
  console.log(JSON.stringify([...own, ...(since ? goneSince(ROOT, since) : [])]));
}

/** A repository without its own stacks can still change the examples, so those are planned. */
async function plans(): Promise<void> {
  const { own, examples } = stacksOf(ROOT);
  const { refused } = await planAll(
    own.length > 0 ? own : examples,
    (stack) => hasEnvironment(ROOT, stack),
    summarize,
  );
  if (refused.length > 0) throw new Error(`No plan of ${refused.join(", ")}: see the run's summary.`);
}

async function preview(options: Options): Promise<void> {
  const stack = given(options, "stack");
  const keep = comment(options);
  if (!existsSync(join(ROOT, `Pulumi.${stack}.yaml`))) return gone(stack, keep);
  const { failed, ...said } = await previewed(stack);
  const planned = await planOf(stack, await configOf(stack));
  await keep((source) => previewComment({ stack, preview: said, planned, ...source }));
  if (failed) throw new Error(said.problems.join("\n"));
}

/** The configuration of a stack with an environment, if the backend gives it out; otherwise the plan says why not. */
const configOf = (stack: string) =>
  hasEnvironment(ROOT, stack) ? resolvedConfig(stack).catch(() => undefined) : undefined;

/** A stack file may be deleted only after its stack is destroyed: otherwise nobody would look after its resources. */
async function gone(stack: string, keep: Keep): Promise<void> {
  const count = await resourcesOf(stack);
  const why =
    count > 0
      ? `Pulumi.${stack}.yaml is deleted, and stack ${stack} has ${count} resources. Destroy them first, or keep the file.`
      : `Pulumi.${stack}.yaml is deleted, and stack ${stack} has no resources left.`;
  await keep((source) => noPreview(stack, [why], source));
  if (count > 0) throw new Error(why);
}

async function unable(options: Options): Promise<void> {
  const why = "The job failed or was canceled before the preview, for example at a login. The log says why.";
  await comment(options)((source) => noPreview(given(options, "stack"), [why], source));
}

async function review(options: Options): Promise<void> {
  const stack = given(options, "stack");
  const { failed, steps, ...said } = await previewed(stack);
  const digest = createHash("sha256").update(steps.join("\n")).digest("hex");
  summarize(previewSummary({ stack, preview: said, commit: environment("GITHUB_SHA"), run: run() }));
  if (failed) throw new Error(said.problems.join("\n"));
  if (options.expect !== undefined && options.expect !== digest)
    throw new Error(
      `An up of ${stack} would now do something other than what was approved, so nothing was done. Run the workflow again, and approve its preview.`,
    );
  if (process.env.GITHUB_OUTPUT) appendFileSync(process.env.GITHUB_OUTPUT, `digest=${digest}\n`);
}

/** A failure here is not news: it leaves the issue unchanged. */
async function drift(options: Options): Promise<void> {
  const stack = given(options, "stack");
  const before = await stateOf(stack);
  if (before.pending.length > 0)
    throw new Error(
      `Stack ${stack} has unfinished operations (${before.pending.join(", ")}): an up is running, or was interrupted.`,
    );
  const unapplied = await previewed(stack);
  if (unapplied.failed) throw new Error(unapplied.problems.join("\n"));
  const refreshed = await previewed(stack, { refresh: true });
  if (refreshed.failed) throw new Error(refreshed.problems.join("\n"));
  if ((await stateOf(stack)).written !== before.written) {
    console.log(`An up of ${stack} was running, so tonight its drift was not checked.`);
    return;
  }
  const found = driftOf(refreshed, unapplied);
  const source = { commit: environment("GITHUB_SHA"), run: run() };
  await github().keepIssue(
    driftTitle(stack),
    found.length > 0 ? driftIssue(stack, found, unapplied, source) : undefined,
  );
}

/** Empty options are as good as none: a workflow's variables are empty where they are not set. */
async function drill(options: Options): Promise<void> {
  const stack = given(options, "stack");
  const { on = "", folder = "", "host-key": hostKey = "" } = options;
  const where = { on: on || "docker", folder: folder || DEFAULT_FOLDER, hostKey: hostKey || undefined };
  const source = { commit: environment("GITHUB_SHA"), run: run() };
  const keep = (body?: string) => github().keepIssue(drillTitle(stack), body);
  try {
    const outcome = await stackDrill(qualified(stack), where, console.error, (one) =>
      summarize(drillSummary(stack, one)),
    );
    await keep(outcome.ok ? undefined : drillIssue(stack, outcome, source));
    if (!outcome.ok) throw new Failed(outcome.problems.join("\n"));
  } catch (error) {
    // Unlike drift: a backup that nobody could try is news.
    if (!(error instanceof Failed)) await keep(drillIssue(stack, (error as Error).message, source));
    throw error;
  }
}
class Failed extends Error {}

type Keep = (text: (source: Source) => string) => Promise<void>;

function comment(options: Options): Keep {
  const stack = given(options, "stack");
  const pullRequest = Number(given(options, "pull-request"));
  if (!Number.isInteger(pullRequest) || pullRequest < 1) throw new Error("--pull-request is not a number");
  const source = { commit: given(options, "commit"), run: run() };
  return (text) => github().keepComment(pullRequest, marker(stack), text(source));
}

const github = () =>
  new GitHub(environment("GITHUB_API_URL"), environment("GITHUB_REPOSITORY"), environment("GITHUB_TOKEN"));

const run = () =>
  `${environment("GITHUB_SERVER_URL")}/${environment("GITHUB_REPOSITORY")}/actions/runs/${environment("GITHUB_RUN_ID")}`;

function summarize(markdown: string): void {
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file) appendFileSync(file, markdown);
  else process.stdout.write(markdown);
}

function given(options: Options, name: keyof Options): string {
  const value = options[name];
  if (!value) throw new Error(`--${name} is missing`);
  return value;
}

function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const HELP = `npm run ci -- COMMAND

What the workflows run:
  stacks [--since COMMIT]                               the stacks, as JSON; also those whose files were deleted since
  plans                                                 writes the plan of every stack to the run's summary
  preview --stack STACK --pull-request N --commit SHA   writes the preview to the stack's comment
  unable --stack STACK --pull-request N --commit SHA    writes there that there was none
  review --stack STACK [--expect DIGEST]                writes the preview before an up to the run's summary; prints its digest
  drift --stack STACK                                   checks for drift, and updates the stack's issue
  drill --stack STACK [--on WHERE] [--folder DIR] [--host-key KEY]
                                                        runs npm run drill, and updates the stack's issue
`;

runCommand(
  {
    help: HELP,
    options: {
      stack: { type: "string" },
      since: { type: "string" },
      "pull-request": { type: "string" },
      commit: { type: "string" },
      expect: { type: "string" },
      on: { type: "string" },
      folder: { type: "string" },
      "host-key": { type: "string" },
    },
    words: Object.keys(COMMANDS),
  },
  (values, command) => {
    if (!command) throw new UsageError(`A command is missing.\n\n${HELP.trimEnd()}`);
    return COMMANDS[command as keyof typeof COMMANDS](values);
  },
  // Errors are reported in a line or two: people read a workflow's log.
  () => true,
);
