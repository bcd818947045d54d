/** `npm run plan -- --stack STACK`: the preview that needs no account. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { RunError } from "@pulumi/pulumi";
import program from "..";
import { readResolvedConfig } from "../settings/stackFile/resolvedConfig";
import { readStackConfig, type StackConfig, StackFileError } from "../settings/stackFile/stackFile";
import { checkStackName } from "../settings/stackFile/stackNames";
import { runCommand, UsageError } from "../tools/commandLine";
import { planMarkdown } from "./markdown";
import { planPage } from "./page";
import { DEPLOY_POLICY_FILE, makePlan, type PlanResult, PREVIEW_POLICY_FILE } from "./plan";
import { publish, retract } from "./publish";
import { planText } from "./text";

const ROOT = join(__dirname, "..");
const PROJECT = "mastodon-hosting";

const HELP = `npm run plan -- --stack STACK [options]

Plans a stack without any account, prints it, and writes plan/STACK/.

  --stack STACK   plan Pulumi.STACK.yaml (default: prod)
  --config FILE   read the settings from the output of \`pulumi config --json --stack STACK\` (- for standard input): for a stack with an
                  ESC environment, which only Pulumi resolves
  --help          show this help
`;

const OPTIONS = {
  stack: { type: "string", default: "prod" },
  config: { type: "string" },
} as const;

const filesOf = ({ plan, cloudConfigs, tailnetPolicy, iamPolicies }: PlanResult) => ({
  "plan.json": `${JSON.stringify(plan, null, 2)}\n`,
  "plan.md": planMarkdown(plan),
  "plan.html": planPage(plan),
  "tailnet-policy.json": tailnetPolicy,
  [DEPLOY_POLICY_FILE]: iamPolicies.deploy,
  [PREVIEW_POLICY_FILE]: iamPolicies.preview,
  ...cloudConfigs,
});

function configOf(stack: string, file: string | undefined): StackConfig {
  if (file === undefined) {
    checkStackName(ROOT, stack);
    return readStackConfig(ROOT, stack);
  }
  try {
    return readResolvedConfig(readFileSync(file === "-" ? 0 : file, "utf8"), PROJECT, stack);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new UsageError(`--config ${file} cannot be read: ${(error as Error).message}`);
  }
}

const isRefusal = (error: unknown) => error instanceof RunError || error instanceof StackFileError;

runCommand(
  { help: HELP, options: OPTIONS },
  async ({ stack, config }) => {
    const folder = join(ROOT, "plan", stack);
    try {
      const result = await makePlan(configOf(stack, config), program);
      publish(folder, filesOf(result));
      process.stdout.write(planText(result.plan));
      process.stdout.write(
        `\nWritten to ${relative(process.cwd(), folder)}/: plan.html, plan.md, plan.json, tailnet-policy.json, the IAM policies and each machine's cloud-config.\n`,
      );
    } catch (error) {
      // A reader would take the older plan for this one.
      const written = isRefusal(error) && /^[\w.-]+$/.test(stack) ? retract(folder) : undefined;
      if (written)
        process.stderr.write(
          `plan/${stack}/ is removed: it was written on ${written.toISOString().slice(0, 16).replace("T", " at ")} UTC, from other settings.\n`,
        );
      throw error;
    }
  },
  isRefusal,
);
