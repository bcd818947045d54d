import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(__dirname, "../..");
let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "transpiler-"));
  mkdirSync(join(project, "tools"));
  for (const file of ["tools/transpiler.js", "tsconfig.json"]) cpSync(join(ROOT, file), join(project, file));
  symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"));
});
afterEach(() => rmSync(project, { recursive: true }));

const CACHE = ".cache/transpiled";

/** What a program with that body prints, and whether swc was loaded for it. */
function run(body: string) {
  const loaded = `Object.keys(require.cache).some((file) => file.endsWith("/@swc/core/index.js"))`;
  writeFileSync(
    join(project, "program.ts"),
    `const said: string = ${body};\nconsole.log(JSON.stringify({ said, swc: ${loaded} }));\n`,
  );
  const output = execFileSync("node", ["-r", "ts-node/register", "program.ts"], { cwd: project });
  return JSON.parse(output.toString()) as { said: string; swc: boolean };
}

test("a file is transpiled once, and anew when it has changed", () => {
  expect(run(`"one"`)).toEqual({ said: "one", swc: true });
  expect(run(`"one"`)).toEqual({ said: "one", swc: false });
  expect(run(`"two"`)).toEqual({ said: "two", swc: true });
});

test("an error of a file that is remembered names its line in the source", () => {
  const body = `(() => {\n  interface Gone { with: "the types" }\n  return new Error().stack as string;\n})()`;
  run(body);
  expect(run(body).said).toMatch(/program\.ts:3:/);
});

test("what was damaged is made again", () => {
  run(`"whole"`);
  for (const file of readdirSync(join(project, CACHE)))
    writeFileSync(join(project, CACHE, file), `{"outputT`);
  expect(run(`"whole"`)).toEqual({ said: "whole", swc: true });
  expect(run(`"whole"`)).toEqual({ said: "whole", swc: false });
});

test("where nothing can be kept, the program runs all the same", () => {
  mkdirSync(join(project, ".cache"));
  writeFileSync(join(project, CACHE), "a file, not a folder");
  expect(run(`"here"`)).toEqual({ said: "here", swc: true });
});
