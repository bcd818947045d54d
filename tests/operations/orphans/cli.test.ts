/** `npm run orphans` before it asks anybody. */
import { join } from "node:path";
import { attempt } from "../../../tools/run";

const orphans = (args: string[], env: NodeJS.ProcessEnv = process.env) =>
  attempt(
    [
      process.execPath,
      "-r",
      "ts-node/register",
      join(__dirname, "../../../operations/orphans/cli.ts"),
      ...args,
    ],
    {
      env,
      timeout: 60,
    },
  );

test("--help says what it does and how it ends", async () => {
  const { code, stdout } = await orphans(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("npm run orphans -- [--stack NAME]");
}, 60_000);

test("without the Pulumi CLI it says where to get it", async () => {
  expect(await orphans(["--stack", "live"], { ...process.env, PATH: "/nonexistent" })).toEqual({
    code: 2,
    stdout: "",
    stderr: "There is no `pulumi` on PATH. Install the Pulumi CLI: https://www.pulumi.com/docs/install/\n",
  });
}, 60_000);
