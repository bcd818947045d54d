/** What must hold between settings, and what the message says where it does not. */
import { parse as parseYaml } from "yaml";
import { assess } from "../../fleet/assess";
import { plannedHosts } from "../../machines/planned";
import { SET_VARIABLES } from "../../settings/managedVariables";
import { settingWarnings } from "../../settings/warnings";
import { type BadCase, parse, problems } from "../support/stackFile";

const onWorkers = [{ name: "general", count: 2, sidekiq: [{ queues: ["default"], threads: 5 }] }];
const onMain = (...queues: string[][]) => ({
  main: { sidekiq: queues.map((q) => ({ queues: q, threads: 5 })) },
});
const uncovered = (queue: string, does: string) =>
  `main.sidekiq leaves the queue ${queue} (${does}) without a process, so its jobs would wait forever; add ${queue} to a process here or in a pool of workers`;

const NAMES: BadCase[] = [
  [
    "webDomain equals domain",
    { webDomain: "social.example.org" },
    "webDomain is the same as domain; leave it out",
  ],
  [
    "media on the domain",
    { mediaDomain: "social.example.org" },
    "mediaDomain is social.example.org, the instance's own name; media needs a separate host name, such as media.social.example.org",
  ],
  [
    "media on the web interface",
    { webDomain: "mastodon.example.org", mediaDomain: "mastodon.example.org" },
    "mediaDomain is mastodon.example.org, the instance's own name; media needs a separate host name, such as media.mastodon.example.org",
  ],
  [
    "one bucket for both",
    { media: { bucket: "social" }, backups: { bucket: "social" } },
    "backups.bucket is the media bucket; backups need a bucket that Mastodon cannot write to",
  ],
  [
    "backups in what the media bucket is called by default",
    { backups: { bucket: "social-example-org-media" } },
    "backups.bucket is the media bucket; backups need a bucket that Mastodon cannot write to",
  ],
  [
    "a domain that makes the bucket's name too long",
    { domain: `${"a".repeat(44)}.example.org`, media: { bucket: "short" } },
    `backups.bucket would be ${"a".repeat(44)}-example-org-backups, longer than S3's 63 characters; write a shorter name`,
  ],
  [
    "a zone beside the names",
    { dnsZone: "example.com" },
    "dnsZone is example.com, but social.example.org is not in that zone; use a zone that has every name, or create the records yourself",
    "dnsZone is example.com, but media.social.example.org is not in that zone; use a zone that has every name, or create the records yourself",
  ],
  [
    "a zone that only ends like the name",
    { dnsZone: "ial.example.org" },
    "dnsZone is ial.example.org, but social.example.org is not in that zone; use a zone that has every name, or create the records yourself",
    "dnsZone is ial.example.org, but media.social.example.org is not in that zone; use a zone that has every name, or create the records yourself",
  ],
  [
    "a fallback for media that leads to main",
    { media: { fallbackUrl: "https://media.social.example.org/old" } },
    "media.fallbackUrl is on media.social.example.org, which leads to main itself; write an address that stays the old one's: its bucket's, or another name of its server",
  ],
  [
    "a zone without the media's name",
    { dnsZone: "example.org", mediaDomain: "media.example.com" },
    "dnsZone is example.org, but media.example.com is not in that zone; use a zone that has every name, or create the records yourself",
  ],
];

const MAIL: BadCase[] = [
  [
    "no relay",
    { smtp: undefined },
    "smtp.server is missing; write your relay's host name, or mail: none for an instance that sends no mail",
  ],
  ["a relay for no mail", { mail: "none" }, "mail is none, but smtp.server is set; remove one of them"],
];

