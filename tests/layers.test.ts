/** Imports go down, and in no circle: who reads a folder needs to know only those below it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

const ROOT = join(__dirname, "..");

/** From the ground up. A folder imports from those before it. */
const LAYERS = [
  "tools",
  "catalogue",
  "settings",
  "services",
  "fleet",
  "machines",
  "checks",
  "components",
  "index.ts",
  "report",
  "plan",
  "policy",
  "operations",
  "github",
  "doubles",
  "lab",
  "rehearsal",
  "generate",
  "bench",
];

/** Without tests, and without the programs that the benchmark runs. */
const files = readdirSync(ROOT, { withFileTypes: true })
  .filter(({ name }) => !/^(\..*|node_modules|tests|coverage)$/.test(name))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(join(ROOT, entry.name), { recursive: true, encoding: "utf8" }).map((path) =>
          join(entry.name, path),
        )
      : [entry.name],
  )
  .filter((file) => file.endsWith(".ts") && !file.startsWith("bench/programs/"));
const known = new Set(files);

const imports = new Map(
  files.map((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), "utf8"), true, true);
    const found = importedFiles
      .filter(({ fileName }) => fileName.startsWith(".") && !fileName.endsWith(".json"))
      .map(({ fileName }) => normalize(join(dirname(file), fileName)))
      .map((path) =>
        [`${path}.ts`, `${path}/index.ts`, join(path, "index.ts")].find((name) => known.has(name)),
      )
      .filter((name) => name !== undefined);
    return [file, found] as const;
  }),
);
const folder = (file: string) => file.split("/")[0] as string;

test("every folder with code has its layer", () => {
  expect([...new Set(files.map(folder))].sort()).toEqual([...LAYERS].sort());
});

test("every import leads to a file", () => {
  expect([...imports.values()].flat().filter((file) => !known.has(file))).toEqual([]);
});

test("no import goes up", () => {
  const up = [...imports].flatMap(([file, found]) =>
    found
      .filter((to) => LAYERS.indexOf(folder(to)) > LAYERS.indexOf(folder(file)))
      .map((to) => `${file} imports ${to}`),
  );
  expect(up).toEqual([]);
  // Otherwise nothing was read.
  expect([...imports.values()].flat().length).toBeGreaterThan(500);
});

test("no files import each other in a circle", () => {
  const circles = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.add([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (path.includes(file) || done.has(file)) return;
    for (const to of imports.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect([...circles]).toEqual([]);
});
