/** Each setting by itself: what is no value of it, and what the message says then. */
import { type BadCase, problems } from "../support/stackFile";

const ALL_QUEUES = ["default", "push", "ingress", "mailers", "pull", "scheduler", "fasp"];
const process = (change: object) => ({ main: { sidekiq: [{ queues: ALL_QUEUES, threads: 5, ...change }] } });
const pool = (change: object) => ({
  workers: [{ name: "general", sidekiq: [{ queues: ["default"], threads: 5 }], ...change }],
});
const NOT_A_KEY =
  "is not a public key in OpenSSH's format; write, for example, ssh-ed25519 AAAAC3… you@example.org";
const CUT_KEY = "has no complete key after its type; copy the whole line of the .pub file";
const NOT_A_BUCKET =
  "not an S3 bucket name of 3 to 63 lowercase letters, digits and hyphens (a dot breaks TLS)";

const UNKNOWN: BadCase[] = [
  [
    "a slip of the pen gets the name that was meant",
    { domian: "a.example" },
    "domian is not a setting; did you mean domain?",
  ],
  [
    "a misspelt secret does too",
    { smtpPasword: "x" },
    "smtpPasword is not a setting; did you mean smtpPassword?",
  ],
  [
    "a name like no other",
    { elasticsearch: "x" },
    "elasticsearch is not a setting; remove it, or look for its name in docs/settings.md",
  ],
  [
    "a name that every JavaScript object has",
    { constructor: "x", toString: "y" },
    "constructor is not a setting; remove it, or look for its name in docs/settings.md",
    "toString is not a setting; remove it, or look for its name in docs/settings.md",
  ],
  [
    "inside a map",
    { smtp: { server: "smtp.example.org", sever: "x" } },
    "smtp.sever is not a setting; did you mean smtp.server?",
  ],
  [
    "inside a map, like no other",
    { smtp: { server: "smtp.example.org", password: "x" } },
    "smtp.password is not a setting; smtp takes server, port, login, from, authMethod, tls",
  ],
  [
    "two maps deep",
    { main: { postgres: { sharedBuffersMb: 512 } } },
    "main.postgres.sharedBuffersMb is not a setting; did you mean main.postgres.sharedBuffersMiB?",
  ],
  [
    "inside a process",
    process({ replica: 2 }),
    "main.sidekiq[0].replica is not a setting; did you mean main.sidekiq[0].replicas?",
  ],
  [
    "a pool with a region of its own",
    pool({ region: "fra1" }),
    "workers[0].region is not a setting: both accounts use the stack's `region`; remove it",
  ],
  [
    "a queue among weights",
    process({ queues: { pushh: 1 } }),
    "main.sidekiq[0].queues.pushh is not a setting; did you mean main.sidekiq[0].queues.push?",
  ],
  [
    "a name with a value in it",
    { "smtpPassword=hunter2": "x" },
    "smtpPassword… is not a setting; remove it, or look for its name in docs/settings.md",
  ],
];

const written = (name: string, last: string, shell = name) =>
  `${name} is written as one key, which nothing reads; write ${last} below ${name.split(/[.[]/)[0]}, or run: pulumi config rm ${shell} && pulumi config set --path ${shell} VALUE`;

/** `pulumi config set owner.email you@example.org` without --path. */
const DOTTED: BadCase[] = [
  ["a setting in a map", { "main.size": "c-4" }, written("main.size", "size")],
  ["an address", { "owner.email": "you@example.org" }, written("owner.email", "email")],
  [
    "two maps deep",
    { "main.postgres.maxConnections": "50" },
    written("main.postgres.maxConnections", "maxConnections"),
  ],
  ["in a list", { "workers[0].count": "2" }, written("workers[0].count", "count", "'workers[0].count'")],
  [
    "an entry of a list",
    { "administratorKeys[0]": "x" },
    written("administratorKeys[0]", "it", "'administratorKeys[0]'"),
  ],
  ["a variable", { "extraEnv.DEEPL_PLAN": "free" }, written("extraEnv.DEEPL_PLAN", "DEEPL_PLAN")],
  [
    "a slip inside",
    { "main.sise": "c-4" },
    "main.sise is not a setting; main takes size, volumeGiB, generation, ipv6, sidekiq, web, streaming, postgres, pgbouncer, redis, cacheRedis, watch",
  ],
  [
    "a name from within a map",
    { volumeGiB: "100" },
    "volumeGiB is not a setting by itself; did you mean main.volumeGiB? Write it below main",
  ],
  [
    "a name from within two maps",
    { size: "c-4" },
    "size is not a setting by itself; did you mean main.size or workers.size? Write it below main or workers",
  ],
];

