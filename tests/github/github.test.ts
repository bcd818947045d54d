import { GitHub } from "../../github/github";
import { GitHubDouble, REPOSITORY } from "./githubDouble";

let double: GitHubDouble;
let github: GitHub;
beforeEach(async () => {
  double = new GitHubDouble();
  await double.start();
  github = new GitHub(double.environment.GITHUB_API_URL, REPOSITORY, double.environment.GITHUB_TOKEN);
});
afterEach(() => double.stop());

test("a stack has one comment, edited in place, however many others there are", async () => {
  for (let i = 0; i < 130; i++) double.comment(7, `remark ${i}`, { login: "somebody" });
  await github.keepComment(7, "<!-- prod -->", "<!-- prod --> first");
  await github.keepComment(7, "<!-- staging -->", "<!-- staging --> first");
  await github.keepComment(7, "<!-- prod -->", "<!-- prod --> second");
  expect(double.comments.slice(130).map(({ body }) => body)).toEqual([
    "<!-- prod --> second",
    "<!-- staging --> first",
  ]);
});

test("a person's comment that quotes ours stays as it is", async () => {
  const quote = double.comment(7, "<!-- prod --> look at this", { login: "somebody" });
  await github.keepComment(7, "<!-- prod -->", "<!-- prod --> ours");
  expect(quote.body).toBe("<!-- prod --> look at this");
  expect(double.comments).toHaveLength(2);
});

test("drift has one issue: opened, followed, closed, and a new one the next time", async () => {
  double.issue("Drift in prod", "a person's", { user: { login: "somebody" } });
  double.issue("Drift in prod", "a pull request", { pull_request: {} });
  await github.keepIssue("Drift in prod", undefined);
  await github.keepIssue("Drift in prod", "one");
  await github.keepIssue("Drift in prod", "two");
  await github.keepIssue("Drift in prod", undefined);
  await github.keepIssue("Drift in prod", undefined);
  await github.keepIssue("Drift in prod", "again");
  expect(double.issues.slice(2).map(({ state, body }) => `${state} ${body}`)).toEqual([
    "closed two",
    "open again",
  ]);
  expect(double.writes).toEqual(["POST issues", "PATCH issues/3", "PATCH issues/3", "POST issues"]);
});

test("GitHub's refusal is an error with its words", async () => {
  const stranger = new GitHub(double.environment.GITHUB_API_URL, REPOSITORY, "wrong");
  await expect(stranger.keepIssue("Drift in prod", "one")).rejects.toThrow(
    'GitHub: GET issues?state=open&per_page=100&page=1: 401 {"message":"Bad credentials"}',
  );
});
