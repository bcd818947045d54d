/** Golden files: what a reviewer reads in a pull request. `npm run golden` writes them anew. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FOLDER = join(__dirname, "golden");

type Files = Readonly<Record<string, string>>;

/** Compares files (name → text) with those of a golden folder, or writes them when UPDATE_GOLDEN is set. */
export function expectGolden(folder: string, files: Files): void {
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

/**
 * The same files as what they differ in from another stack's, which are alike: nine tenths are the services' own files.
 * Each hunk shows the start of the last path before it.
 *
 * @param originals the other stack's, by the files' names here
 */
export function asDifferences(files: Files, originals: Files): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "golden-"));
  try {
    return Object.fromEntries(
      Object.entries(files).map(([name, text]) => {
        writeFileSync(join(folder, "from"), originals[name] ?? "");
        writeFileSync(join(folder, "to"), text);
        const labels = ["--label", "prod", "--label", name];
        const command = ["-U0", "--show-function-line=^  - path:", ...labels, "from", "to"];
        const { stdout, status, stderr } = spawnSync("diff", command, { cwd: folder, encoding: "utf8" });
        // 1: they differ.
        if (status !== 0 && status !== 1) throw new Error(`diff: ${stderr}`);
        return [`${name}.diff`, stdout];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
