/** The stacks that preview, up and drift work on: the stack files whose domain is no longer an example's. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { readStackConfig } from "../settings/stackFile/stackFile";
import { isExampleValue } from "../settings/warnings";

export interface Stacks {
  /** Stacks without protected data come first: if something goes wrong, it should go wrong there. */
  own: string[];
  /** The example stacks, which nobody can have deployed: nobody can own their domains. */
  examples: string[];
  /** Files that are neither, each with the reason. */
  ignored: string[];
}

export function stacksOf(folder: string): Stacks {
  const stacks: Stacks = { own: [], examples: [], ignored: [] };
  const unprotected = new Set<string>();
  for (const file of readdirSync(folder).sort()) {
    const [, stack, extension] = /^Pulumi\.(.+)\.(ya?ml)$/.exec(file) ?? [];
    if (!stack) continue;
    if (extension !== "yaml") {
      stacks.ignored.push(`${file}: Pulumi reads Pulumi.${stack}.yaml only`);
      continue;
    }
    const { domain, protect } = plainSettings(folder, stack);
    if (protect === "false") unprotected.add(stack);
    (domain && isExampleValue(domain) ? stacks.examples : stacks.own).push(stack);
  }
  stacks.own.sort((a, b) => Number(unprotected.has(b)) - Number(unprotected.has(a)));
  return stacks;
}

/** Your own stacks whose files an earlier commit had and the folder no longer has: nothing would preview, deploy or watch them. */
export function goneSince(folder: string, commit: string): string[] {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, encoding: "utf8" });
  const before = mkdtempSync(join(tmpdir(), "stacks-"));
  try {
    for (const file of git("ls-tree", "--name-only", commit).split("\n"))
      if (/^Pulumi\.(.+\.)?yaml$/.test(file))
        writeFileSync(join(before, file), git("show", `${commit}:${file}`));
    const now = readdirSync(folder);
    return stacksOf(before).own.filter((stack) => !now.includes(`Pulumi.${stack}.yaml`));
  } finally {
    rmSync(before, { recursive: true, force: true });
  }
}

/** Whether Pulumi Cloud adds values from an ESC environment, which no file reveals. */
export function hasEnvironment(folder: string, stack: string): boolean {
  try {
    return Boolean(parse(readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8"))?.environment);
  } catch {
    // The plan reports what is wrong with the file.
    return false;
  }
}

/** Empty if the file is refused: it is then a user's own, and its plan says what is wrong. */
function plainSettings(
  folder: string,
  stack: string,
): Partial<Record<"domain" | "protect", string | undefined>> {
  try {
    const { project, config } = readStackConfig(folder, stack);
    return { domain: config[`${project}:domain`], protect: config[`${project}:protect`] };
  } catch {
    return {};
  }
}
