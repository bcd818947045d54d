/** A stack of this project, through the user's own Pulumi CLI. */
import { join } from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";

export const PROJECT_FOLDER = join(__dirname, "..");

/** @throws Error that says what to do */
export async function selectStack(stackName: string): Promise<Stack> {
  try {
    return await LocalWorkspace.selectStack({ stackName, workDir: PROJECT_FOLDER });
  } catch (error) {
    const { message } = error as Error;
    if (/ENOENT/.test(message))
      throw new Error(
        "There is no `pulumi` on PATH. Install the Pulumi CLI: https://www.pulumi.com/docs/install/",
      );
    if (/no stack named/.test(message))
      throw new Error(`There is no stack ${stackName}. See: pulumi stack ls`);
    throw new Error(`The stack ${stackName} cannot be opened: ${cliError(message)}`);
  }
}

/** The CLI's own words for what went wrong; nothing else of its output, which may contain secrets. */
export const cliError = (output: string) =>
  /^.*error: (.+)$/m.exec(output)?.[1] ?? "the Pulumi CLI failed without saying why";
