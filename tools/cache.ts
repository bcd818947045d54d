/** A cache outside the checkout, for what takes long to make. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "mastodon-hosting");

/** A cache folder that grows: the names of its files say what is in them. */
export function cacheFolder(name: string): string {
  const path = join(CACHE, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/**
 * A folder or file in the cache, made if it is absent.
 *
 * @param recipe everything that it depends on: another recipe is another entry
 * @param make makes it at the given path; it is kept only if that succeeds
 */
export async function cached(
  name: string,
  recipe: unknown,
  make: (path: string) => Promise<void>,
): Promise<string> {
  const key = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const path = join(CACHE, `${name}-${key}`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  await make(unfinished);
  // Another process may have made it meanwhile.
  if (existsSync(path)) rmSync(unfinished, { recursive: true, force: true });
  else renameSync(unfinished, path);
  return path;
}
