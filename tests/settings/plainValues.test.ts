/** Secrets in plain settings, and values that YAML changes on the way. */
import { engineSays, planSays, stackText } from "../support/inProject";
import { type BadCase, parse, problems, refusal } from "../support/stackFile";

const CANARY = "c4naryC4NARYc4nary0123456789";
const smtp = (change: object) => ({
  smtp: { server: "smtp.example.org", login: "you", ...change },
  smtpPassword: "x",
});
const tailnet = (change: object) => ({ tailnet: { oauthClientId: "kAbCdEfCNTRL", ...change } });
const variable = (name: string, what: string) =>
  `extraEnv.${name} holds ${what} in plain text; revoke it, remove it here, and run: pulumi config set --secret extraSecretEnv '{"${name}": "VALUE"}'`;
const TAILSCALE =
  "holds the secret of a Tailscale OAuth client in plain text; revoke it, remove it here, and run: pulumi config set --secret tailscaleOauthClientSecret";
const DIGITALOCEAN =
  "holds a DigitalOcean token in plain text; revoke it, remove it here, and run: pulumi config set --secret digitaloceanToken";

const SECRETS: BadCase[] = [
  [
    "the client's secret as its id",
    tailnet({ oauthClientId: `tskey-client-kAbC-${CANARY}` }),
    `tailnet.oauthClientId ${TAILSCALE}`,
  ],
  [
    "the client's secret without its prefix",
    tailnet({ oauthClientId: CANARY }),
    "tailnet.oauthClientId holds what looks like a secret in plain text; revoke it, and remove it",
  ],
  [
    "a Tailscale key as the tailnet's name",
    tailnet({ name: `tskey-auth-kAbC-${CANARY}` }),
    "tailnet.name holds a Tailscale key in plain text; revoke it, and remove it",
  ],
  ["a DigitalOcean token as a domain", { domain: `dop_v1_${CANARY}` }, `domain ${DIGITALOCEAN}`],
  ["a refresh token as a region", { region: `dor_v1_${CANARY}` }, `region ${DIGITALOCEAN}`],
  [
    "an AWS access key as an account",
    { aws: { accountId: "AKIAIOSFODNN7EXAMPLE" } },
    "aws.accountId holds an AWS access key in plain text; revoke it, and remove it",
  ],
  [
    "an AWS secret as a region",
    { aws: { accountId: "123456789012", region: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" } },
    "aws.region holds what looks like a secret in plain text; revoke it, and remove it",
  ],
  [
    "a relay's key as its user name",
    smtp({ login: `SG.${CANARY}.x` }),
    "smtp.login holds a mail relay's key in plain text; revoke it, remove it here, and run: pulumi config set --secret smtpPassword",
  ],
  [
    "a private key among public ones",
    { administratorKeys: [`-----BEGIN OPENSSH PRIVATE KEY-----\n${CANARY}`] },
    "administratorKeys[0] holds a private key in plain text; revoke it, and remove it",
  ],
  [
    "a GitHub token in a pool's size",
    { workers: [{ name: "a", size: `ghp_${CANARY}`, sidekiq: [{ queues: ["default"], threads: 5 }] }] },
    "workers[0].size holds a token of a code host in plain text; revoke it, and remove it",
  ],
  ["a variable by its name", { extraEnv: { DEEPL_API_KEY: "short" } }, variable("DEEPL_API_KEY", "a secret")],
  [
    "a variable by its value",
    { extraEnv: { TRANSLATION: CANARY } },
    variable("TRANSLATION", "what looks like a secret"),
  ],
  [
    "a hash of hexadecimal digits",
    { extraEnv: { OIDC: "0123456789abcdef0123456789abcdef" } },
    variable("OIDC", "what looks like a secret"),
  ],
  [
    "a URL with a password",
    { extraEnv: { http_proxy: "x", HTTPS_PROXY: "http://you:hunter2@proxy.example" } },
    variable("HTTPS_PROXY", "a URL with a password"),
    "extraEnv.http_proxy is not a valid environment variable name; write capital letters, digits and underscores",
  ],
  ["a signed token", { extraEnv: { OIDC: "eyJhbGciOiJI.eyJzdWIiOi" } }, variable("OIDC", "a signed token")],
];

describe("a secret in a plain setting is refused, and not repeated:", () => {
  test.each(SECRETS)("%s", (_, changes, ...lines) => {
    expect(problems(changes)).toEqual(lines);
    expect(refusal(changes)).not.toMatch(/c4nary|hunter2|AKIA|wJalr|eyJ/i);
  });
});

test.each([
  ["Amazon SES' user names are access keys' ids", smtp({ login: "AKIAIOSFODNN7EXAMPLE" })],
  ["Mailjet's user names are hexadecimal", smtp({ login: "0123456789abcdef0123456789abcdef" })],
  ["a client's id", tailnet({ oauthClientId: "kRvBrKXTb921CNTRL" })],
  [
    "variables with public ids",
    {
      extraEnv: {
        OIDC_CLIENT_ID: CANARY,
        HCAPTCHA_SITE_KEY: CANARY,
        OIDC_TOKEN_ENDPOINT: "https://id.example.org/token",
      },
    },
  ],
  [
    "a certificate, which is public",
    {
      extraEnv: {
        SAML_IDP_CERT:
          "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ",
      },
    },
  ],
  ["a long host name", { domain: "the-longest-mastodon-of-2026-in-europe.example.org" }],
])("what only resembles a secret is taken: %s", (_, changes) => {
  expect(() => parse(changes)).not.toThrow();
});

const CHANGED = "is a value that YAML changes when it is read; put it in quotes";
const yaml = (name: string, text: string) => `  mastodon-hosting:${name}: ${text}`;

test.each([
  ["extraEnv", "{ N: 12345678901234567890 }", `extraEnv.N ${CHANGED}`],
  ["extraEnv", "{ N: 0755 }", `extraEnv.N ${CHANGED}`],
  ["extraEnv", "{ N: 0x1F }", `extraEnv.N ${CHANGED}`],
  ["extraEnv", "{ N: 1.10 }", `extraEnv.N ${CHANGED}`],
  ["extraEnv", "{ N: 1_000 }", `extraEnv.N ${CHANGED}`],
  ["extraEnv", "{ N: 1e3 }", `extraEnv.N ${CHANGED}`],
  ["extraEnv", "{ N: +5 }", `extraEnv.N ${CHANGED}`],
  ["extraEnv", "{ N: 2026-11-28 }", `extraEnv.N ${CHANGED}`],
  ["extraEnv", "{ N: True }", `extraEnv.N ${CHANGED}`],
  [
    "smtp",
    "{ server: smtp.example.org, login: 007 }",
    'smtp.login is 007, which YAML reads as 7; write "007"',
  ],
  [
    "smtp",
    "{ server: smtp.example.org, login: 2026-11-28 }",
    'smtp.login is 2026-11-28, which YAML reads as 2026-11-28 00:00:00 +0000 UTC; write "2026-11-28"',
  ],
  [
    "aws",
    "{ accountId: 012345670123 }",
    'aws.accountId is 012345670123, which YAML reads as 1402433619; write "012345670123"',
  ],
  [
    "tailnet",
    "{ oauthClientId: kAbC, name: 1.10 }",
    'tailnet.name is 1.10, which YAML reads as 1.1; write "1.10"',
  ],
  ["mastodonVersion", "4.10", 'mastodonVersion is 4.10, which YAML reads as 4.1; write "4.10"'],
  [
    "tailnet",
    "{ oauthClientId: kAbC, admins: [0755] }",
    'tailnet.admins[0] is 0755, which YAML reads as 493; write "0755"',
  ],
  ["main", "{ volumeGiB: 0100 }", "main.volumeGiB is 0100, which YAML reads as 64; write 64"],
  [
    "workers",
    "[{ name: 1e1, sidekiq: [{ queues: [default], threads: 5 }] }]",
    'workers[0].name is 1e1, which YAML reads as 10; write "1e1"',
  ],
])("%s: %s is refused: YAML changes it", (name, text, line) => {
  expect(planSays(stackText(yaml(name, text)))).toEqual([line]);
  expect(engineSays(stackText(yaml(name, text)))).toEqual([line]);
});

test.each([
  ["extraEnv", '{ A: 5000, B: true, C: 1.5, D: yes, E: "0755", F: v1.10, G: 1.2.3.4 }'],
  ["main", "{ volumeGiB: 1_000, ipv6: True }"],
  ["recovery", "{ outageHours: 1.50 }"],
])("%s: %s is taken: it stays what it says", (name, text) => {
  expect(planSays(stackText(yaml(name, text)))).toEqual([]);
  expect(engineSays(stackText(yaml(name, text)))).toEqual([]);
});

test("an engine whose settings are in another file refuses what shows without the file", () => {
  const text = stackText(yaml("extraEnv", "{ N: 12345678901234567890, D: 2026-11-28 }"));
  expect(engineSays(text, { elsewhere: true })).toEqual([`extraEnv.D ${CHANGED}`, `extraEnv.N ${CHANGED}`]);
});
