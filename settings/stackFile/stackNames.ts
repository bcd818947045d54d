/** The stacks that have a file, and the message for one that has none. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { StackFileError } from "./stackFile";

/** Names of the stacks with a file in a folder. */
export const stacksIn = (folder: string) =>
  readdirSync(folder)
    .flatMap((file) => /^Pulumi\.([\w.-]+)\.yaml$/.exec(file)?.slice(1) ?? [])
    .sort();

/**
 * For the engine, a stack without a file is a stack without settings; in a command it is a mistake.
 *
 * @throws StackFileError that says what to write
 */
export function checkStackName(folder: string, stack: string): void {
  const last = stack.split("/").at(-1) ?? "";
  const stacks = stacksIn(folder);
  const others = `stacks with a file: ${stacks.join(", ") || "none"}`;
  if (stack.includes("/"))
    throw new StackFileError(stack, [
      stacks.includes(last)
        ? `write --stack ${last}, without the organization and the project: it names the file Pulumi.${last}.yaml`
        : `write only the stack's name, without the organization and the project; ${others}`,
    ]);
  if (!existsSync(join(folder, `Pulumi.${stack}.yaml`)))
    throw new StackFileError(stack, [`there is no Pulumi.${stack}.yaml; ${others}`]);
}
