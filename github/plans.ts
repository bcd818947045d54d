/** `npm run plan` of a stack, for a comment or a run's summary. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { detailed, type Planned } from "./report";

const ROOT = join(__dirname, "..");

/** @param config the output of `pulumi config --json`, if an environment adds to the file */
export async function planOf(stack: string, config?: string): Promise<Planned> {
  const args = ["-r", "ts-node/register", join(ROOT, "plan/cli.ts"), "--stack", stack];
  if (config) args.push("--config", config);
  try {
    await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    return { plan: readFileSync(join(ROOT, "plan", stack, "plan.md"), "utf8") };
  } catch (error) {
    return { refused: (error as { stderr?: string }).stderr?.trim() || (error as Error).message };
  }
}

/** Plans all of them one after the other, even if one fails, and passes each result on as Markdown. */
export async function planAll(
  stacks: readonly string[],
  resolvedElsewhere: (stack: string) => boolean,
  say: (markdown: string) => void,
): Promise<{ refused: string[] }> {
  const refused: string[] = [];
  for (const stack of stacks) {
    if (resolvedElsewhere(stack)) {
      say(
        `# ${stack}: no plan here\n\nAn ESC environment adds values, and reading them needs an account. The preview's comment has the plan.\n`,
      );
      continue;
    }
    const planned = await planOf(stack);
    if ("plan" in planned) say(`${planned.plan}\n`);
    else {
      refused.push(stack);
      say([`# ${stack}: no plan`, "", ...detailed(planned.refused), ""].join("\n"));
    }
  }
  return { refused };
}
