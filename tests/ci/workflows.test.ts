/** What actionlint and zizmor (`npm run lint:workflows`) cannot know of the workflows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import manifest from "../../package.json";

const ROOT = join(__dirname, "../..");
const GITHUB = join(ROOT, ".github");
const files = [
  ...readdirSync(join(GITHUB, "workflows")).map((name) => `workflows/${name}`),
  "actions/setup/action.yml",
];
const text = (file: string) => readFileSync(join(GITHUB, file), "utf8");
/** As GitHub fills it in. */
const of = (value: string) => `\${{ ${value} }}`;
const workflow = (name: string) => parse(text(`workflows/${name}.yml`));

test("no workflow holds a secret: every account is joined by OIDC", () => {
  expect(
    files.filter((file) => /\$\{\{[^}]*secrets\.|PASSPHRASE|PULUMI_ACCESS_TOKEN/.test(text(file))),
  ).toEqual([]);
});

test("an action has one digest everywhere, with its version beside it", () => {
  const uses = files.flatMap((file) => [...text(file).matchAll(/uses: ([^.\s]\S*)@(\S+)(.*)$/gm)]);
  const pins = new Map<string, Set<string>>();
  for (const [, action = "", ref, comment] of uses)
    pins.set(action, (pins.get(action) ?? new Set()).add(`${ref}${comment}`));
  expect(uses.length).toBeGreaterThan(8);
  for (const [action, refs] of pins) {
    expect([action, [...refs]]).toEqual([action, [expect.stringMatching(/^[0-9a-f]{40} # v\d+(\.\d+)*$/)]]);
  }
});

test("CI's CLI is of the SDK's version", () => {
  const versions = files.flatMap((file) =>
    [...text(file).matchAll(/pulumi-version: (\S+)/g)].map(([, v]) => v),
  );
  expect(new Set(versions)).toEqual(new Set([manifest.dependencies["@pulumi/pulumi"]]));
});

test("a fork's pull request gets the plan, in a job that has no token to ask an account with", () => {
  const { on, jobs } = workflow("preview");
  expect(Object.keys(on)).toEqual(["pull_request"]);
  expect(jobs.plan.permissions).toEqual({ contents: "read" });
  expect(jobs.preview.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
});

test("the page of every plan is kept for a month, from the job that knows no secret", () => {
  const { steps } = workflow("preview").jobs.plan;
  const uploads = ["preview", "up-stack", "drift", "checks"].flatMap((name) =>
    Object.values<{ steps?: { uses?: string }[] }>(workflow(name).jobs).flatMap((job) =>
      (job.steps ?? []).filter(({ uses = "" }) => uses.startsWith("actions/upload-artifact@")),
    ),
  );
  expect(uploads).toEqual([steps.at(-1)]);
  expect(steps.at(-1).with).toEqual({
    name: "plan",
    path: "plan/*/plan.html",
    "if-no-files-found": "error",
    "retention-days": 30,
  });
});

test("prod follows staging, one up at a time, each with its own preview and the policy pack", () => {
  const { jobs, concurrency } = workflow("up");
  expect(jobs.prod.needs).toBe("staging");
  expect(concurrency["cancel-in-progress"]).toBe(false);
  const stack = workflow("up-stack").jobs.up;
  expect(stack.environment).toBe(of("inputs.stack"));
  expect(stack.concurrency).toEqual({ group: `stack-${of("inputs.stack")}`, "cancel-in-progress": false });
  const last = stack.steps.at(-1).run;
  expect(last).toContain("--policy-pack policy/run");
  expect(last).not.toContain("skip-preview");
  // Drift waits for an up, and the reverse.
  expect(workflow("drift").jobs.drift.concurrency.group).toBe(`stack-${of("matrix.stack")}`);
});

test("whoever deploys has the tag that the tailnet's policy lets reach ssh", () => {
  const { steps } = workflow("up-stack").jobs.up;
  const tailscale = steps.find(({ uses = "" }: { uses?: string }) => uses.startsWith("tailscale/"));
  expect(tailscale.with.tags).toBe(`tag:mastodon-${of("inputs.stack")}-deploy`);
});
