/** Fills the few placeholders of the files under machines/files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const FILES = join(__dirname, "files");

/**
 * Whole lines of comment, and empty ones. They are for the reader of this repository: on the machine they would take a
 * fifth of the user data, and a better wording would replace every worker. `#!` lines stay, also those inside a script
 * that writes one, and apt's `#clear`, which is a directive.
 */
const COMMENT_LINES = /^[ \t]*(#(?!!|clear ).*)?\n/gm;

/**
 * The text of a file under machines/files without its comment lines, each `@@NAME@@` replaced by its value.
 *
 * @throws Error on a placeholder without a value and on a value without a placeholder: both are slips in this program
 */
export function hostFile(path: string, values: Readonly<Record<string, string | number>> = {}): string {
  const text = readFileSync(join(FILES, path), "utf8").replace(COMMENT_LINES, "");
  const used = new Set<string>();
  const filled = text.replace(/@@([A-Z0-9_]+)@@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`machines/files/${path}: no value for @@${name}@@`);
    used.add(name);
    return String(value);
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`machines/files/${path}: no placeholder for ${unused.join(", ")}`);
  return filled;
}