const FLEET: BadCase[] = [
  [
    "two pools of one name",
    { workers: [...onWorkers, ...onWorkers] },
    'workers[1].name is "general" a second time; each pool needs its own name',
  ],
  [
    "an unknown size of a known family",
    { main: { size: "g-3vcpu" } },
    'main.size is "g-3vcpu", not a droplet size; write, for example, g-2vcpu-8gb, g-4vcpu-16gb, g-8vcpu-32gb',
  ],
  [
    "an unknown size of no family",
    { workers: [{ ...onWorkers[0], size: "large" }] },
    'workers[0].size is "large", not a droplet size; write, for example, g-4vcpu-16gb, c-2, s-4vcpu-8gb',
  ],
  [
    "a fleet that forgets fasp",
    onMain(["push", "pull", "ingress", "mailers", "scheduler"]),
    uncovered("fasp", "exchange with discovery providers (FASP)"),
  ],
  [
    "no scheduler",
    onMain(["push", "pull", "ingress", "mailers", "fasp"]),
    uncovered("scheduler", "enqueues the periodic jobs; in exactly one process"),
  ],
  [
    "no workers and no default",
    { workers: [] },
    uncovered("default", "home feeds, local notifications, transcoding of video and audio"),
  ],
  [
    "a pool without droplets",
    { workers: [{ ...onWorkers[0], count: 0 }] },
    uncovered("default", "home feeds, local notifications, transcoding of video and audio"),
  ],
  [
    "nothing on main",
    { main: { sidekiq: [] } },
    uncovered("push", "delivery of local posts to other servers"),
    uncovered("ingress", "processing of what other servers deliver; many queries"),
    uncovered("mailers", "mail"),
    uncovered("pull", "threads, avatars, link previews, imports and archives"),
    uncovered("scheduler", "enqueues the periodic jobs; in exactly one process"),
    uncovered("fasp", "exchange with discovery providers (FASP)"),
  ],
  [
    "two schedulers",
    onMain(["push", "pull", "ingress", "mailers", "fasp", "scheduler"], ["scheduler"]),
    "main.sidekiq[1] serves scheduler, which must run once in the whole fleet and does in main.sidekiq[0]; remove scheduler here",
  ],
  [
    "scheduler on two droplets",
    {
      ...onMain(["push", "pull", "ingress", "mailers", "fasp"]),
      workers: [{ ...onWorkers[0], sidekiq: [{ queues: { default: 8, scheduler: 1 }, threads: 5 }] }],
    },
    "workers[0].sidekiq[0] runs scheduler 2 times (replicas: 1, droplets: 2), and it must run once in the whole fleet; remove it here and add { queues: [scheduler], threads: 1, replicas: 1 } to main.sidekiq",
  ],
  [
    "a main that is too small",
    { main: { size: "s-1vcpu-1gb" } },
    "main.size is s-1vcpu-1gb with 1024 MiB, but what runs there needs 4114 MiB (the largest: web 640, Sidekiq push,ingress,mailers,pull,fasp 560, system 512); write s-4vcpu-8gb (8192 MiB), or fewer Sidekiq processes or threads in main.sidekiq",
  ],
  [
    "a worker that is too small",
    { workers: [{ ...onWorkers[0], size: "s-1vcpu-1gb" }] },
    "workers[0].size is s-1vcpu-1gb with 1024 MiB, but what runs there needs 1440 MiB (the largest: system 512, Sidekiq default 480, ffmpeg 448); write s-1vcpu-2gb (2048 MiB), or fewer Sidekiq processes or threads in workers[0].sidekiq",
  ],
  [
    "a Redis that the planned outage would fill",
    { main: { redis: { maxMemoryMiB: 128 } } },
    "main.redis.maxMemoryMiB is 128, but people's feeds take 82 MiB and the 105,159 jobs that wait after the outage 122; write at least 227, or leave it out",
  ],
  [
    "less memory than a program starts with",
    {
      main: {
        postgres: { sharedBuffersMiB: 1, effectiveCacheSizeMiB: 1, workMemMiB: 0, maintenanceWorkMemMiB: 1 },
        redis: { maxMemoryMiB: 1 },
        cacheRedis: { maxMemoryMiB: 1 },
        streaming: { memoryMiB: 1 },
        sidekiq: [{ queues: ["push"], threads: 1, memoryMiB: 1 }],
      },
    },
    "main.sidekiq[0].memoryMiB is 1; write at least 384",
    "main.streaming.memoryMiB is 1; write at least 160",
    "main.postgres.sharedBuffersMiB is 1; write at least 64",
    "main.postgres.effectiveCacheSizeMiB is 1; write at least 64",
    "main.postgres.workMemMiB is 0; write at least 1",
    "main.postgres.maintenanceWorkMemMiB is 1; write at least 32",
    "main.redis.maxMemoryMiB is 1; write at least 64",
    "main.cacheRedis.maxMemoryMiB is 1; write at least 32",
  ],
  [
    "a setting that takes all of the memory",
    { main: { postgres: { sharedBuffersMiB: 99_999_999 } } },
    "main.postgres.sharedBuffersMiB is 99999999, and with it what runs on g-2vcpu-8gb needs 100005089 of 8192 MiB; write at most 3102, or leave it out",
  ],
  [
    "a media cache that is larger than the disk",
    { media: { cacheGiB: 1000 } },
    "media.cacheGiB is 1000, but on the 25 GiB disk of g-2vcpu-8gb everything else takes 17.8 (system 4, journal 1, images of two releases 3.8, containers' logs 0.5, temporary files 2, swap 2, nginx's logs 1, page cache 1, free space beyond the media cache 2, measurements 0.5); write at most 7, or a main.size with a larger disk",
  ],
  [
    "fewer connections than threads",
    { main: { pgbouncer: { maxClientConnections: 20 } } },
    "main.pgbouncer.maxClientConnections is 20, but Mastodon opens up to 67 connections (web 10, streaming 10, Sidekiq on main 17, Sidekiq on workers 10, workers that are being replaced 10, tootctl, console, exporter 10); write at least 67, or leave it out",
  ],
  [
    "fewer connections to Postgres than pgbouncer opens",
    { main: { postgres: { maxConnections: 30 } } },
    "main.postgres.maxConnections is 30, but pgbouncer and the direct connections need 41; write at least 41, or leave it out",
  ],
];