const TYPES: BadCase[] = [
  [
    "a number with 23 digits, in one line",
    { main: { volumeGiB: 1e22 } },
    "main.volumeGiB is 1e+22; write at most 16384",
  ],
  [
    "a quoted port",
    { smtp: { server: "smtp.example.org", port: "2525" } },
    'smtp.port is "2525", a string; write it without quotes',
  ],
  ["a quoted boolean", { main: { ipv6: "true" } }, 'main.ipv6 is "true", a string; write it without quotes'],
  [
    "a quoted number of hours",
    { recovery: { outageHours: "1.5" } },
    'recovery.outageHours is "1.5", a string; write it without quotes',
  ],
  ["a number for a text", { main: { size: 4 } }, "main.size is the number 4, not a string; put it in quotes"],
  [
    "a number for a host name inside a map",
    { smtp: { server: 5 } },
    "smtp.server is the number 5, not a string; put it in quotes",
  ],
  [
    "a list for a text",
    { domain: ["a.example"] },
    "domain is a list, not a string; write, for example, social.example.org",
  ],
  [
    "a map for a text that may be empty",
    { webDomain: { name: "a.example" } },
    "webDomain is a map, not a string; write, for example, mastodon.example.org",
  ],
  [
    "a text for a whole number",
    { main: { volumeGiB: "12x" } },
    'main.volumeGiB is "12x", not a whole number',
  ],
  [
    "a quoted number",
    { main: { volumeGiB: "50" } },
    'main.volumeGiB is "50", a string; write it without quotes',
  ],
  ["a fraction", { main: { volumeGiB: 10.5 } }, "main.volumeGiB is 10.5, not a whole number"],
  [
    "nothing for a whole number",
    { main: { volumeGiB: null } },
    "main.volumeGiB is empty; write a whole number, or leave it out",
  ],
  ["a word for a boolean", { protect: "yes" }, 'protect is "yes", not true or false'],
  ["a number for a boolean", { monitoring: "1" }, "monitoring is 1, not true or false"],
  ["nothing for a boolean", { protect: null }, "protect is empty; write true or false, or leave it out"],
  ["a text for a boolean inside a map", { main: { ipv6: "on" } }, 'main.ipv6 is "on", not true or false'],
  ["a text for a map", { main: "g-2vcpu-8gb" }, 'main is "g-2vcpu-8gb", not a map'],
  ["a list for a map", { main: ["g-2vcpu-8gb"] }, "main is a list, not a map"],
  ["a list for a map inside a map", { main: { web: [2, 5] } }, "main.web is a list, not a map"],
  ["nothing for a map", { main: null }, "main is empty; write a map, or leave it out"],
  ["a number for a map", { pricing: "100" }, "pricing is 100, not a map"],
  ["a map for a list", { workers: { name: "general" } }, "workers is a map, not a list"],
  [
    "a map for a list inside a map",
    { main: { sidekiq: { queues: ["push"], threads: 5 } } },
    "main.sidekiq is a map, not a list",
  ],
  [
    "a text for a list",
    { tailnet: { oauthClientId: "k", admins: "you@example.org" } },
    'tailnet.admins is "you@example.org", not a list',
  ],
  [
    "nothing in a list",
    { main: { sidekiq: [null] } },
    "main.sidekiq[0] is empty; write a value, or remove it",
  ],
  ["a text in a list of maps", { workers: ["general"] }, 'workers[0] is "general", not a map'],
  [
    "a text for queues",
    process({ queues: "push" }),
    'main.sidekiq[0].queues is "push"; write a list in strict order ([default, push]) or weights ({default: 8, push: 6}) of the queues default, push, ingress, mailers, pull, scheduler, fasp',
  ],
  [
    "a text for a weight",
    process({ queues: { push: "6" } }),
    'main.sidekiq[0].queues.push is "6", a string; write it without quotes',
  ],
  [
    "a list for a variable",
    { extraEnv: { DEEPL: ["x"] } },
    "extraEnv.DEEPL cannot be used; write a string, a number, true or false",
  ],
  [
    "nothing for a variable",
    { extraEnv: { DEEPL: null } },
    "extraEnv.DEEPL is empty; write a value, or remove it",
  ],
  ["a list for variables", { extraEnv: ["DEEPL=x"] }, "extraEnv is not a map"],
];

