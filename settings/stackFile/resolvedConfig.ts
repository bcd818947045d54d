/** A stack's configuration as `pulumi config --json` prints it. It includes what an ESC environment adds, which only Pulumi resolves. */
import { z } from "zod";
import { type StackConfig, StackFileError } from "./stackFile";

/** pulumi:pkg/cmd/pulumi/config/config.go, configValueJSON: a secret has no value unless --show-secrets is given. */
const printed = z.record(
  z.string().regex(/^[^:]+:/),
  z.object({ value: z.string().optional(), secret: z.boolean() }),
);

/**
 * @param text the output
 * @throws StackFileError if it is something else
 */
export function readResolvedConfig(text: string, project: string, stack: string): StackConfig {
  const values = printed.safeParse(jsonOf(text));
  if (!values.success)
    throw new StackFileError(stack, [
      `--config is not what pulumi prints; run: pulumi config --json --stack ${stack} > FILE`,
    ]);
  const entries = Object.entries(values.data);
  const encrypted = entries.filter(([, { secret }]) => secret).map(([key]) => key);
  return {
    project,
    stack,
    config: Object.fromEntries(
      entries.filter(([, { secret }]) => !secret).map(([key, { value = "" }]) => [key, value]),
    ),
    encrypted,
    encryptedAt: encrypted,
    reread: [],
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
