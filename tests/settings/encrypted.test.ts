/** `pulumi config set --secret` where no secret belongs: what is encrypted, and where it goes instead. */
import { engineSays, planSays, stackText } from "../support/inProject";

const SECURE = "{ secure: AAABAKZcanary }";
const plain = (path: string, option = "--path ") =>
  `is encrypted, but it is not a secret. Write it in plain text: pulumi config set ${option}${path} VALUE`;
const secretVariable = (name: string) =>
  `is encrypted; secret variables belong in extraSecretEnv. Run: pulumi config set --secret extraSecretEnv '{"${name}": "VALUE"}'`;

const CASES: [title: string, yaml: string, ...lines: string[]][] = [
  ["a string", `  mastodon-hosting:domain: ${SECURE}`, `domain ${plain("domain", "")}`],
  [
    "a string in a map, which is not said to be missing",
    `  mastodon-hosting:tailnet: { oauthClientId: ${SECURE} }`,
    `tailnet.oauthClientId ${plain("tailnet.oauthClientId")}`,
  ],
  [
    "smtp.login, without a word about smtp.server",
    `  mastodon-hosting:smtp: { server: smtp.example.org, login: ${SECURE} }`,
    `smtp.login ${plain("smtp.login")}`,
  ],
  [
    "a number two maps deep",
    `  mastodon-hosting:main: { postgres: { sharedBuffersMiB: ${SECURE} } }`,
    `main.postgres.sharedBuffersMiB ${plain("main.postgres.sharedBuffersMiB")}`,
  ],
  [
    "a value in a list of maps",
    `  mastodon-hosting:workers: [{ name: a, size: ${SECURE}, sidekiq: [{ queues: [default], threads: 5 }] }]`,
    `workers[0].size ${plain("'workers[0].size'")}`,
  ],
  [
    "an entry of a list",
    `  mastodon-hosting:administratorKeys: [${SECURE}]`,
    `administratorKeys[0] ${plain("'administratorKeys[0]'")}`,
  ],
  [
    "two values of one map",
    `  mastodon-hosting:aws: { accountId: ${SECURE}, region: ${SECURE} }`,
    `aws.accountId ${plain("aws.accountId")}`,
    `aws.region ${plain("aws.region")}`,
  ],
  [
    "a variable, and the others are still there",
    `  mastodon-hosting:extraEnv: { DEEPL_PLAN: free, DEEPL_API_KEY: ${SECURE} }`,
    `extraEnv.DEEPL_API_KEY ${secretVariable("DEEPL_API_KEY")}`,
  ],
  [
    "a password inside smtp",
    `  mastodon-hosting:smtp: { server: smtp.example.org, password: ${SECURE} }`,
    "smtp.password is not a setting; the secret is smtpPassword. Run: pulumi config set --secret smtpPassword",
  ],
  [
    "a secret that is written as a map",
    `  mastodon-hosting:smtpPassword: { password: ${SECURE} }`,
    "smtpPassword.password is inside smtpPassword, which is one string; run: pulumi config set --secret smtpPassword",
  ],
  [
    "a misspelled secret",
    `  mastodon-hosting:smtpPasword: ${SECURE}`,
    "smtpPasword is not a setting; did you mean smtpPassword?",
  ],
];

test.each(CASES)("%s", (_, yaml, ...lines) => {
  const text = stackText(yaml);
  expect(planSays(text)).toEqual(lines);
  expect(engineSays(text)).toEqual(lines);
});

// The engine refuses these before the program starts, in words of its own: they are no objects to it.
test.each([
  ["a map", "smtp", "--path smtp.NAME VALUE"],
  ["a list", "workers", "--path workers.NAME VALUE"],
])("%s that is encrypted as a whole is refused by the plan", (_, name, place) => {
  expect(() => planSays(stackText(`  mastodon-hosting:${name}: ${SECURE}`))).toThrow(
    `Pulumi.live.yaml, mastodon-hosting:${name}: has an encrypted value, but it is not a secret. Write it in plain text: pulumi config set ${place}`,
  );
});

test("an engine whose settings are in another file names the setting without the path", () => {
  const text = stackText(`  mastodon-hosting:tailnet: { oauthClientId: ${SECURE} }`);
  expect(engineSays(text, { elsewhere: true })).toEqual([
    "tailnet has an encrypted value, but it is not a secret. Write it in plain text: pulumi config set --path tailnet.NAME VALUE",
  ]);
});

test("secrets are encrypted, and nothing is said", () => {
  const text = stackText(`  mastodon-hosting:digitaloceanToken: ${SECURE}`);
  expect(planSays(text)).toEqual([]);
  expect(engineSays(text)).toEqual([]);
});
