/** Scripts that run on main: the files in main/, with what they need to know in front of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../tools/commandLine";
import { readStackState } from "../stackState";
import { runThere } from "../there";
import { onHost, sshCommand, unreachable, withVariables } from "./ssh";

export const fileOnMain = (name: string) => readFileSync(join(__dirname, "main", name), "utf8");

export const scriptOnMain = (name: string, variables: Readonly<Record<string, string>> = {}) =>
  withVariables(variables, `${fileOnMain("main.sh")}\n${fileOnMain(name)}`);

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
  const { code, stdout, stderr } = await onHost(host, scriptOnMain(name, variables), timeout);
  if (code !== 0) throw new UsageError(`main: ${lastWords(stderr) || `${name} ended with ${code}`}`);
  return stdout;
}

/**
 * The same for what may take hours.
 *
 * @param progress called with each line that it says
 */
export async function onMainForLong(
  host: string,
  name: string,
  variables: Readonly<Record<string, string>>,
  progress: (line: string) => void,
): Promise<void> {
  const input = scriptOnMain(name, variables);
  const place = { name: host, command: sshCommand(host) };
  const { code, stderr } = await runThere(place, { run: ["bash", "-s"], input, progress });
  if (code === 255) throw new UsageError(unreachable(host, stderr));
  if (code !== 0) throw new UsageError(`main: ${lastWords(stderr) || `${name} ended with ${code}`}`);
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
