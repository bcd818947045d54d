/** What actionlint and zizmor (`npm run lint:workflows`) cannot know of the workflows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const ROOT = join(__dirname, "../..");
const GITHUB = join(ROOT, ".github");
const files = [
  ...readdirSync(join(GITHUB, "workflows")).map((name) => `workflows/${name}`),
  ...["node", "setup"].map((name) => `actions/${name}/action.yml`),
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
    expect([action, [...refs]]).toEqual([action, [expect.stringMatching(/^[0-9a-f]{40} # v\d+\.\d+\.\d+$/)]]);
  }
});

test("CI's CLI is the one that everything here was run with", () => {
  const cli = files.flatMap((file) => text(file).match(/pulumi-version.*$/gm) ?? []);
  expect(cli.length).toBe(2);
  expect(new Set(cli)).toEqual(new Set(["pulumi-version-file: .pulumi.version"]));
  expect(text("../doubles/engine/cli.ts")).toContain('"../../.pulumi.version"');
});

test("a script that fails in the middle of a pipe fails its step, and none hides a failure in an echo", () => {
  for (const file of files) {
    const steps = Object.values<{ steps?: { run?: string }[] }>(parse(text(file)).jobs ?? {}).flatMap(
      (job) => job.steps ?? [],
    );
    if (steps.some(({ run }) => run))
      expect([file, parse(text(file)).defaults?.run?.shell]).toEqual([file, "bash"]);
    expect(steps.map(({ run = "" }) => run).filter((run) => /echo .*\$\(/.test(run))).toEqual([]);
  }
});

test("a fork's pull request gets the plan, in a job that has no token to ask an account with", () => {
  const { on, jobs } = workflow("preview");
  expect(Object.keys(on)).toEqual(["pull_request", "merge_group"]);
  expect(jobs.plan.permissions).toEqual({ contents: "read" });
  expect(jobs.preview.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
  expect(jobs.preview.if).toContain("github.event.pull_request.user.type != 'Bot'");
});

test("a plan that is refused, a login that fails and a job that is cancelled all change the comment", () => {
  const { preview } = workflow("preview").jobs;
  expect(preview.if).toContain("!cancelled()");
  const [own, unable] = preview.steps.slice(-2);
  expect(own.id).toBe("preview");
  expect(unable.if).toBe("cancelled() || (failure() && steps.preview.outcome == 'skipped')");
  for (const { run } of [own, unable]) expect(run).toContain('--commit "$COMMIT"');
  expect(preview.env.COMMIT).toBe(of("github.event.pull_request.head.sha"));
});

test("what can be required has one name, whether or not there is anything to preview", () => {
  for (const [name, job] of [
    ["preview", "previews"],
    ["checks", "checks"],
  ] as const) {
    const { [job]: last, ...others } = workflow(name).jobs;
    expect(last.needs).toEqual(Object.keys(others));
    expect(last.if).toBe("always()");
    expect(last.name).not.toContain("$");
    expect(Object.keys(workflow(name).on)).toContain("merge_group");
  }
});

test("where a job can ask for an account's token, no package's install script runs, and no cache is shared", () => {
  expect(files.flatMap((file) => text(file).match(/npm ci.*/g) ?? [])).toEqual([
    "npm ci --ignore-scripts --no-audit --no-fund",
  ]);
  for (const file of files)
    expect(text(file)).not.toMatch(/use-cache: ["']?true|package-manager-cache: true/);
  for (const name of ["up-stack", "drill"])
    expect(text(`workflows/${name}.yml`)).toContain('use-cache: "false"');
});

test("the page of every plan is kept for a month, from the job that knows no secret", () => {
  const { steps } = workflow("preview").jobs.plan;
  const uploads = ["preview", "up-stack", "drift", "drill", "checks"].flatMap((name) =>
    Object.values<{ steps?: { uses?: string }[] }>(workflow(name).jobs).flatMap((job) =>
      (job.steps ?? []).filter(({ uses = "" }) => uses.startsWith("actions/upload-artifact@")),
    ),
  );
  expect(uploads).toEqual([steps.at(-1)]);
  expect(steps.at(-1).with).toEqual({
    name: "plan",
    path: "plan/*/plan.html",
    "if-no-files-found": "warn",
    "retention-days": 30,
  });
});

