/** `npm run plan -- --stack STACK`: the preview that needs no account. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { RunError } from "@pulumi/pulumi";
import program from "../index";
import { readStackConfig, StackFileError } from "../settings/stackFile";
import { planMarkdown } from "./markdown";
import { planPage } from "./page";
import { DEPLOY_POLICY_FILE, makePlan, type PlanResult, PREVIEW_POLICY_FILE } from "./plan";
import { planText } from "./text";

const ROOT = join(__dirname, "..");

/** Writes plan/STACK/, the old one gone, so that no file of an earlier fleet stays behind. */
function write({ plan, cloudConfigs, tailnetPolicy, iamPolicies }: PlanResult): string {
  const folder = join(ROOT, "plan", plan.stack);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = {
    "plan.json": `${JSON.stringify(plan, null, 2)}\n`,
    "plan.md": planMarkdown(plan),
    "plan.html": planPage(plan),
    "tailnet-policy.json": tailnetPolicy,
    [DEPLOY_POLICY_FILE]: iamPolicies.deploy,
    [PREVIEW_POLICY_FILE]: iamPolicies.preview,
    ...cloudConfigs,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

async function main(): Promise<void> {
  const { stack } = parseArgs({ options: { stack: { type: "string", default: "prod" } } }).values;
  // The engine takes a stack without a file for one without settings; here it is a slip of the pen.
  if (!existsSync(join(ROOT, `Pulumi.${stack}.yaml`)))
    throw new StackFileError(stack, [`there is no Pulumi.${stack}.yaml`]);
  const result = await makePlan(readStackConfig(ROOT, stack), program);
  const folder = write(result);
  process.stdout.write(planText(result.plan));
  process.stdout.write(
    `\nWritten to ${relative(process.cwd(), folder)}/: plan.html, plan.md, plan.json, tailnet-policy.json, the IAM policies and each machine's cloud-config.\n`,
  );
}

main().catch((error: unknown) => {
  // What the user can mend is said plainly; anything else is a defect and keeps its stack trace.
  const ours =
    error instanceof RunError ||
    error instanceof StackFileError ||
    (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`${ours ? (error as Error).message : (error as Error).stack}\n`);
  process.exitCode = 1;
});
