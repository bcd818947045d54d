/** What the escrow file has to hold of a stack, and whether the one that was written still does. */
import { createHmac } from "node:crypto";
import type { EscrowState } from "../services/escrow";
import type { Settings } from "../settings/schema";
import { isExampleValue } from "../settings/warnings";

/** The stack's output `escrow`. */
export interface Escrowed {
  /** Secret's name (settings/secretTable.ts) → value: all that the stack uses, except those that somebody reissues. */
  secrets: Record<string, string>;
  /** The stack's own ssh private key, in OpenSSH's format: it opens the droplets if the state is lost before they are. */
  deployKey: string;
}

/**
 * One line for the stack file, which anyone may read. It is an HMAC whose key is the deploy key: 32 random bytes that the program always
 * generates and nobody can set. So even a short secret, such as a password that somebody chose, cannot be guessed from it.
 *
 * The recipients are part of it, because a file that a new recipient cannot open is out of date, too.
 */
export function fingerprintOf({ secrets, deployKey }: Escrowed, recipients: readonly string[]): string {
  const names = Object.keys(secrets).sort();
  const content = [names.map((name) => [name, secrets[name]]), [...recipients].sort()];
  const mac = createHmac("sha256", deployKey).update(`mastodon-hosting escrow 1\n${JSON.stringify(content)}`);
  return `hmac-${mac.digest("hex").slice(0, 32)}`;
}

export interface EscrowArgs {
  stack: string;
  settings: Settings["escrow"];
  /** Whether no run of the stack has finished before: there was nothing to write a file from. */
  firstRun: boolean;
}

/** The command that writes the file, for messages. */
export const escrowCommand = (stack: string) => `npm run escrow -- --stack ${stack}`;

/** Whether the file that the stack file speaks of is of these secrets. */
export function escrowState(
  escrowed: Escrowed,
  { recipients, fingerprint }: Settings["escrow"],
): EscrowState {
  // Nobody can open a file for an example's key.
  if (recipients.length === 0 || recipients.some(isExampleValue)) return "off";
  if (fingerprint === "") return "missing";
  return fingerprint === fingerprintOf(escrowed, recipients) ? "current" : "outdated";
}

/** A warning if a file is missing or out of date. settings/warnings.ts warns of a stack without recipients, and of an example's key. */
export function escrowWarning(
  escrowed: Escrowed,
  { stack, settings, firstRun }: EscrowArgs,
): string | undefined {
  const remedy = `run: ${escrowCommand(stack)}`;
  switch (escrowState(escrowed, settings)) {
    case "missing":
      return firstRun ? undefined : `escrow.fingerprint: empty: no escrow file has been written; ${remedy}`;
    case "outdated":
      return `escrow.fingerprint: the escrow file was made of other secrets or for other recipients; ${remedy}`;
    default:
      return undefined;
  }
}
