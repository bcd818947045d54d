/** What the stack's state has before this run changes anything. */
import * as pulumi from "@pulumi/pulumi";

/** Outputs of a resource by its type and name; undefined if the state does not have it. */
export type PriorState = (type: string, name: string) => Record<string, unknown> | undefined;

interface StoredResource {
  type: string;
  outputs: Record<string, unknown>;
}

/**
 * Uses the engine's function that stack references are built on. It reads the whole state at once: the last run's outputs, and the machines.
 * If a refresh found a droplet gone, its key stays in the state, and nothing else tells the program.
 */
export async function priorState(): Promise<PriorState> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const { outputs = {} } = await readState(stackName);
  const stored = new Map(
    Object.entries(outputs).map(([urn, { type, outputs: values }]) => [
      `${type} ${urn.split("::").at(-1)}`,
      values,
    ]),
  );
  return (type, name) => stored.get(`${type} ${name}`);
}

/** The engine writes a state in a folder in place, while the program starts. If only half a file was read, read it again. */
async function readState(
  stackName: string,
  tries = 20,
): Promise<{ outputs?: Record<string, StoredResource> }> {
  try {
    return await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  } catch (error) {
    if (tries === 1 || !/failed to load checkpoint/.test(String(error))) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return readState(stackName, tries - 1);
  }
}
