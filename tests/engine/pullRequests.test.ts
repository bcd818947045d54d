/** What the workflows run, on prod: the comment on a pull request, and the nightly look for drift. */
import { GitHubDouble } from "../ci/githubDouble";
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
const ci = (...args: string[]) => prod.engine.script("ci/cli.ts", args, github.environment);
const pullRequest = () => ci("preview", "--stack", "prod", "--pull-request", "7");
const nightly = () => ci("drift", "--stack", "prod");
const comment = () => github.comments.map(({ body }) => body).join("\n");

test("a pull request gets one comment: all created on an empty stack, with the plan below", async () => {
  expect(await prod.engine.script("plan/cli.ts", ["--stack", "prod"])).toMatchObject({ code: 0 });
  expect(await pullRequest()).toMatchObject({ code: 0, stderr: "" });
  expect(github.comments).toHaveLength(1);
  expect(comment()).toMatch(/^## prod: 6\d created, 0 unchanged$/m);
  expect(comment()).toContain("### Plan of prod: shop.example");
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
  expect(top).toContain("| **replaced** | Droplet `workers-general-1-droplet` | replaceWith |");
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
