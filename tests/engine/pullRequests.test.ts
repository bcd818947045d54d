/** What the workflows run, on prod: the comment on a pull request, the review before an up, and the nightly look for drift. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMIT, GitHubDouble } from "../github/githubDouble";
import { figure, type Lab, lab, succeeded } from "./lab";

let prod: Lab;
const github = new GitHubDouble();
beforeAll(async () => {
  prod = await lab();
  await github.start();
});
afterAll(() => {
  prod.remove();
  github.stop();
});

/** `npm run ci -- …` as a workflow calls it. */
const ci = (...args: string[]) => prod.engine.script("github/cli.ts", args, github.environment);
const HEAD = "abcdef0123456789abcdef0123456789abcdef01";
const on = (command: string, stack: string, env: NodeJS.ProcessEnv = {}) =>
  prod.engine.script("github/cli.ts", [command, "--stack", stack, "--pull-request", "7", "--commit", HEAD], {
    ...github.environment,
    ...env,
  });
const pullRequest = () => on("preview", "prod");
const nightly = () => ci("drift", "--stack", "prod");
const comment = () => github.comments.map(({ body }) => body).join("\n");

test("a pull request gets one comment: all created on an empty stack, with the plan below", async () => {
  expect(await pullRequest()).toMatchObject({ code: 0, stderr: "" });
  expect(github.comments).toHaveLength(1);
  expect(comment()).toMatch(/^## prod: 6\d created, 0 unchanged$/m);
  expect(comment()).toContain("### Plan of prod: shop.example");
  expect(comment()).toContain(
    "Commit abcdef012345 · [Log](https://github.example/owner/instance/actions/runs/42)",
  );
  figure(`comment of a first preview: ${comment().length} characters`);
});

test("a night after the first up there is no drift, though every key is spent", async () => {
  succeeded(await prod.engine.up());
  expect(await nightly()).toMatchObject({ code: 0 });
  expect(github.issues).toEqual([]);
});

test("a droplet that somebody renamed is drift, in one issue that closes when it is named right again", async () => {
  const droplet = prod.cloud.main.list().find(({ name }) => name === "main-droplet");
  if (!droplet) throw new Error("no droplet");
  droplet.inputs.name = "renamed";
  expect(await nightly()).toMatchObject({ code: 0 });
  expect(await nightly()).toMatchObject({ code: 0 });
  expect(github.issues).toHaveLength(1);
  expect(github.issues[0]).toMatchObject({ title: "Drift in prod", state: "open" });
  expect(github.issues[0]?.body).toContain("| **changed** | Droplet `main-droplet` | name |");
  droplet.inputs.name = "mastodon-prod-main";
  expect(await nightly()).toMatchObject({ code: 0 });
  expect(github.issues).toHaveLength(1);
  expect(github.issues[0]?.state).toBe("closed");
});

test("what is merged and not applied yet is no drift, and a renamed droplet beside it is the only one", async () => {
  const before = prod.engine.settings();
  prod.engine.edit(({ main, workers }) => {
    main.volumeGiB = 130;
    Object.assign(workers[0] ?? {}, { count: 3 });
  });
  prod.engine.edit((settings) => {
    settings.pricing = { storageGiB: 500, egressGiB: 1000, limitUsd: 400 };
  });
  expect(await nightly()).toMatchObject({ code: 0 });
  expect(github.issues).toHaveLength(1);
  expect(github.issues[0]?.state).toBe("closed");
  const droplet = prod.cloud.main.list().find(({ name }) => name === "main-droplet");
  if (!droplet) throw new Error("no droplet");
  droplet.inputs.name = "renamed";
  expect(await nightly()).toMatchObject({ code: 0 });
  const { body = "", ...issue } = github.issues[1] ?? {};
  expect(issue).toMatchObject({ title: "Drift in prod", state: "open" });
  expect(body.match(/^\| \*\*.*$/gm)).toEqual(["| **changed** | Droplet `main-droplet` | name |"]);
  expect(body).toMatch(/Not in this list: \d+ changes that are merged but not applied yet/);
  expect(body).toContain(`Commit ${COMMIT.slice(0, 12)}`);
  droplet.inputs.name = "mastodon-prod-main";
  prod.engine.restore(before);
  expect(await nightly()).toMatchObject({ code: 0 });
  expect(github.issues.map(({ state }) => state)).toEqual(["closed", "closed"]);
});

test("a provider that cannot be asked fails the night's job, and closes nothing", async () => {
  github.issue("Drift in prod", "of the night before");
  prod.cloud.faults.add({ method: "read", name: "main-droplet", effect: "refused" });
  expect((await nightly()).code).toBe(1);
  expect(github.issues.at(-1)).toMatchObject({ state: "open", body: "of the night before" });
});

test("a replaced worker is at the top of the comment, which is still the only one", async () => {
  prod.engine.edit(({ workers }) => {
    if (workers[0]) workers[0].generation = 2;
  });
  expect(await pullRequest()).toMatchObject({ code: 0 });
  expect(github.comments).toHaveLength(1);
  const [, top = ""] = /### Deleted or replaced\n\n([\s\S]*?)\n\n/.exec(comment()) ?? [];
  expect(top).toContain("| **replaced** | Droplet `workers-general-1-droplet` |");
  expect(top).not.toContain("main-droplet");
});

test("a refused configuration and a broken rule are in the comment, and fail the job", async () => {
  prod.engine.edit((settings) => {
    settings.region = "ams3";
  });
  expect((await pullRequest()).code).toBe(1);
  expect(comment()).toContain("## prod: the preview fails");
  expect(comment()).toContain("region was nyc3 and is now ams3");
  prod.engine.edit((settings) => {
    settings.region = "nyc3";
  });
  const undo = prod.engine.editProgram(
    "components/bucketRules.ts",
    'Action: "s3:GetObject"',
    'Action: "s3:*"',
  );
  expect((await pullRequest()).code).toBe(1);
  undo();
  expect(comment()).toContain(
    "unlistable-buckets, media-policy: Statement PublicMedia lets the public do s3:*",
  );
});

describe("what keeps the preview from running is in the comment, with the head commit, in place of the old preview", () => {
  beforeEach(async () => {
    github.comments.length = 0;
    expect(await pullRequest()).toMatchObject({ code: 0 });
    expect(comment()).toContain("unchanged");
  });
  afterEach(() => {
    expect(github.comments).toHaveLength(1);
    expect(comment()).toContain("Commit abcdef012345");
    expect(comment()).not.toContain("unchanged");
  });

  test("a backend out of reach", async () => {
    const folder = join(mkdtempSync(join(tmpdir(), "no-backend-")), "nothing-here");
    expect((await on("preview", "prod", { PULUMI_BACKEND_URL: `file://${folder}` })).code).toBe(1);
    expect(comment()).toContain("## prod: the preview fails");
    expect(comment()).toMatch(/> - .*nothing-here/);
  });

  test("a login that is missing", async () => {
    const { code } = await on("preview", "prod", {
      PULUMI_BACKEND_URL: "",
      PULUMI_HOME: mkdtempSync(join(tmpdir(), "no-login-")),
      PULUMI_ACCESS_TOKEN: "",
    });
    expect(code).toBe(1);
    expect(comment()).toContain("## prod: the preview fails");
    expect(comment()).toContain("PULUMI_ACCESS_TOKEN");
  });

  test("whatever fails in a step before", async () => {
    expect(await on("unable", "prod")).toMatchObject({ code: 0 });
    expect(comment()).toContain("## prod: no preview");
  });

  test("a file that the reader refuses", async () => {
    const before = prod.engine.settings();
    prod.engine.edit((settings) => {
      settings.main.size = "c-99";
    });
    expect((await pullRequest()).code).toBe(1);
    prod.engine.restore(before);
    expect(comment()).toContain("## prod: the preview fails");
    expect(comment()).toContain('main.size is "c-99"');
  });
});

test("a stack that is not made yet has a comment that says how, and the job fails", async () => {
  prod.engine.write("Pulumi.new.yaml", "config: {}\n");
  expect((await on("preview", "new")).code).toBe(1);
  expect(github.comments.at(-1)?.body).toContain(
    "There is no stack new in the backend. Run: pulumi stack init new",
  );
});

test("an up is approved by its preview: the same is let through, anything else is not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "review-"));
  const files = { GITHUB_OUTPUT: join(folder, "output"), GITHUB_STEP_SUMMARY: join(folder, "summary") };
  const review = (...args: string[]) =>
    prod.engine.script("github/cli.ts", ["review", "--stack", "prod", ...args], {
      ...github.environment,
      ...files,
    });
  prod.engine.edit((settings) => {
    settings.main.volumeGiB = 130;
  });
  expect(await review()).toMatchObject({ code: 0 });
  expect(readFileSync(files.GITHUB_STEP_SUMMARY, "utf8")).toMatch(/^## prod: .*changed/);
  const [, digest = ""] = /^digest=([0-9a-f]{64})$/m.exec(readFileSync(files.GITHUB_OUTPUT, "utf8")) ?? [];
  expect(await review("--expect", digest)).toMatchObject({ code: 0 });
  prod.engine.edit((settings) => {
    settings.main.volumeGiB = 120;
  });
  const { code, stderr } = await review("--expect", digest);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining("other than what was approved"),
  });
});

test("a stack file that is deleted before its stack is destroyed fails the job, and says what is left", async () => {
  await prod.engine.shell("rm Pulumi.prod.yaml");
  expect((await pullRequest()).code).toBe(1);
  expect(comment()).toMatch(
    /Pulumi\.prod\.yaml is deleted, and stack prod has \d\d resources\. Destroy them first/,
  );
});
