/** The one way in which the program says no. */
import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../settings/problem";

/**
 * Stops the program before its first resource when there is anything to refuse.
 *
 * A thrown RunError is the only safe way: `pulumi.log.error` followed by a return, and a throw inside `apply`, both
 * let the engine go on and delete what the program had not registered yet. The stack trace is dropped because it helps
 * nobody here, and because resolving it costs the engine 15 s.
 *
 * @throws pulumi.RunError one line a problem
 */
export function refuse(what: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ key, message }) => `  - ${key} ${message}`);
  const error = new pulumi.RunError(
    `${what} ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}. Nothing was changed.\n${lines.join("\n")}`,
  );
  delete error.stack;
  throw error;
}
