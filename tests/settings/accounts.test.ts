/** Whose accounts the tokens open: asked of DigitalOcean, and compared with what the stack recorded. */
import { accountProblems, openedAccounts } from "../../settings/accounts";
import { placeholder } from "../../settings/secrets";

const TOKENS = { digitaloceanToken: "token-1", digitaloceanWorkerToken: "token-2" };

/** Answers by token. */
function answering(answers: Record<string, Response | Error>): string[] {
  const asked: string[] = [];
  jest.spyOn(globalThis, "fetch").mockImplementation(async (url, init) => {
    const token = new Headers(init?.headers).get("authorization")?.replace("Bearer ", "") ?? "";
    asked.push(`${url} ${token}`);
    const answer = answers[token];
    if (answer === undefined || answer instanceof Error) throw answer;
    return answer;
  });
  return asked;
}

const account = (user: string, team?: string) =>
  Response.json({ account: { uuid: user, ...(team ? { team: { uuid: team } } : {}) } });

test("an account is its team, whoever's the token is; without a team it is its user", async () => {
  const asked = answering({ "token-1": account("somebody", "team-1"), "token-2": account("somebody") });
  expect(await openedAccounts(TOKENS)).toEqual({
    accounts: { main: "team-1", workers: "somebody" },
    problems: [],
  });
  expect(asked).toEqual([
    "https://api.digitalocean.com/v2/account token-1",
    "https://api.digitalocean.com/v2/account token-2",
  ]);
});

test("nobody is asked for a placeholder, nor for a token that is not there", async () => {
  const asked = answering({});
  expect(await openedAccounts({ digitaloceanToken: placeholder("digitaloceanToken") })).toEqual({
    accounts: {},
    problems: [],
  });
  expect(asked).toEqual([]);
});

test("a token that is refused, and an API that is not there, say so and do not show the token", async () => {
  answering({
    "token-1": new Response("{}", { status: 401, statusText: "Unauthorized" }),
    "token-2": Object.assign(new Error("fetch failed"), {
      cause: new Error("getaddrinfo ENOTFOUND api.digitalocean.com"),
    }),
  });
  const { accounts, problems } = await openedAccounts(TOKENS);
  expect(accounts).toEqual({});
  expect(problems.map(({ key, message }) => `${key} ${message}`).sort()).toEqual([
    "digitaloceanToken opens no account that could be named: DigitalOcean answers 401 Unauthorized. It needs the scope account:read; another one: pulumi config set --secret digitaloceanToken",
    "digitaloceanWorkerToken opens no account that could be named: fetch failed: getaddrinfo ENOTFOUND api.digitalocean.com. It needs the scope account:read; another one: pulumi config set --secret digitaloceanWorkerToken",
  ]);
});

test.each([
  ["the first run", undefined],
  ["a run after an older program's", {}],
  ["the same accounts", { main: "team-1", workers: "team-2" }],
  ["a worker account that is new", { main: "team-1" }],
])("%s is let through", (_, before) => {
  expect(accountProblems(before, { main: "team-1", workers: "team-2" })).toEqual([]);
});

test("two tokens of one account are no two accounts", () => {
  expect(accountProblems(undefined, { main: "team-1", workers: "team-1" })).toEqual([
    {
      key: "digitaloceanWorkerToken",
      message:
        "opens the same account as digitaloceanToken; give the second account's token, or set workerAccount: same",
    },
  ]);
});

test("another account of the workers alone is refused for itself", () => {
  expect(
    accountProblems({ main: "team-1", workers: "team-2" }, { main: "team-1", workers: "team-3" }).map(
      ({ key }) => key,
    ),
  ).toEqual(["digitaloceanWorkerToken"]);
});