/** Names of the variables of every container on a host. */
function composeVariables(cloudConfig: string): string[] {
  const { write_files } = parseYaml(cloudConfig) as { write_files: { path: string; content: string }[] };
  const file = write_files.find(({ path }) => path.endsWith("/compose.yaml"));
  const { services } = parseYaml(file?.content ?? "", { merge: true }) as {
    services: Record<string, { environment: Record<string, string> }>;
  };
  return Object.values(services).flatMap(({ environment }) => Object.keys(environment));
}

const version = (release: string): BadCase => [
  `Mastodon ${release}`,
  { mastodonVersion: release },
  `mastodonVersion is ${release}; write v4.7.3 or a later 4.7 release; this program knows only the queues and variables of 4.7`,
];

describe.each([
  ["names that contradict each other are refused", NAMES],
  ["mail without a relay, and a relay without mail, are refused", MAIL],
  ["a fleet that could not work is refused before it costs anything", FLEET],
  [
    "a release that this program was not written for is refused",
    [version("v4.6.12"), version("v4.7.2"), version("v4.8.0"), version("v5.7.4")],
  ],
])("%s:", (_, cases) => {
  test.each(cases)("%s", (_title, changes, ...lines) => {
    expect(problems(changes)).toEqual(lines);
  });
});

test.each(["Prod", "prod_1", "1st", "-prod", "", "s".repeat(21)])(
  "the stack name %j is refused: tags and hosts carry it",
  (stack) => {
    expect(problems({}, { stack })).toEqual([
      `the stack's name is "${stack}"; use at most 20 lowercase letters, digits and hyphens, and start with a letter, because tags and host names contain it`,
    ]);
  },
);

test.each(["v4.7.3", "v4.7.4", "v4.7.12"])("%s is a release that this program knows", (mastodonVersion) => {
  expect(parse({ mastodonVersion }).mastodonVersion).toBe(mastodonVersion);
});

