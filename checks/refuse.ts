/** The only way in which the program refuses. */
import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../settings/problem";

/**
 * Stops the program before its first resource if there are problems.
 *
 * A thrown RunError is the only safe way. After `pulumi.log.error` and a return, or a throw inside `apply`, the engine continues and
 * deletes what the program had not registered yet. The stack trace is dropped: resolving it takes the engine 15 s, and it helps nobody
 * here.
 *
 * @throws pulumi.RunError with one line per problem
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
