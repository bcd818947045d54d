/** What the workflows run: `npm run ci -- stacks | preview --stack STACK --pull-request N | drift --stack STACK`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type EngineEvent, LocalWorkspace } from "@pulumi/pulumi/automation";
import { type Preview, previewOf } from "./changes";
import { driftOf } from "./drift";
import { GitHub } from "./github";
import { driftIssue, driftTitle, marker, previewComment } from "./report";

const ROOT = join(__dirname, "..");

export const stackNames = (files: readonly string[]) =>
  files.flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.slice(1) ?? []).sort();

/** Runs the preview with the policy pack; what it prints goes to the log, and a failure is part of what it says. */
async function preview(name: string, refresh: boolean): Promise<Preview & { failure?: Error }> {
  const organization = process.env.PULUMI_ORGANIZATION;
  const stackName = organization ? `${organization}/${name}` : name;
  const stack = await LocalWorkspace.selectStack({ stackName, workDir: ROOT });
  const events: EngineEvent[] = [];
  const failure = await stack
    .preview({
      color: "never",
      refresh,
      policyPacks: ["policy/run"],
      onEvent: (event) => void events.push(event),
      onOutput: (text) => void process.stdout.write(text),
      onError: (text) => void process.stderr.write(text),
    })
    .then(
      () => undefined,
      (error: Error) => error,
    );
  const said = previewOf(events);
  // Without a backend or a plugin there are no events to tell it.
  if (failure && said.problems.length === 0) said.problems.push(failure.message.split("\n")[0] ?? "");
  return failure ? { ...said, failure } : said;
}

function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { stack: { type: "string" }, "pull-request": { type: "string" } },
  });
  const [command] = positionals;
  if (command === "stacks") {
    console.log(JSON.stringify(stackNames(readdirSync(ROOT))));
    return;
  }
  const { stack } = values;
  if (!stack) throw new Error("--stack is missing");
  const repository = environment("GITHUB_REPOSITORY");
  const run = `${environment("GITHUB_SERVER_URL")}/${repository}/actions/runs/${environment("GITHUB_RUN_ID")}`;
  const github = new GitHub(environment("GITHUB_API_URL"), repository, environment("GITHUB_TOKEN"));
  if (command === "preview") {
    const pullRequest = Number(values["pull-request"]);
    if (!Number.isInteger(pullRequest) || pullRequest < 1) throw new Error("--pull-request is not a number");
    const { failure, ...said } = await preview(stack, false);
    const plan = readFileSync(join(ROOT, "plan", stack, "plan.md"), "utf8");
    await github.keepComment(pullRequest, marker(stack), previewComment({ stack, preview: said, plan, run }));
    if (failure) throw failure;
  } else if (command === "drift") {
    const { failure, ...said } = await preview(stack, true);
    // Not to know is no news: the issue stays as it is.
    if (failure) throw failure;
    const drift = driftOf(said);
    await github.keepIssue(driftTitle(stack), drift.length > 0 ? driftIssue(stack, drift, run) : undefined);
  } else throw new Error(`${command} is not stacks, preview or drift`);
}

if (require.main === module)
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