describe("variables in extraEnv", () => {
  const SECRET = "set the secret of that name with pulumi config set --secret";
  const DATABASE = "leave it out: the program sets up the database";
  const REDIS = "leave it out: the program sets up Redis (and Mastodon refuses REDIS_NAMESPACE)";
  const PROGRAM = "leave it out: the program sets it for each process";

  const refused = (name: string, message: string) => {
    expect(problems({ extraEnv: { [name]: "x" } })).toEqual([`extraEnv.${name} ${message}`]);
    expect(problems({ extraSecretEnv: JSON.stringify({ [name]: "x" }) })).toEqual([
      `extraSecretEnv.${name} ${message}`,
    ]);
  };

  test.each([
    ["LOCAL_DOMAIN", "set `domain`"],
    ["WEB_DOMAIN", "set `webDomain`"],
    ["SMTP_SERVER", "set `smtp`"],
    ["S3_BUCKET", "set `media` and `aws`"],
    ["AWS_ACCESS_KEY_ID", "set `media` and `aws`"],
    ["WEB_CONCURRENCY", "set `main.web`"],
    ["DB_HOST", DATABASE],
    ["PREPARED_STATEMENTS", DATABASE],
    ["CACHE_REDIS_HOST", REDIS],
    ["SECRET_KEY_BASE", SECRET],
    ["OTP_SECRET", SECRET],
    ["BIND", PROGRAM],
    ["MASTODON_SIDEKIQ_READY_FILENAME", PROGRAM],
    ["MASTODON_PROMETHEUS_EXPORTER_PORT", "leave it out: the program gives each process its own port"],
  ])("%s, which the program sets, is refused with what to do instead", (name, instead) =>
    refused(name, `is set by the program; ${instead}`),
  );

  test.each([
    ["DB_POOL", /by its threads/],
    ["DATABASE_URL", /database that the program sets up/],
    ["DB_SSLMODE", /no TLS/],
    ["REDIS_URL", /Redis that the program sets up/],
    ["REDIS_NAMESPACE", /Mastodon refuses REDIS_NAMESPACE/],
    ["SIDEKIQ_REDIS_SENTINELS", /Redis that the program sets up/],
    ["S3_ENDPOINT", /media bucket/],
    ["AWS_SESSION_TOKEN", /key and the region/],
    ["SMTP_SSL", /smtp\.tls/],
    ["SOCKET", /over HTTP on their ports/],
    ["PROXY_PROTO_V1", /over HTTP on their ports/],
    ["RAILS_SERVE_STATIC_FILES", /no static files/],
    ...[
      "PATH",
      "LD_PRELOAD",
      "MALLOC_CONF",
      "RAILS_ENV",
      "NODE_ENV",
      "NODE_OPTIONS",
      "RUBYOPT",
      "BUNDLE_PATH",
    ].map((name): [string, RegExp] => [name, /the image sets/]),
  ])("%s, which cannot work, is refused with the reason", (name, reason) => {
    const [problem = ""] = problems({ extraEnv: { [name]: "x" } });
    expect(problem).toMatch(/^extraEnv\.\w+ cannot be set: .*; remove it$/);
    expect(problem).toMatch(reason);
    refused(name, problem.slice(`extraEnv.${name} `.length));
  });

  test.each([
    ["SELF_DESTRUCT", "x", /delete all accounts/],
    ["ALTERNATE_DOMAINS", "a.example", /webfinger/],
    ["PERSISTENT_TIMEOUT", 5, /no effect/],
    ["TRUSTED_PROXY_IP", "10.0.0.1", /without 127\.0\.0\.1/],
    ["SKIP_POST_DEPLOYMENT_MIGRATIONS", true, /second half/],
  ])("%s is taken with a warning", (name, value, reason) => {
    const [warning, ...others] = settingWarnings(parse({ extraEnv: { [name]: value } })).filter((text) =>
      text.startsWith("extraEnv"),
    );
    expect([others, warning]).toEqual([[], expect.stringMatching(reason)]);
    expect(warning).toMatch(new RegExp(`^extraEnv\\.${name}: .*\\.$`));
  });

  test.each([
    ["TRUSTED_PROXY_IP", "127.0.0.1, 10.0.0.1"],
    ["S3_READ_TIMEOUT", 30],
    ["S3_MULTIPART_THRESHOLD", 15],
    ["SMTP_OPENSSL_VERIFY_MODE", "peer"],
    ["SMTP_DOMAIN", "example.org"],
    ["REDIS_DRIVER", "ruby"],
    ["BULK_SMTP_SERVER", "smtp.example.org"],
    ["MIN_THREADS", 2],
    ["MASTODON_PROMETHEUS_EXPORTER_WEB_DETAILED_METRICS", true],
    ["MY_SMTP_SERVER", "x"],
    ["PORTAL", "x"],
    ["SINGLE_USER_MODE", true],
    ["ES_ENABLED", true],
  ])("%s goes through without a word", (name, value) => {
    const settings = parse({ extraEnv: { [name]: value } });
    expect(settings.extraEnv).toEqual({ [name]: value });
    expect(settingWarnings(settings).filter((text) => text.startsWith("extraEnv"))).toEqual([]);
  });

  test("those that are said to be set are exactly those that the machines' files set", () => {
    const smtp = { server: "smtp.example.org", login: "you" };
    const forms: Record<string, unknown>[] = [
      { webDomain: "mastodon.example.org", smtp, smtpPassword: "x", otpSecret: "y".repeat(128) },
      { mail: "none", smtp: {} },
    ];
    const names = forms.flatMap((form) => {
      const settings = parse(form);
      return plannedHosts(settings, "prod", assess(settings)).flatMap(({ cloudConfig }) =>
        composeVariables(cloudConfig()),
      );
    });
    // The plan does not know which optional secrets are set.
    const secret = ["OTP_SECRET", "SMTP_PASSWORD"];
    expect([...new Set([...names, ...secret])].sort()).toEqual([...SET_VARIABLES].sort());
  });
});

test("variables that would not fit into user data are refused with the size and the limit", () => {
  // A fixed sequence that compresses as badly as a key does.
  let state = 1;
  const noise = Array.from({ length: 60_000 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[state % 64];
  }).join("");
  const tooLong =
    /^(main|workers-default) would get \d+ bytes of user data, more than the 61440 that fit; shorten extraEnv, extraSecretEnv or administratorKeys$/;
  for (const changes of [
    { extraEnv: { NOISE_ID: noise } },
    { extraSecretEnv: JSON.stringify({ NOISE: noise }) },
  ]) {
    const lines = problems(changes);
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["main", "workers-default"]);
    for (const line of lines) expect(line).toMatch(tooLong);
  }
});

test.each(["admin", "Moderator", "root"])(
  "an owner named %s is refused: Mastodon reserves that name",
  (username) => {
    expect(problems({ owner: { username, email: "you@example.org" } })).toEqual([
      `owner.username is "${username}", which Mastodon reserves; write another name`,
    ]);
  },
);
