/** What the user's Pulumi CLI knows of a stack. */
import { join } from "node:path";
import { type ConfigMap, LocalWorkspace, type OutputMap } from "@pulumi/pulumi/automation";
import { UsageError } from "../tools/commandLine";
import { attempt } from "../tools/run";

export const PROJECT_FOLDER = join(__dirname, "..");

/** A resource as in `pulumi stack export --show-secrets`. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

export interface StackState {
  resources: StateResource[];
  /** Settings and secrets by their full key (`mastodon-hosting:domain`), in plain text; only read when called. */
  config: () => Promise<ConfigMap>;
  /** The stack's outputs, secrets in plain text; only read when called. */
  outputs: () => Promise<OutputMap>;
  /** Writes a value into the stack file, at a path such as `escrow.fingerprint`. */
  setConfig: (path: string, value: string) => Promise<void>;
}

/**
 * Reads without selecting the stack: another one may be selected for the next `pulumi up`.
 *
 * @throws Error that says what to do
 */
export async function readStackState(stackName: string): Promise<StackState> {
  try {
    const workspace = await LocalWorkspace.create({ workDir: PROJECT_FOLDER });
    const { deployment } = await workspace.exportStack(stackName);
    return {
      resources: (deployment?.resources ?? []) as StateResource[],
      config: () => workspace.getAllConfig(stackName),
      outputs: () => workspace.stackOutputs(stackName),
      setConfig: (path, value) => workspace.setConfig(stackName, path, { value }, true),
    };
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

/**
 * Sets a secret of a stack. Its value goes through standard input: a command line can be read by every user of the machine.
 *
 * @throws UsageError in the CLI's words, which never have a value in them
 */
export async function setSecret(stackName: string, name: string, value: string): Promise<void> {
  const { code, stderr } = await attempt(
    [
      ...["pulumi", "config", "set", "--secret", "--non-interactive"],
      ...["-C", PROJECT_FOLDER, "--stack", stackName, name],
    ],
    { input: value, timeout: 120 },
  );
  if (code !== 0) throw new UsageError(`${name} could not be set: ${cliError(stderr)}`);
}

export const nameOf = (urn: string) => urn.split("::").at(-1);

/** A value of the state, with secrets in plain text; they are objects around JSON there. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (typeof object.plaintext === "string") return plain(JSON.parse(object.plaintext));
  return Object.fromEntries(Object.entries(object).map(([key, part]) => [key, plain(part)]));
}