const MISSING: BadCase[] = [
  [
    "domain",
    { domain: undefined },
    "domain is missing (The instance's name in every handle (LOCAL_DOMAIN). Can never change once people follow its accounts); write, for example, social.example.org",
  ],
  [
    "domain, with the empty default of Pulumi.yaml",
    { domain: "" },
    "domain is missing (The instance's name in every handle (LOCAL_DOMAIN). Can never change once people follow its accounts); write, for example, social.example.org",
  ],
  [
    "region",
    { region: "" },
    "region is missing (DigitalOcean region of every droplet, in both accounts: a job makes dozens of database round trips, so workers in another region would get almost nothing done); write, for example, nyc3",
  ],
  [
    "owner",
    { owner: undefined },
    "owner.email is missing (The owner's e-mail address. Let's Encrypt gets it as the account's contact, but has sent no expiry warnings since June 2025); write, for example, you@example.org",
  ],
  [
    "owner.email",
    { owner: { username: "owner" } },
    "owner.email is missing (The owner's e-mail address. Let's Encrypt gets it as the account's contact, but has sent no expiry warnings since June 2025); write, for example, you@example.org",
  ],
  [
    "aws",
    { aws: {} },
    'aws.accountId is missing (The only AWS account that the program may change); write, for example, "123456789012"',
  ],
  [
    "aws.accountId, null",
    { aws: { accountId: null } },
    'aws.accountId is missing (The only AWS account that the program may change); write, for example, "123456789012"',
  ],
  [
    "tailnet",
    { tailnet: {} },
    "tailnet.oauthClientId is missing (OAuth client that creates the droplets' auth keys; its secret is `tailscaleOauthClientSecret`); write, for example, kAbCdEfCNTRL",
  ],
  [
    "a pool's name",
    pool({ name: undefined }),
    "workers[0].name is missing (Names the pool's droplets, tag and firewall); write, for example, general",
  ],
  [
    "a pool's processes",
    pool({ sidekiq: undefined }),
    "workers[0].sidekiq is missing (Sidekiq processes on every droplet of the pool); write, for example, [{queues: [default], threads: 5}]",
  ],
  [
    "a process' queues",
    process({ queues: undefined }),
    "main.sidekiq[0].queues is missing; write, for example, [default, push]",
  ],
  [
    "a process' threads",
    process({ threads: undefined }),
    "main.sidekiq[0].threads is missing; write, for example, 5",
  ],
];

const CHOICES: BadCase[] = [
  [
    "a region without volumes",
    { region: "nyc4" },
    'region is "nyc4"; write one of nyc1, nyc2, nyc3, sfo2, sfo3, tor1, ams3, lon1, fra1, blr1, sgp1, syd1, atl1',
  ],
  ["workerAccount", { workerAccount: "second" }, 'workerAccount is "second"; write one of separate, same'],
  [
    "workerAccount, empty",
    { workerAccount: null },
    "workerAccount is empty; write one of separate, same, or leave it out",
  ],
  ["mail as a boolean", { mail: "false" }, 'mail is "false"; write one of smtp, none'],
  ["acme", { acme: "letsencrypt" }, 'acme is "letsencrypt"; write one of production, staging, none'],
  ["readiness", { readiness: "true" }, 'readiness is "true"; write one of wait, none'],
  [
    "smtp.tls as a boolean",
    { smtp: { server: "smtp.example.org", tls: true } },
    "smtp.tls is true; write one of starttls, implicit, none",
  ],
  [
    "smtp.authMethod",
    { smtp: { server: "smtp.example.org", authMethod: "oauth" } },
    'smtp.authMethod is "oauth"; write one of plain, login, cram_md5, none',
  ],
  [
    "a queue in strict order",
    process({ queues: ["pushh"] }),
    'main.sidekiq[0].queues[0] is "pushh"; write one of default, push, ingress, mailers, pull, scheduler, fasp',
  ],
];

