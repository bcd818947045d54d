/** Writes the files of a plan, all from one run or none: two plans of a stack may run at once. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Replaces a folder by another one; no file of the old one remains. */
export function publish(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(dirname(folder), { recursive: true });
  const aside = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
  const [next, old] = [join(aside, "new"), join(aside, "old")];
  mkdirSync(next);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(next, name), text);
  // Between the two renames, another plan may have put its folder there: then start again.
  for (let tries = 0; !moved(next, folder); tries++) {
    if (tries === 100) throw new Error(`${folder} keeps being written by other processes`);
    if (moved(folder, old)) rmSync(old, { recursive: true });
  }
  rmSync(aside, { recursive: true });
}

/** Removes an earlier plan, and returns when it was written, if there was one. */
export function retract(folder: string): Date | undefined {
  if (!existsSync(folder)) return undefined;
  const { mtime } = statSync(folder);
  rmSync(folder, { recursive: true, force: true });
  return mtime;
}

/** false: the target already exists, or there is nothing to move. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOENT", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? ""))
      return false;
    throw error;
  }
}
