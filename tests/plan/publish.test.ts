import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publish, retract } from "../../plan/publish";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "publish-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test("no file of an earlier plan stays, and nothing is left beside", () => {
  publish(join(dir, "live"), { "plan.md": "old", "workers-a.cloud-config.yaml": "old" });
  publish(join(dir, "live"), { "plan.md": "new" });
  expect(readdirSync(dir)).toEqual(["live"]);
  expect(readdirSync(join(dir, "live"))).toEqual(["plan.md"]);
  expect(readFileSync(join(dir, "live/plan.md"), "utf8")).toBe("new");
});

test("four processes that publish the same plan all the time never fail, and the files are of one of them", async () => {
  const script = join(dir, "publisher.js");
  writeFileSync(
    script,
    `require(${JSON.stringify(join(__dirname, "../../node_modules/ts-node/register"))});
const { publish } = require(${JSON.stringify(join(__dirname, "../../plan/publish"))});
const who = process.argv[2];
for (let i = 0; i < 150; i++) publish(${JSON.stringify(join(dir, "out/live"))}, { a: who, b: who, c: who });`,
  );
  const codes = await Promise.all(
    ["1", "2", "3", "4"].map(
      (who) =>
        new Promise((resolve) =>
          spawn(process.execPath, [script, who], {
            stdio: "inherit",
            cwd: join(__dirname, "../.."),
          }).on("exit", resolve),
        ),
    ),
  );
  expect(codes).toEqual([0, 0, 0, 0]);
  const written = ["a", "b", "c"].map((name) => readFileSync(join(dir, "out/live", name), "utf8"));
  expect(new Set(written).size).toBe(1);
  expect(readdirSync(join(dir, "out"))).toEqual(["live"]);
}, 60_000);

test("an earlier plan is taken away with its date; where there is none nothing happens", () => {
  expect(retract(join(dir, "live"))).toBeUndefined();
  publish(join(dir, "live"), { "plan.md": "old" });
  expect(Math.abs((retract(join(dir, "live"))?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(readdirSync(dir)).toEqual([]);
});
