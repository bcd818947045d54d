/** The command lines of this project. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { readCommandLine, UsageError, wholeNumber } from "../../tools/commandLine";

const LINE = {
  help: "npm run it\n\n  --rounds N   how often\n",
  options: { rounds: { type: "string" } } as const,
  words: ["a", "b"],
};
const wrong = (...args: string[]) => {
  try {
    readCommandLine(args, LINE);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message.split("\n")[0];
  }
};

test("options and one of the words are read", () => {
  expect(readCommandLine(["b", "--rounds", "3"], LINE)).toEqual({
    values: expect.objectContaining({ rounds: "3" }),
    word: "b",
    operand: undefined,
  });
});

test("a word may be followed by a value", () => {
  const line = { ...LINE, followed: { b: "FILE" } };
  expect(readCommandLine(["b", "x.age", "--rounds", "3"], line)).toMatchObject({
    word: "b",
    operand: "x.age",
  });
  expect(readCommandLine(["a"], line)).toMatchObject({ word: "a", operand: undefined });
  expect(() => readCommandLine(["b"], line)).toThrow("b is followed by FILE.");
  expect(() => readCommandLine(["b", "x", "y"], line)).toThrow('"y" is not expected here');
  expect(() => readCommandLine(["a", "x"], line)).toThrow('"x" is not expected here');
});

test("--help asks for nothing else", () => {
  expect(readCommandLine(["--help", "--rounds", "3"], LINE)).toBeUndefined();
});

test.each([
  [["--roundz", "3"], "Unknown option '--roundz'."],
  [["--rounds"], "Option '--rounds <value>' argument missing."],
  [["c"], '"c" is not expected here; write a or b, or nothing.'],
  [["a", "b"], '"b" is not expected here; write a or b, or nothing.'],
])("%j is refused, with the help below it", (args, message) => {
  expect(wrong(...args)).toBe(message);
});

test.each(["0", "-1", "1.5", "1e2", "many", ""])("a number of rounds cannot be %j", (text) => {
  expect(() => wholeNumber("rounds", text, 1, 1000)).toThrow(
    `--rounds is ${text}; write a whole number from 1 to 1000.`,
  );
});

const ROOT = join(__dirname, "../..");
const run = (file: string, ...args: string[]) =>
  spawnSync("node", ["-r", "ts-node/register/transpile-only", file, ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });

test.each([
  "plan/cli.ts",
  "github/cli.ts",
  "operations/adopt/cli.ts",
  "operations/size/cli.ts",
  "operations/orphans/cli.ts",
  "operations/escrow/cli.ts",
  "operations/status/cli.ts",
  "rehearsal/cli.ts",
  "bench/cli.ts",
  "generate/settings.ts",
  "generate/dropletSizes.ts",
  "generate/pictures.ts",
])(
  "%s: --help is answered, and a stray word refused before anything is done",
  (file) => {
    const help = run(file, "--help");
    expect({ status: help.status, stderr: help.stderr }).toEqual({ status: 0, stderr: "" });
    expect(help.stdout).toMatch(/^(sudo )?npm run /);
    const stray = run(file, "stray");
    // Those two end with 1 where there is something to do.
    expect(stray.status).toBe(/^operations\/(orphans|status)/.test(file) ? 2 : 1);
    expect(stray.stdout).toBe("");
    expect(stray.stderr).toMatch(/^"stray" is not expected here/);
    expect(stray.stderr).not.toMatch(/\n\s+at /);
  },
  60_000,
);
