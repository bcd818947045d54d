/** Secrets: which ones a stack must have, and what is wrong with those that it has. */
import { placeholder, SECRET_NAMES, SECRETS, type SecretName } from "../../settings/secrets";
import { type BadCase, parse, problems, refusal } from "../support/stackFile";
import { vapidPair } from "../support/vapidPair";

/** Stands in every bad value, and in no message. */
const CANARY = "c4naryC4NARYc4nary";

const run = (name: SecretName) => `run: pulumi config set --secret ${name}`;

const MISSING: BadCase[] = [
  [
    "digitaloceanToken",
    { digitaloceanToken: undefined },
    `digitaloceanToken is missing (API token of the main DigitalOcean account); ${run("digitaloceanToken")}`,
  ],
  [
    "digitaloceanWorkerToken",
    { digitaloceanWorkerToken: undefined },
    `digitaloceanWorkerToken is missing (API token of the worker DigitalOcean account); ${run("digitaloceanWorkerToken")}`,
  ],
  [
    "tailscaleOauthClientSecret, with nothing behind it",
    { tailscaleOauthClientSecret: null },
    `tailscaleOauthClientSecret is missing (Secret of the OAuth client \`tailnet.oauthClientId\`); ${run("tailscaleOauthClientSecret")}`,
  ],
  [
    "smtpPassword, where there is a login",
    { smtp: { server: "smtp.example.org", login: "you" } },
    `smtpPassword is missing (Password at the SMTP relay); ${run("smtpPassword")}`,
  ],
];

const VAPID = vapidPair();
const CONTRADICTIONS: BadCase[] = [
  [
    "one token for both accounts",
    { digitaloceanToken: CANARY, digitaloceanWorkerToken: CANARY },
    "digitaloceanWorkerToken is the same as digitaloceanToken; set the second account's token, or set workerAccount: same",
  ],
  [
    "a second token for one account",
    { workerAccount: "same" },
    "digitaloceanWorkerToken is set, but workerAccount is same; remove it, or set workerAccount: separate",
  ],
  [
    "only the private VAPID key",
    { vapidPrivateKey: VAPID.vapidPrivateKey },
    "vapidPublicKey is missing; set both VAPID keys, or neither",
  ],
  [
    "only the public VAPID key",
    { vapidPublicKey: VAPID.vapidPublicKey },
    "vapidPrivateKey is missing; set both VAPID keys, or neither",
  ],
  [
    "VAPID keys of two pairs",
    { ...VAPID, vapidPublicKey: vapidPair().vapidPublicKey },
    "vapidPublicKey does not match vapidPrivateKey; take both from the same .env.production",
  ],
  [
    "a private VAPID key that is no number of the curve",
    { ...VAPID, vapidPrivateKey: `${"A".repeat(43)}=` },
    "vapidPublicKey does not match vapidPrivateKey; take both from the same .env.production",
  ],
  [
    "a public VAPID key in hexadecimal: one problem, not two",
    { ...VAPID, vapidPublicKey: `B${CANARY}` },
    `vapidPublicKey must be 88 characters of URL-safe base64; ${run("vapidPublicKey")}`,
  ],
  [
    "a variable that is in extraEnv too",
    { extraEnv: { DEEPL_PLAN: "free" }, extraSecretEnv: `{"DEEPL_PLAN":"${CANARY}"}` },
    "extraSecretEnv.DEEPL_PLAN is also in extraEnv; remove one of them",
  ],
];

const JSON_WORDS = `extraSecretEnv must be a JSON object such as {"DEEPL_API_KEY": "…"}; ${run("extraSecretEnv")}`;
const MAP_WORDS =
  'extraSecretEnv must be a JSON object that maps variable names to strings, such as {"DEEPL_API_KEY": "…"}';
const EXTRA: BadCase[] = [
  ["lines of an env file", { extraSecretEnv: `DEEPL_API_KEY=${CANARY}` }, JSON_WORDS],
  ["a list", { extraSecretEnv: `["DEEPL_API_KEY=${CANARY}"]` }, JSON_WORDS],
  ["JSON with a slip", { extraSecretEnv: `{"DEEPL_API_KEY": "${CANARY}",}` }, MAP_WORDS],
  ["a number", { extraSecretEnv: `{"DEEPL_API_KEY": 5, "X": "${CANARY}"}` }, MAP_WORDS],
  ["a name in small letters", { extraSecretEnv: `{"${CANARY}": "x"}` }, MAP_WORDS],
];

