/** Whose accounts the tokens open: asked of DigitalOcean, and compared with what the stack recorded. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { accountProblems, openedAccounts } from "../../checks/accounts";
import { placeholder } from "../../settings/secrets";

const TOKENS = { digitaloceanToken: "token-1", digitaloceanWorkerToken: "token-2" };

/** What each token is answered. */
async function answering(answers: Record<string, number | object>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    asked.push(`${request.url} ${token}`);
    const answer = answers[token] ?? 401;
    response.statusCode = typeof answer === "number" ? answer : 200;
    response.end(JSON.stringify(typeof answer === "number" ? { id: "unauthorized" } : answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  process.env.DIGITALOCEAN_API_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { asked, host: process.env.DIGITALOCEAN_API_URL.replace("http://", "") };
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
  delete process.env.DIGITALOCEAN_API_URL;
});

const account = (user: string, team?: string) => ({
  account: { uuid: user, ...(team ? { team: { uuid: team } } : {}) },
});
const opened = async (given: Readonly<Record<string, string>>) => {
  const { accounts, problems } = await openedAccounts(given, 1);
  return { accounts, problems: problems.map(({ key, message }) => `${key} ${message}`).sort() };
};

test("an account is its team, whoever's the token is; without a team it is its user", async () => {
  const { asked } = await answering({
    "token-1": account("somebody", "team-1"),
    "token-2": account("somebody"),
  });
  expect(await opened(TOKENS)).toEqual({ accounts: { main: "team-1", workers: "somebody" }, problems: [] });
  expect(asked.sort()).toEqual(["/v2/account token-1", "/v2/account token-2"]);
});

test("nobody is asked for a placeholder, nor for a token that is not there", async () => {
  const { asked } = await answering({});
  expect(await opened({ digitaloceanToken: placeholder("digitaloceanToken") })).toEqual({
    accounts: {},
    problems: [],
  });
  expect(asked).toEqual([]);
});

test("a token that is refused needs another one, and is not shown", async () => {
  const { host } = await answering({ "token-1": 401, "token-2": 403 });
  expect(await opened(TOKENS)).toEqual({
    accounts: {},
    problems: [
      `digitaloceanToken was rejected: ${host} answered 401. The token needs the scope account:read; set another: pulumi config set --secret digitaloceanToken`,
      `digitaloceanWorkerToken was rejected: ${host} answered 403. The token needs the scope account:read; set another: pulumi config set --secret digitaloceanWorkerToken`,
    ],
  });
});

test("an API in trouble is no fault of the token, and nobody is told to set another", async () => {
  const { host } = await answering({ "token-1": 503, "token-2": 429 });
  expect(await opened(TOKENS)).toEqual({
    accounts: {},
    problems: [
      `digitaloceanToken could not be checked: ${host} answered 503, 5 times. The token is not the cause; try again later`,
      `digitaloceanWorkerToken could not be checked: ${host} answered 429, 5 times. The token is not the cause; try again later`,
    ],
  });
});

test("an API that is not there: the network is the reason", async () => {
  process.env.DIGITALOCEAN_API_URL = "http://127.0.0.1:9";
  expect((await opened({ digitaloceanToken: "token-1" })).problems).toEqual([
    "digitaloceanToken could not be checked: 127.0.0.1:9 did not answer: connect ECONNREFUSED 127.0.0.1:9. The machine that runs pulumi must reach DigitalOcean's API; behind a proxy, set HTTPS_PROXY",
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
        "belongs to the same account as digitaloceanToken; set the second account's token, or set workerAccount: same",
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
