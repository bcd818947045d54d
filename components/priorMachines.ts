/** What the stack's state says about its machines before this run changes anything. */
import * as pulumi from "@pulumi/pulumi";

/** Outputs of a `Machine`, recorded when its droplet was created. */
export interface MadeMachine {
  dropletId: string;
  /** Auth key that the droplet was created with. */
  keyId: string;
}

export interface PriorMachine {
  dropletId?: string;
  keyId?: string;
  made?: MadeMachine;
}

/** Machine's name → what the state has of it. */
export type PriorMachines = (machine: string) => PriorMachine;

interface StoredResource {
  type: string;
  outputs: Record<string, unknown>;
}

/**
 * Uses the engine's function that stack references are built on. If a refresh found a droplet gone, its key stays in the state, and nothing
 * else tells the program.
 */
export async function priorMachines(): Promise<PriorMachines> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const { outputs = {} } = await readState(stackName);
  const stored = new Map(
    Object.entries(outputs).map(([urn, { type, outputs: values }]) => [
      `${type} ${urn.split("::").at(-1)}`,
      values,
    ]),
  );
  return (machine) => {
    const id = (type: string, name: string) => stored.get(`${type} ${name}`)?.id as string | undefined;
    const dropletId = id("digitalocean:index/droplet:Droplet", `${machine}-droplet`);
    const keyId = id("tailscale:index/tailnetKey:TailnetKey", `${machine}-auth-key`);
    const made = stored.get(`mastodon-hosting:index:Machine ${machine}`) as Partial<MadeMachine> | undefined;
    return {
      ...(dropletId ? { dropletId } : {}),
      ...(keyId ? { keyId } : {}),
      ...(made?.dropletId && made.keyId ? { made: made as MadeMachine } : {}),
    };
  };
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

/**
 * Whether the key in the state can no longer be trusted. A key lets one machine in, within a week, and the machine that it was created for
 * is not there: it was deleted by hand, or an earlier run failed between the key and the droplet.
 */
export function needsNewKey({ dropletId, keyId, made }: PriorMachine): boolean {
  if (!keyId) return false; // a key is created anyway
  if (!dropletId) return true;
  return made !== undefined && made.dropletId === dropletId && made.keyId !== keyId;
}
