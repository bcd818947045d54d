import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { envFile } from "../../services/envFile";

describe("envFile", () => {
  test("one quoted line a value, absent ones left out", () => {
    expect(envFile({ A: "b c", N: 3, T: true, GONE: undefined, EMPTY: "" })).toBe(
      "A='b c'\nN='3'\nT='true'\nEMPTY=''\n",
    );
  });

  test.each(["it's", "two\nlines", "carriage\rreturn", "nul\0"])("%j fits no env file", (text) => {
    expect(() => envFile({ A: text })).toThrow("A: a value with a single quote or a line break");
  });

  test("the shell reads every value back", () => {
    const value = fc.string({
      unit: fc.constantFrom("$", "`", '"', "\\", "#", " ", "!", "*", "~", "é", "x"),
    });
    const values = fc.sample(value, { numRuns: 200, seed: 1 });
    const text = envFile(Object.fromEntries(values.map((v, i) => [`V${i}`, v])));
    const names = values.map((_, i) => `"$V${i}"`).join(" ");
    const shell = spawnSync("bash", ["-c", `eval "$(cat)"; printf '%s\\0' ${names}`], { input: text });
    expect(shell.stdout.toString().split("\0").slice(0, -1)).toEqual(values);
  });
});