const host = (text: string, meant = ", for example, social.example.org"): BadCase => [
  `the domain ${text}`,
  { domain: text },
  `domain is "${text}", not a lowercase host name; write${meant}`,
];
const bucket = (text: string, shown = text, meant = ", for example, social-example-org-media"): BadCase => [
  `the bucket ${text}`,
  { media: { bucket: text } },
  `media.bucket is "${shown}", ${NOT_A_BUCKET}; write${meant}`,
];
const fallback = (url: string): BadCase => [
  `the fallback ${url}`,
  { media: { fallbackUrl: url } },
  `media.fallbackUrl is "${url}", not an address such as https://files.example.org/media: https, a host name, a path, and nothing else; write, for example, https://old-bucket.s3.us-east-1.amazonaws.com`,
];
const administratorKey = (title: string, text: string, words = NOT_A_KEY): BadCase => [
  title,
  { administratorKeys: [text] },
  `administratorKeys[0] ${words}`,
];

const AGE = "create a key with `age-keygen -o escrow-key.txt`, and write the public key that it prints";
const recipient = (title: string, text: string, words: string): BadCase => [
  title,
  { escrow: { recipients: [text] } },
  `escrow.recipients[0] ${words}`,
];
const AGE_PUBLIC = "age1yg2pkyn36uy8rjfc7lt9ed6t4p8t9vvu8d36a453y5w6ecmvt3ns7xlzcd";
/** Of a key that was made for this test. */
const AGE_PRIVATE = "AGE-SECRET-KEY-10ZHJD8SU8WYTM83VJJ5XRMZQYNFT8WEP0TCMR5XKDR9CQL30C7SSX6WXVJ";
const NO_AGE_KEY = `is not the public key of an age key (age1 and 58 characters); ${AGE}`;
const PRIVATE_AGE_KEY = `is a private key: anyone who reads this file could open what is encrypted to it; ${AGE}`;

