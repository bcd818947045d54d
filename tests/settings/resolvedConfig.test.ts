/** Stacks by their names, and their settings as `pulumi config --json` prints them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import program from "../..";
import { makePlan } from "../../plan/plan";
import { readExample } from "../../settings/stackFile/examples";
import { readResolvedConfig } from "../../settings/stackFile/resolvedConfig";
import { readStackConfig } from "../../settings/stackFile/stackFile";
import { checkStackName } from "../../settings/stackFile/stackNames";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stacks-"));
  for (const name of ["live", "prod"]) writeFileSync(join(dir, `Pulumi.${name}.yaml`), "config: {}\n");
});
afterEach(() => rmSync(dir, { recursive: true }));

test.each([
  ["nope", "- there is no Pulumi.nope.yaml; stacks with a file: live, prod"],
  [
    "acme/mastodon-hosting/live",
    "- write --stack live, without the organization and the project: it names the file Pulumi.live.yaml",
  ],
  [
    "acme/live",
    "- write --stack live, without the organization and the project: it names the file Pulumi.live.yaml",
  ],
  [
    "acme/mastodon-hosting/nope",
    "- write only the stack's name, without the organization and the project; stacks with a file: live, prod",
  ],
])("--stack %s is told what to write", (stack, line) => {
  expect(() => checkStackName(dir, stack)).toThrow(line);
});

test("a stack with a file is taken", () => {
  expect(() => checkStackName(dir, "live")).not.toThrow();
});

/** What `pulumi config --json` prints of a stack. */
const printed = (stack: "prod") => {
  const { config, project } = readExample(stack);
  const entries = Object.entries(config).map(([key, value]) => [key, { value, secret: false }] as const);
  return JSON.stringify({
    ...Object.fromEntries(entries),
    [`${project}:digitaloceanToken`]: { secret: true },
  });
};

test("what pulumi resolved is planned like a stack file, its secrets unread", async () => {
  const resolved = readResolvedConfig(printed("prod"), "mastodon-hosting", "prod");
  const { plan } = await makePlan(resolved, program);
  const { plan: own } = await makePlan(readExample("prod"), program);
  expect(plan.resources).toEqual(own.resources);
  expect(plan.toSetBeforeUp.secrets.map(({ key }) => key)).not.toContain("digitaloceanToken");
});

test("an encrypted setting is refused there, too", async () => {
  const text = JSON.stringify({
    ...JSON.parse(printed("prod")),
    "mastodon-hosting:tailnet": { secret: true },
  });
  await expect(makePlan(readResolvedConfig(text, "mastodon-hosting", "prod"), program)).rejects.toThrow(
    "tailnet has an encrypted value, but it is not a secret",
  );
});

test.each(["", "not json", "[]", '{"a": 1}', '{"domain": {"value": "x", "secret": false}}'])(
  "%j is not what pulumi prints",
  (text) => {
    expect(() => readResolvedConfig(text, "mastodon-hosting", "live")).toThrow(
      "--config is not what pulumi prints; run: pulumi config --json --stack live > FILE",
    );
  },
);

test("a stack with an environment is told how to be planned", () => {
  writeFileSync(join(dir, "Pulumi.yaml"), "name: mastodon-hosting\nruntime: nodejs\n");
  writeFileSync(join(dir, "Pulumi.live.yaml"), "environment: [mastodon]\n");
  expect(() => readStackConfig(dir, "live")).toThrow(
    "environment is resolved by Pulumi alone; run: pulumi config --json --stack live | npm run plan -- --stack live --config -",
  );
});
