/** Golden files: what a reviewer reads in a pull request. `npm run golden` writes them anew. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(__dirname, "golden");

/** Compares files (name → text) with those of a golden folder, or writes them when UPDATE_GOLDEN is set. */
export function expectGolden(folder: string, files: Readonly<Record<string, string>>): void {
  const path = join(FOLDER, folder);
  if (process.env.UPDATE_GOLDEN) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  }
  const golden = existsSync(path)
    ? Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), "utf8")]))
    : {};
  expect(Object.keys(files).sort()).toEqual(Object.keys(golden).sort());
  for (const [name, text] of Object.entries(files))
    expect({ [name]: text }).toEqual({ [name]: golden[name] });
}