const FORMATS: BadCase[] = [
  fallback("files.example.org"),
  fallback("http://files.example.org/"),
  fallback("https://10.0.0.1/files"),
  fallback("https://files.example.org/a b"),
  fallback("https://files.example.org/$uri"),
  fallback("https://files.example.org/files?a=b"),
  recipient("a private age key", AGE_PRIVATE, PRIVATE_AGE_KEY),
  recipient("a private age key in small letters", AGE_PRIVATE.toLowerCase(), PRIVATE_AGE_KEY),
  recipient("age-keygen's whole file", `# public key: ${AGE_PUBLIC}\n${AGE_PRIVATE}\n`, PRIVATE_AGE_KEY),
  recipient("a plugin's identity", "AGE-PLUGIN-YUBIKEY-1QQPQYXZ", PRIVATE_AGE_KEY),
  recipient(
    "an ssh key for the escrow file",
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)} you@social.club`,
    `is an ssh key, which cannot be used here; ${AGE}`,
  ),
  recipient(
    "an age key with one wrong letter",
    AGE_PUBLIC.replace("yg2", "yg3"),
    "has a typing error; copy the public key again",
  ),
  recipient("an age key that is cut", AGE_PUBLIC.slice(0, -1), NO_AGE_KEY),
  recipient("an age key in capitals", AGE_PUBLIC.toUpperCase(), NO_AGE_KEY),
  recipient(
    "a post-quantum age key",
    `age1pq1${"q".repeat(1952)}`,
    `is a key that \`age-keygen\` makes only with options; ${AGE}`,
  ),
  [
    "a fingerprint that npm run escrow did not write",
    { escrow: { recipients: [AGE_PUBLIC], fingerprint: "hmac-123" } },
    "escrow.fingerprint is not a fingerprint of the escrow file; remove it, and run: npm run escrow",
  ],
  host("Social.example.org", " social.example.org"),
  host("https://social.example.org", " social.example.org"),
  host("social.example.org/", " social.example.org"),
  host("social.example.org:443", " social.example.org"),
  host("192.0.2.1"),
  host("social.example.org.", " social.example.org"),
  host("localhost"),
  host("a_b.example.org"),
  host(" social.example.org", " social.example.org"),
  host("HTTPS://Social.Example.ORG:443/@you?x#y", " social.example.org"),
  host("you@social.example.org", " social.example.org"),
  host("*.example.org", " example.org"),
  host("bücher.example", " xn--bcher-kva.example"),
  host("例え.example", " xn--r8jz45g.example"),
  [
    "the second host name in a list of settings",
    { mediaDomain: "Media.example.org" },
    'mediaDomain is "Media.example.org", not a lowercase host name; write media.example.org',
  ],
  bucket("media.social", undefined, " media-social"),
  bucket("s3://Media/x", undefined, " media"),
  bucket("arn:aws:s3:::my_media", undefined, " my-media"),
  bucket("ab"),
  bucket("Media", undefined, " media"),
  bucket("-media"),
  bucket("a".repeat(64), `${"a".repeat(60)}…`),
  [
    "an e-mail address without a domain",
    { owner: { email: "you" } },
    'owner.email is "you", not an e-mail address; write, for example, you@example.org',
  ],
  [
    "an e-mail address that a shell would misread",
    { owner: { email: "o'brien@example.org" } },
    `owner.email is "o'brien@example.org", not an e-mail address without a single quote; write, for example, you@example.org`,
  ],
  [
    "a user name with a hyphen",
    { owner: { email: "you@example.org", username: "a-b" } },
    'owner.username is "a-b", not a Mastodon user name of letters, digits and underscores; write, for example, owner',
  ],
  [
    "an account number without quotes",
    { aws: { accountId: 123456789012 } },
    "aws.accountId is the number 123456789012, not a string; put it in quotes",
  ],
  [
    "an account number with hyphens",
    { aws: { accountId: "1234-5678-9012" } },
    'aws.accountId is "1234-5678-9012", not a quoted 12-digit AWS account number; write, for example, "123456789012"',
  ],
  [
    "an AWS region by its city",
    { aws: { accountId: "123456789012", region: "virginia" } },
    'aws.region is "virginia", not a region of AWS; write, for example, us-east-1',
  ],
  [
    "an AWS region with a slip",
    { aws: { accountId: "123456789012", region: "us-east1" } },
    'aws.region is "us-east1", not a region of AWS; write us-east-1',
  ],
  [
    "a region that AWS does not have",
    { aws: { accountId: "123456789012", region: "eu-central-9" } },
    'aws.region is "eu-central-9", not a region of AWS; write eu-central-1',
  ],
  [
    "a region in China",
    { aws: { accountId: "123456789012", region: "cn-north-1" } },
    "aws.region is cn-north-1, in another partition of AWS, whose host names this program does not know; write a region such as us-east-1 or eu-central-1",
  ],
  [
    "a region of a government",
    { aws: { accountId: "123456789012", region: "us-gov-west-1" } },
    "aws.region is us-gov-west-1, in another partition of AWS, whose host names this program does not know; write a region such as us-east-1 or eu-central-1",
  ],
  ["a droplet region in capitals", { region: "NYC3" }, 'region is "NYC3"; write nyc3'],
  [
    "a login of two lines",
    { smtp: { server: "smtp.example.org", login: "a\n# b" }, smtpPassword: "x" },
    "smtp.login has a line break or a control character; write it on one line",
  ],
  [
    "a time that no clock shows",
    { backups: { time: "25:00" } },
    'backups.time is "25:00", not a quoted time of day; write, for example, "02:30"',
  ],
  [
    "a time as a number",
    { backups: { time: 150 } },
    "backups.time is the number 150, not a string; put it in quotes",
  ],
  [
    "cards that would not be fetched again",
    { upkeep: { housekeeping: { previewCardDays: 7 } } },
    "upkeep.housekeeping.previewCardDays is less than 14, and Mastodon does not fetch a card again before that; write 0 or at least 14",
  ],
  [
    "a habit that is none",
    { upkeep: { housekeeping: { orphans: "weekly" } } },
    'upkeep.housekeeping.orphans is "weekly"; write one of never, monthly',
  ],
  [
    "days before today",
    { upkeep: { housekeeping: { mediaDays: -1 } } },
    "upkeep.housekeeping.mediaDays is -1; write at least 0",
  ],
  [
    "a time without its zero",
    { upkeep: { window: "4:00" } },
    'upkeep.window is "4:00", not a quoted time of day; write "04:00"',
  ],
  [
    "a pool's name with a capital",
    pool({ name: "General" }),
    'workers[0].name is "General", not a name of at most 20 lowercase letters, digits and hyphens; write, for example, general',
  ],
  [
    "a pool's name that begins with a digit",
    pool({ name: "2nd" }),
    'workers[0].name is "2nd", not a name of at most 20 lowercase letters, digits and hyphens; write, for example, general',
  ],
  ...[
    ["*", "would let everything in the tailnet reach ssh, including workers; WRITE"],
    ["bob", "is neither a user nor a group of the tailnet; WRITE"],
    ["a b@example.org", "is neither a user nor a group of the tailnet; WRITE"],
    ["100.64.0.1", "is neither a user nor a group of the tailnet; WRITE"],
    ["tag:mastodon-prod-worker", "is a tag, which would let machines reach ssh; WRITE"],
    ...["tagged", "danger-all", "shared", "internet", "self", "nonroot", "admins"].map((group) => [
      `autogroup:${group}`,
      "includes machines or strangers, who could then reach ssh; write one of autogroup:admin, autogroup:owner, autogroup:member, autogroup:it-admin, autogroup:network-admin, autogroup:billing-admin, autogroup:auditor",
    ]),
  ].map(
    ([entry = "", words = ""]): BadCase => [
      `the administrator ${entry}`,
      { tailnet: { oauthClientId: "k", admins: [entry] } },
      `tailnet.admins[0] ${words.replace("WRITE", "write a user (you@example.org), a group (group:NAME) or an autogroup of people (autogroup:admin)")}`,
    ],
  ),
  [
    "a group where this stack writes the policy, which has none",
    { tailnet: { oauthClientId: "k", admins: ["group:ops"], managePolicy: true } },
    'tailnet.admins[0] is "group:ops", but with tailnet.managePolicy this stack writes the whole policy, and it defines no groups; write the users, or autogroup:admin',
  ],
  [
    "a version without its v",
    { mastodonVersion: "4.7.3" },
    `mastodonVersion is "4.7.3", not a release name; write v4.7.3`,
  ],
  [
    "a release candidate",
    { mastodonVersion: "v4.7.5-rc.1" },
    `mastodonVersion is "v4.7.5-rc.1", not a release name; write, for example, v4.7.3`,
  ],
  [
    "a sender without an address",
    { smtp: { server: "smtp.example.org", from: "Mastodon" } },
    'smtp.from is "Mastodon", not a sender with an e-mail address; write, for example, notifications@social.example.org',
  ],
  [
    "a variable's name in small letters",
    { extraEnv: { deepl: "x" } },
    "extraEnv.deepl is not a valid environment variable name; write capital letters, digits and underscores",
  ],
  administratorKey(
    "a kind of key that OpenSSH dropped",
    "ssh-dss AAAAB3NzaC1kc3M=",
    "is a DSA key, which OpenSSH no longer accepts; create another: ssh-keygen -t ed25519",
  ),
  administratorKey("a key of four letters", "ssh-ed25519 AAAA", CUT_KEY),
  administratorKey("a type alone", "ssh-ed25519", CUT_KEY),
  administratorKey(
    "a key that was cut",
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(39)} you`,
    CUT_KEY,
  ),
  administratorKey(
    "a key with a hole",
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI…${"B".repeat(43)} you`,
    CUT_KEY,
  ),
  administratorKey(
    "a key under another type",
    `ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)} you`,
    "says ssh-rsa, but its data is of another type; copy the line of the .pub file again",
  ),
  administratorKey(
    "a short RSA key",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC+pFSxCWFvz0UgZ9mwqHo2VDqd7aYiLrg3qi+2zDk1ZmSqC/Tgw58MKIjTdkAZbz7s8ttXbEZwLOQTBiAN6WYghKHfOtks1xEuBTG0t9BoP5kikH+OQ1sNFB9yc6dNSjSEEWXW9Uh7M1yXgaUdt6gAkbtsMINHISRGTPXofzslSw==",
    "is an RSA key of only 1024 bits; create another: ssh-keygen -t ed25519",
  ),
  administratorKey(
    "a point that is not on the curve",
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
    CUT_KEY,
  ),
  administratorKey(
    "options before a key",
    `from="192.0.2.1" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)} you`,
    "has options before the key, which these machines do not use; begin with the key's type",
  ),
  administratorKey(
    "a certificate",
    "ssh-ed25519-cert-v01@openssh.com AAAA you",
    "is a certificate; write the public key that it certifies",
  ),
  administratorKey(
    "two keys in one entry",
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)} a\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)} b`,
    "has more than one line; write one key for each entry of the list",
  ),
  administratorKey(
    "the format of other programs",
    "---- BEGIN SSH2 PUBLIC KEY ----",
    "has a format other than OpenSSH's; run: ssh-keygen -i -f FILE, and write the line it prints",
  ),
  administratorKey("a fingerprint", "SHA256:0123"),
  ["a key that is no list", { administratorKeys: "ssh-ed25519 AAAA you" }, "administratorKeys is not a list"],
  ["an empty key", { administratorKeys: [""] }, "administratorKeys[0] is empty; write a value, or remove it"],
];

const RANGES: BadCase[] = [
  ["no threads", process({ threads: 0 }), "main.sidekiq[0].threads is 0; write at least 1"],
  ["too many threads", process({ threads: 51 }), "main.sidekiq[0].threads is 51; write at most 50"],
  ["no replicas", process({ replicas: 0 }), "main.sidekiq[0].replicas is 0; write at least 1"],
  ["too many replicas", process({ replicas: 33 }), "main.sidekiq[0].replicas is 33; write at most 32"],
  [
    "a weight of nothing",
    process({ queues: { push: 0 } }),
    "main.sidekiq[0].queues.push is 0; write at least 1",
  ],
  ["fewer droplets than none", pool({ count: -1 }), "workers[0].count is -1; write at least 0"],
  ["a hundred droplets and one", pool({ count: 101 }), "workers[0].count is 101; write at most 100"],
  [
    "a volume that Postgres fills at once",
    { main: { volumeGiB: 9 } },
    "main.volumeGiB is 9; write at least 10",
  ],
  [
    "a volume beyond DigitalOcean's largest",
    { main: { volumeGiB: 16385 } },
    "main.volumeGiB is 16385; write at most 16384",
  ],
  ["a generation before the first", { main: { generation: 0 } }, "main.generation is 0; write at least 1"],
  [
    "a port that is none",
    { smtp: { server: "smtp.example.org", port: 65536 } },
    "smtp.port is 65536; write at most 65535",
  ],
  ["backups for less than a week", { backups: { keepDays: 6 } }, "backups.keepDays is 6; write at least 7"],
  ["less media than none", { pricing: { storageGiB: -1 } }, "pricing.storageGiB is -1; write at least 0"],
  [
    "more connections than Postgres handles well",
    { main: { postgres: { maxConnections: 251 } } },
    "main.postgres.maxConnections is 251; write at most 250",
  ],
  [
    "a process without queues in a list",
    process({ queues: [] }),
    "main.sidekiq[0].queues has no entries; write at least one",
  ],
  [
    "a process without queues in a map, which Sidekiq would take for all",
    process({ queues: {} }),
    "main.sidekiq[0].queues has no entries; write at least one",
  ],
  [
    "a pool without processes",
    pool({ sidekiq: [] }),
    "workers[0].sidekiq has no entries; write at least one",
  ],
  [
    "nobody who may reach ssh",
    { tailnet: { oauthClientId: "k", admins: [] } },
    "tailnet.admins has no entries; write at least one",
  ],
];

describe.each([
  ["an unknown name is refused", UNKNOWN],
  ["a path without --path is refused, with both ways to write it", DOTTED],
  ["a value of another type is refused with the type to write", TYPES],
  ["a required setting that is not there is named, with an example", MISSING],
  ["a word outside its list is refused with the list", CHOICES],
  ["a wrong format is refused with the right one", FORMATS],
  ["a number or a list out of range is refused with the bound", RANGES],
])("%s:", (_, cases) => {
  test.each(cases)("%s", (_title, changes, ...lines) => {
    expect(problems(changes)).toEqual(lines);
  });
});
