/** What the stack's state says about its machines before this run changes anything. */
import type { PriorState } from "../checks/priorState";

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

export const priorMachines =
  (state: PriorState): PriorMachines =>
  (machine) => {
    const id = (type: string, name: string) => state(type, name)?.id as string | undefined;
    const dropletId = id("digitalocean:index/droplet:Droplet", `${machine}-droplet`);
    const keyId = id("tailscale:index/tailnetKey:TailnetKey", `${machine}-auth-key`);
    const made = state("mastodon-hosting:index:Machine", machine) as Partial<MadeMachine> | undefined;
    return {
      ...(dropletId ? { dropletId } : {}),
      ...(keyId ? { keyId } : {}),
      ...(made?.dropletId && made.keyId ? { made: made as MadeMachine } : {}),
    };
  };

/**
 * Whether the key in the state can no longer be trusted. A key lets one machine in, within a week, and the machine that it was created for
 * is not there: it was deleted by hand, or an earlier run failed between the key and the droplet.
 */
export function needsNewKey({ dropletId, keyId, made }: PriorMachine): boolean {
  if (!keyId) return false; // a key is created anyway
  if (!dropletId) return true;
  return made !== undefined && made.dropletId === dropletId && made.keyId !== keyId;
}
