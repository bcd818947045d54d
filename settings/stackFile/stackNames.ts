/** The stacks that have a file, and what to write for one that has none. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { StackFileError } from "./stackFile";

/** Stacks with a file in a folder. */
export const stacksIn = (folder: string) =>
  readdirSync(folder)
    .flatMap((file) => /^Pulumi\.([\w.-]+)\.yaml$/.exec(file)?.slice(1) ?? [])
    .sort();

/**
 * The engine takes a stack without a file for one without settings; in a command it is a slip.
 *
 * @throws StackFileError with what to write
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