describe.each([
  ["a secret that the stack needs and does not have is named, with the command", MISSING],
  ["secrets that contradict each other or the settings are refused", CONTRADICTIONS],
  ["extraSecretEnv that is not a map of texts is refused", EXTRA],
])("%s:", (_, cases) => {
  test.each(cases)("%s", (_title, changes, ...lines) => {
    expect(problems(changes)).toEqual(lines);
    expect(refusal(changes)).not.toContain(CANARY);
  });
});

describe("a secret of a wrong format is refused with the right one, and not repeated:", () => {
  const HEX = "128 hexadecimal digits (rails secret)";
  const KEY = "at least 32 letters and digits (rails db:encryption:init)";
  const PRINTABLE = "at least 16 printable characters without spaces";
  const IN_URL = `${PRINTABLE}, and without % before two hexadecimal digits (Mastodon would decode that)`;
  const formats: [SecretName, string, string][] = [
    ["secretKeyBase", CANARY.repeat(8).slice(0, 128), HEX],
    ["otpSecret", `${CANARY} ${CANARY}`, PRINTABLE],
    ["activeRecordEncryptionPrimaryKey", CANARY, KEY],
    ["activeRecordEncryptionDeterministicKey", `${CANARY}-${CANARY}`, KEY],
    ["activeRecordEncryptionKeyDerivationSalt", `${CANARY}${CANARY}=`, KEY],
    ["postgresPassword", CANARY.slice(0, 15), PRINTABLE],
    ["redisPassword", `${CANARY}\n`, IN_URL],
    ["cacheRedisPassword", `${CANARY}é`, IN_URL],
    ["backupKey", `${CANARY}\t`, PRINTABLE],
    ["repositoryKey", `${CANARY} ${CANARY}`, PRINTABLE],
    ["consolePassword", CANARY.slice(0, 15), PRINTABLE],
  ];
  test.each(formats)("%s", (name, value, words) => {
    expect(problems({ [name]: value })).toEqual([`${name} must be ${words}; ${run(name)}`]);
    expect(refusal({ [name]: value })).not.toContain(value.slice(0, 15));
  });
});

test.each(SECRET_NAMES)("%s in plain text is refused, although it is right otherwise", (name) => {
  const vapid = name.startsWith("vapid") ? VAPID : {};
  const smtp = { server: "smtp.example.org", login: "you" };
  const changes = {
    smtp,
    smtpPassword: "hunter2-hunter2",
    ...vapid,
    [name]: { ...VAPID, smtpPassword: "hunter2-hunter2" }[name as string] ?? placeholder(name),
  };
  expect(problems(changes, { isEncrypted: (other) => other !== name })).toEqual([
    `${name} is in plain text in the stack file; revoke it if the file was shared, and ${run(name)}`,
  ]);
  expect(refusal(changes, { isEncrypted: () => false })).not.toContain(
    changes[name as keyof typeof changes] as string,
  );
});

test("one account needs one token, and no mail needs no password", () => {
  const smtp = { login: "you" };
  expect(parse({ workerAccount: "same", digitaloceanWorkerToken: undefined }).workerAccount).toBe("same");
  expect(parse({ mail: "none", smtp }).smtp.login).toBe("you");
});

test.each([32, 31])("a VAPID pair whose private number has %d bytes is taken", (bytes) => {
  const pair = vapidPair(Buffer.alloc(bytes, 7));
  expect(pair.vapidPrivateKey).toHaveLength(44);
  expect(() => parse(pair)).not.toThrow();
});

test("the secrets of an adopted instance are taken as they are", () => {
  const adopted = {
    secretKeyBase: "0123456789abcdef".repeat(8),
    otpSecret: "0123456789abcdef".repeat(8),
    activeRecordEncryptionPrimaryKey: "aB3".repeat(11),
    activeRecordEncryptionDeterministicKey: "aB3".repeat(11),
    activeRecordEncryptionKeyDerivationSalt: "aB3".repeat(11),
    postgresPassword: `it's"all\\$printable`,
    extraSecretEnv: '{"DEEPL_API_KEY": "a\'b\\nc"}',
    ...VAPID,
  };
  expect(() => parse(adopted)).not.toThrow();
});

test("a secret with nothing behind it counts as not given", () => {
  const empty = Object.fromEntries(
    SECRET_NAMES.filter((name) => !SECRETS[name].requiredWhen).map((name) => [name, ""]),
  );
  expect(() => parse(empty, { isEncrypted: () => false })).toThrow(/has 3 problems/);
  expect(() => parse(empty)).not.toThrow();
});

test("each placeholder has the format that its secret must have, and the VAPID ones are a pair", () => {
  const given = Object.fromEntries(SECRET_NAMES.map((name) => [name, placeholder(name)]));
  const smtp = { server: "smtp.example.org", login: "you" };
  expect(() => parse({ ...given, smtp })).not.toThrow();
});
