/** pulumi destroy: refused as a whole while data are protected, and clean after the documented way. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { changes, type Lab, lab, succeeded, unknownToTheState } from "./lab";

let prod: Lab;
beforeAll(async () => {
  prod = await lab();
  succeeded(await prod.engine.up());
});
afterAll(() => prod.remove());

const held = () =>
  [prod.cloud.main, prod.cloud.workers, prod.cloud.aws, prod.cloud.tailnet].map((one) => one.list().length);

test.each([
  ["as it is typed", ["destroy", "--yes"]],
  ["without a preview", ["destroy", "--yes", "--skip-preview"]],
])("%s, destroy is refused before anything is gone", async (_how, command) => {
  const before = held();
  prod.cloud.journal.clear();
  const { code, stdout, stderr } = await prod.engine.cli(...command);
  expect(code).not.toBe(0);
  expect(stdout + stderr).toMatch(/cannot be deleted[\s\S]*protect/);
  expect(prod.cloud.journal.lines("delete", "shut down", "ssh")).toEqual([]);
  expect(held()).toEqual(before);
  expect(await unknownToTheState(prod)).toEqual([]);
});

test("buckets that hold something are refused by S3 when all else is let go", async () => {
  prod.engine.edit((settings) => {
    settings.protect = false;
  });
  const up = succeeded(await prod.engine.up());
  // The refused ones took out of the state what stands for nothing anywhere, and this up puts it back.
  expect(changes(up).sort()).toEqual(["create default", "create tailnet"]);
  prod.cloud.aws.holdsObjects = (bucket) => bucket === "shop-example-backups";
  const destroy = await prod.engine.destroy();
  expect(destroy.ok).toBe(false);
  expect(destroy.output).toContain("BucketNotEmpty: shop-example-backups");
});

test("the documented way removes everything: workers drain first, main unmounts, and all accounts are empty", async () => {
  // Its steps 1 to 3; those before this test were the first.
  const runbook = readFileSync(join(__dirname, "../../docs/operations.md"), "utf8").split(
    "\n## Destroy\n",
  )[1];
  expect(runbook).toMatch(
    /config set protect false[\s\S]*pulumi up[\s\S]*empty both buckets[\s\S]*pulumi destroy/,
  );
  prod.cloud.aws.holdsObjects = () => false;
  // After a refresh the state lists what the accounts have, including the project's resources.
  succeeded(await prod.engine.refresh());
  succeeded(await prod.engine.destroy({ refresh: true }));
  expect(held()).toEqual([0, 0, 0, 0]);
  expect(prod.cloud.journal.lines("volume torn away", "power cut")).toEqual([]);
  // Workers log out; main's device is left to be removed by hand, as the runbook says.
  expect(prod.cloud.tailnet.devices.map(({ hostname }) => hostname.replace(/-[^-]+$/, ""))).toEqual([
    "mastodon-prod-main",
  ]);
  expect(await prod.engine.urns()).toEqual([]);
});
