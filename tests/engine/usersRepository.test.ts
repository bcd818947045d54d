/** A repository as README and docs/pull-requests.md make it: what the jobs of a pull request run there is green. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineStack } from "../../doubles/engine/engineStack";
import { EXAMPLES, exampleFile } from "../../settings/stackFile/examples";
import { GitHubDouble } from "../github/githubDouble";
import { type Lab, lab } from "./lab";

const github = new GitHubDouble();
let user: Lab;
beforeAll(() => github.start());
afterAll(() => github.stop());
afterEach(() => user.remove());

const summary = join(mkdtempSync(join(tmpdir(), "summary-")), "summary");
const ci = (...args: string[]) =>
  user.engine.script("github/cli.ts", args, { ...github.environment, GITHUB_STEP_SUMMARY: summary });

/** README, "Deploy it": an example's copy with one's own values. */
const withOwnValues = (engine: EngineStack) =>
  engine.edit((settings) => {
    settings.domain = "social.kombi.org";
    settings.owner = { username: "keeper", email: "admin@kombi.org" };
    if (settings.smtp) settings.smtp = { server: "smtp.kombi.org", login: "mastodon@kombi.org" };
    settings.administratorKeys = [];
  });

test("a stack of one's own with secrets beside untouched examples", async () => {
  user = await lab("live", "small");
  for (const example of EXAMPLES)
    user.engine.write(`Pulumi.${example}.yaml`, readFileSync(exampleFile(example), "utf8"));
  withOwnValues(user.engine);
  await user.engine.setSecrets({ smtpPassword: "canary-relay-4714" });

  const stacks = await ci("stacks");
  expect(stacks).toMatchObject({ code: 0, stdout: '["live"]\n' });
  expect(stacks.stderr).toBe(
    EXAMPLES.map((name) => `Pulumi.${name}.yaml is left out: its domain is still the example's.\n`).join(""),
  );
  expect(await ci("plans")).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(summary, "utf8")).toContain("# Plan of live: social.kombi.org");
  const preview = await ci("preview", "--stack", "live", "--pull-request", "7", "--commit", "abc");
  expect(preview).toMatchObject({ code: 0 });
  expect(github.comments.at(-1)?.body).toMatch(/^## live: \d\d created, 0 unchanged$/m);
});

test("prod edited in place, with secrets and what `pulumi config set` writes", async () => {
  user = await lab("prod");
  for (const example of ["small", "staging"] as const)
    user.engine.write(`Pulumi.${example}.yaml`, readFileSync(exampleFile(example), "utf8"));
  withOwnValues(user.engine);
  expect(await user.engine.cli("config", "set", "protect", "false")).toMatchObject({ code: 0 });
  expect(await user.engine.cli("config", "set", "--path", "main.volumeGiB", "130")).toMatchObject({
    code: 0,
  });
  expect(user.engine.settings().protect).toBe("false");

  expect(await ci("stacks")).toMatchObject({ code: 0, stdout: '["prod"]\n' });
  expect(await ci("plans")).toMatchObject({ code: 0, stderr: "" });
  const preview = await ci("preview", "--stack", "prod", "--pull-request", "8", "--commit", "abc");
  expect(preview).toMatchObject({ code: 0 });
  expect(github.comments.at(-1)?.body).toMatch(/^## prod: \d\d created, 0 unchanged$/m);
});

test("one broken stack file does not hide the plans of the others, and fails the job", async () => {
  user = await lab("live", "small");
  withOwnValues(user.engine);
  await user.engine.setSecrets({ smtpPassword: "canary-relay-4714" });
  user.engine.write(
    "Pulumi.a.yaml",
    "config:\n  mastodon-hosting:domain: social.kombi.org\n  mastodon-hosting:colour: red\n",
  );
  user.engine.write("Pulumi.b.c.yaml", "config: [");
  user.engine.write("Pulumi.cloud.yaml", "environment:\n  - mastodon/cloud\n");
  const { code, stderr } = await ci("plans");
  expect({ code, stderr }).toEqual({ code: 1, stderr: "No plan of a, b.c: see the run's summary.\n" });
  const written = readFileSync(summary, "utf8");
  for (const part of [
    "# a: no plan",
    "colour",
    "# b.c: no plan",
    "# cloud: no plan here",
    "# Plan of live: social.kombi.org",
  ])
    expect(written).toContain(part);
});
