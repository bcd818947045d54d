/** The stacks that preview, up and drift work on: the stack files whose domain is no longer the example's. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { readStackConfig } from "../settings/stackFile/stackFile";
import { isExampleValue } from "../settings/warnings";

export interface Stacks {
  /** Those without protected data first: what goes wrong is to go wrong there. */
  own: string[];
  /** The worked examples, which nobody can have deployed: their domain is one that nobody can own. */
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

/** Own stacks whose files a commit had and the folder no longer has: nothing would preview, deploy or look after them. */
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

/** Whether Pulumi Cloud adds values from an ESC environment, which no file tells. */
export function hasEnvironment(folder: string, stack: string): boolean {
  try {
    return Boolean(parse(readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8"))?.environment);
  } catch {
    // What is wrong with the file is for its plan to say.
    return false;
  }
}

/** Empty where the file is refused: that is somebody's own, and its plan says what is wrong. */
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
