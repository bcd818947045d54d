/** Scripts that run on main: the files in main/, with what they need to know in front of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../tools/commandLine";
import { readStackState } from "../stackState";
import { onHost, withVariables } from "./ssh";

const fileOf = (name: string) => readFileSync(join(__dirname, "main", name), "utf8");

/**
 * @param timeout seconds
 * @returns standard output
 * @throws UsageError with what the script said, if it fails
 */
export async function onMain(
  host: string,
  name: string,
  timeout: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const script = withVariables(variables, `${fileOf("main.sh")}\n${fileOf(name)}`);
  const { code, stdout, stderr } = await onHost(host, script, timeout);
  if (code !== 0) throw new UsageError(`main: ${lastWords(stderr) || `${name} ended with ${code}`}`);
  return stdout;
}

/** The last lines of a log say why. */
export const lastWords = (stderr: string) => stderr.trim().split("\n").slice(-4).join("\n");

/** @returns main, as ssh knows it in the tailnet */
export async function mainOf(stackName: string): Promise<string> {
  const outputs = await (await readStackState(stackName)).outputs();
  const hosts = outputs.tailnetHosts?.value as { main?: string } | undefined;
  if (!hosts?.main)
    throw new UsageError(
      `The stack ${stackName} has no main yet. Run pulumi up first, while DNS points at the old instance.`,
    );
  return `root@${hosts.main}`;
}
