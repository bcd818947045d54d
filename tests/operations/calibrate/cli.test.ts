/** The command, with a saved week in place of main. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { calibrate } from "../../../operations/calibrate/cli";
import { knownStack } from "../../../operations/calibrate/stack";
import { type Example, readExample } from "../../../settings/stackFile/examples";
import { syntheticWeek } from "./syntheticWeek";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "calibrate-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What it exits with, or refuses with, and what it wrote. */
async function run(...args: string[]) {
  const printed: string[] = [];
  const said: string[] = [];
  const status = await calibrate(args, {
    print: (text) => printed.push(text),
    say: (line) => said.push(line),
    readStack: (name) => knownStack(readExample(name as Example)),
  }).catch((error: Error) => error.message);
  return { status, stdout: printed.join(""), stderr: said.join("\n") };
}

function saved(days: number, change = (text: string) => text): string {
  const file = join(folder, `${days}.json`);
  writeFileSync(file, change(JSON.stringify(syntheticWeek({ days }))));
  return file;
}

test("a saved week: YAML on standard output, what is left on standard error, and 0", async () => {
  const { status, stdout, stderr } = await run("--from", saved(7));
  expect(status).toBe(0);
  expect(Object.keys(parse(stdout).config)).toEqual([
    "mastodon-hosting:workload",
    "mastodon-hosting:assumptions",
  ]);
  expect(stderr).toContain("left as it is: queues.fasp: there were no jobs");
});

test("two days: written to a file, with a warning and 1", async () => {
  const out = join(folder, "learned.yaml");
  const { status, stdout, stderr } = await run("--from", saved(2), "--out", out);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("That is less than a week: weekends may differ");
  expect(
    parse(readFileSync(out, "utf8")).config["mastodon-hosting:workload"].queues.default.cpuMs,
  ).toBeCloseTo(11, 0);
});

test("half a day is refused, and nothing is written", async () => {
  const out = join(folder, "none.yaml");
  const { status, stdout, stderr } = await run("--from", saved(0.5), "--out", out);
  expect([stdout, stderr, existsSync(out)]).toEqual(["", "", false]);
  expect(status).toMatch(
    /^Only 11\.8 hours are known\. A day is the least, with its night, and a week is better/,
  );
});

test("a main that counts no jobs yet", async () => {
  const nothing = saved(1, (text) => text.replaceAll('"service":"sidekiq-', '"service":"other-'));
  const { status } = await run("--from", nothing);
  expect(status).toMatch(/^Main has measured no jobs in that time\./);
});

test("mistakes are answered with what to write", async () => {
  const garbage = join(folder, "garbage.json");
  writeFileSync(garbage, "{}");
  for (const [args, answer] of [
    [["--from", garbage], `--from is ${garbage}, which is not what --save writes.`],
    [["--from", "/nowhere"], "--from is /nowhere, which cannot be read"],
    [["--from", garbage, "--days", "3"], "--days and --save do not go with it"],
    [["--days", "31"], "--days is 31; write a whole number from 1 to 30."],
  ] as const) {
    const { status, stdout } = await run(...args);
    expect(stdout).toBe("");
    expect(status).toContain(answer);
  }
});