test("preview, up, drift and drill have one list of stacks", () => {
  for (const name of ["preview", "up", "drift", "drill"]) {
    const jobs = Object.values<{ strategy?: { matrix: { stack: string } } }>(workflow(name).jobs);
    const lists = jobs.flatMap(({ strategy }) => strategy?.matrix.stack ?? []);
    expect([name, lists]).toEqual([
      name,
      [expect.stringMatching(/^\$\{\{ fromJSON\(needs\.\w+\.outputs\.stacks\) \}\}$/)],
    ]);
    expect(text(`workflows/${name}.yml`)).toMatch(/stacks=\$\(npm run --silent ci -- stacks/);
  }
});

test("one stack after the other goes up, after the checks, and none after one that failed", () => {
  const { jobs, concurrency } = workflow("up");
  expect(jobs.up.needs).toEqual(["checks", "stacks"]);
  expect(jobs.checks.uses).toBe("./.github/workflows/checks.yml");
  expect(jobs.up.strategy).toMatchObject({ "max-parallel": 1, "fail-fast": true });
  // A run that waits for an approval holds its groups.
  expect(concurrency).toBeUndefined();
});

test("an up is approved after its preview, with the policy pack, and does what was approved", () => {
  const { preview, up } = workflow("up-stack").jobs;
  expect(up.needs).toBe("preview");
  expect(preview.environment).toEqual({ name: `${of("inputs.stack")}-drift`, deployment: false });
  expect(up.environment).toBe(of("inputs.stack"));
  expect(up.concurrency).toEqual({ group: `up-${of("inputs.stack")}`, "cancel-in-progress": false });
  const [check, last] = up.steps.slice(-2);
  expect(check.run).toContain('--expect "$DIGEST"');
  expect(check.env.DIGEST).toBe(of("needs.preview.outputs.digest"));
  expect(last.run).toContain("--policy-pack policy/run");
  expect(last.run).not.toContain("skip-preview");
  // What a cancelled job signals (tests/engine/cancelled.test.ts).
  expect(last.run).toMatch(/^exec pulumi up /);
});

test("drift waits for no reviewer, and shares no group with an up that does", () => {
  const { jobs, concurrency } = workflow("drift");
  expect(jobs.drift.environment).toEqual({ name: `${of("matrix.stack")}-drift`, deployment: false });
  expect(concurrency.group).toBe("drift");
  expect(jobs.drift.concurrency).toBeUndefined();
});

test("a drill runs every month, only where it is turned on, and waits for no reviewer", () => {
  const { on, jobs, concurrency } = workflow("drill");
  expect(on.schedule).toEqual([{ cron: expect.stringMatching(/^\d+ \d+ \d+ \* \*$/) }]);
  expect(Object.keys(on)).toContain("workflow_dispatch");
  expect(jobs.stacks.if).toBe("vars.DRILL == 'on'");
  expect(jobs.drill.environment).toEqual({ name: `${of("matrix.stack")}-drill`, deployment: false });
  expect(jobs.drill.permissions).toEqual({ contents: "read", "id-token": "write", issues: "write" });
  expect(concurrency.group).toBe("drill");
  // GitHub ends it after 360: it has to end by itself, or nobody is told.
  expect(jobs.drill["timeout-minutes"]).toBeLessThan(360);
});

test("a drill's variables are not part of a script's text, where they could be commands", () => {
  const { run, env } = workflow("drill").jobs.drill.steps.at(-1);
  expect(run).not.toContain("{{");
  expect(env).toMatchObject({ ON: of("vars.DRILL_ON"), HOST_KEY: of("vars.DRILL_HOST_KEY") });
});

test.each([
  ["up-stack", "up", "inputs.stack"],
  ["drill", "drill", "matrix.stack"],
])("%s joins with the tag that the tailnet's policy lets reach ssh", (name, job, stack) => {
  const { steps } = workflow(name).jobs[job];
  const tailscale = steps.find(({ uses = "" }: { uses?: string }) => uses.startsWith("tailscale/"));
  expect(tailscale.with.tags).toBe(`tag:mastodon-${of(stack)}-deploy`);
});
