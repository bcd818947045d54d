/** What a stack gets: defaults, names, places, warnings and the price. */
import { readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import { parseConfiguration } from "../../checks/configuration";
import { assess } from "../../fleet/assess";
import { dropletsAtOnce, placedProcesses } from "../../settings/fleet";
import { namesOf } from "../../settings/names";
import { plainSettings } from "../../settings/plain";
import { leavesOf } from "../../settings/plainValues";
import { type Settings, settingsSchema } from "../../settings/schema";
import { nameAt } from "../../settings/schema/issues";
import { missingSecrets, placeholder } from "../../settings/secrets";
import { EXAMPLES, type Example, exampleFile, readExample } from "../../settings/stackFile/examples";
import { exampleValues, settingWarnings } from "../../settings/warnings";
import { parse, REQUIRED } from "../support/stackFile";

const KEY = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)} you@social.club`;
const RECIPIENT = "age1yg2pkyn36uy8rjfc7lt9ed6t4p8t9vvu8d36a453y5w6ecmvt3ns7xlzcd";
const HEARD = { email: ["you@social.club"], smtp: { server: "smtp.other.club" } };

test("a stack that says the least gets these settings", () => {
  const expected: Settings = {
    domain: "social.example.org",
    webDomain: "",
    mediaDomain: "",
    region: "nyc3",
    mastodonVersion: "v4.7.3",
    upgrade: { finish: "now", postgresCopy: "refused", postgresKeepDays: 7, snapshot: false },
    postgresVersion: 17,
    owner: { username: "owner", email: "you@example.org" },
    main: {
      size: "g-2vcpu-8gb",
      volumeGiB: 50,
      generation: 1,
      ipv6: false,
      // The seed's last split: everything but default on main, scheduler in a process of its own.
      sidekiq: [
        { queues: { push: 6, ingress: 4, mailers: 2, pull: 1, fasp: 1 }, threads: 15, replicas: 1 },
        { queues: ["scheduler"], threads: 2, replicas: 1 },
      ],
      web: {},
      streaming: {},
      postgres: {},
      pgbouncer: {},
      redis: {},
      cacheRedis: {},
      watch: true,
    },
    workers: [
      {
        name: "default",
        count: 1,
        size: "c-2",
        generation: 1,
        sidekiq: [{ queues: ["default"], threads: 5, replicas: 2 }],
      },
    ],
    workload: { activeUsers: 1000, databaseGiB: 0, nightPercent: 20, queues: {} },
    recovery: { outageHours: 2, catchUpHours: 2 },
    assumptions: {
      sharedCpuPercent: 70,
      rttMs: 1,
      tailnetMs: 0.1,
      safetyFactor: 1.5,
      signaturesPerSecond: {},
    },
    workerAccount: "separate",
    mail: "smtp",
    smtp: {
      server: "smtp.example.org",
      port: 2525,
      login: "",
      from: "",
      authMethod: "plain",
      tls: "starttls",
    },
    alerts: {
      email: [],
      smtp: { server: "", port: 2525, login: "", from: "", tls: "starttls" },
      webhook: false,
      heartbeat: false,
      uptimeCheck: false,
      newestPostMinutes: 60,
    },
    remoteWrite: { url: "", username: "" },
    dnsZone: "",
    aws: { accountId: "123456789012", region: "us-east-1" },
    media: { bucket: "", fallbackUrl: "", cacheGiB: 5, keepOldVersionsDays: 30 },
    backups: { bucket: "", keepDays: 30, time: "02:30", dumps: "weekly" },
    tailnet: { oauthClientId: "kAbCdEfCNTRL", name: "-", admins: ["autogroup:admin"], managePolicy: false },
    administratorKeys: [],
    acme: "production",
    upkeep: {
      window: "04:00",
      rebootWorkers: true,
      housekeeping: {
        mediaDays: 14,
        keepInteracted: false,
        previewCardDays: 60,
        profileDays: 0,
        orphans: "never",
      },
    },
    monitoring: true,
    readiness: "wait",
    protect: true,
    escrow: { recipients: [], fingerprint: "" },
    pricing: { storageGiB: 100, egressGiB: 100, deletedGiB: 50 },
    extraEnv: {},
  };
  expect(parse()).toEqual(expected);
});

test("what the engine hands over as text becomes a number, a boolean, a list and a map", () => {
  const settings = parse({
    protect: "false",
    main: { volumeGiB: 100, ipv6: true },
    administratorKeys: [KEY],
    extraEnv: { SINGLE_USER_MODE: true, MAX_TOOT_CHARS: 5000, DEFAULT_LOCALE: "de" },
  });
  expect(settings.protect).toBe(false);
  expect(settings.main).toMatchObject({ volumeGiB: 100, ipv6: true, size: "g-2vcpu-8gb" });
  expect(settings.administratorKeys).toEqual([KEY]);
  expect(settings.extraEnv).toEqual({ SINGLE_USER_MODE: true, MAX_TOOT_CHARS: 5000, DEFAULT_LOCALE: "de" });
});

test("a process has one replica, a pool one c-2 droplet of generation 1", () => {
  const { workers } = parse({
    workers: [{ name: "general", sidekiq: [{ queues: { default: 8, push: 6 }, threads: 5 }] }],
  });
  expect(workers).toEqual([
    {
      name: "general",
      count: 1,
      size: "c-2",
      generation: 1,
      sidekiq: [{ queues: { default: 8, push: 6 }, threads: 5, replicas: 1 }],
    },
  ]);
});

test.each([
  KEY,
  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC4TE8YxOgbo6fzIXUM2ywDttw3zvv/+Z6/qijA2+tZCHgOz/CpE422OKZxSu3sWeqzFcK4tJ3gfMls6Wtnvs//AD0/bBtBdCixM+vt12KyP4oZCvbxm3cY2zSAYIAJHWmDyEUXDcXzlbIV0KHWRwIATueD716ppI733qfP4ewXY0eUQZNiCSQPq5L9IwQ2msE9m9EsgAd/IFM48aBt/iTr2Ogycmlq5KLDyDsuDO9wWK5T9jPzoADl0Iujt5fvQqqbyniez6ZZyJIPt0pc4uHUNpBB0g/Mo2nOE/iLJxQGqA+OIF38GZqpL50SO1PzbTLIvHaFiC8WdF4Y/kz2CVhV a comment of words",
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHQi/tLQLbs/+64ppBn3qxV8CxXDCaCXYXCzC0zoneLcjRAlMkMDOmNe3R81jA5DXzslAAcWRcrpuNn1dd9Ohv4= x",
  "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAC2UcpJikhQ12jJWK2F6xLjDyLRYrDnUjc22Kx4xtGR0X9oLNh8IotBRVj8C3iUT9nmE0G6cQzkoFKTTfssJSsFzgHTIqBAoZKhQ+KP66n9KfTzvunNPjJrt12HMSyUYRwmAlVJ4BzCnsE60QaYNYv1q1iJGxpfiEVI2JyVdJoncmNcKA==",
  "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHAAAABHNzaDo= x",
])("%s is an administrator's key", (key) => {
  expect(parse({ administratorKeys: [key] }).administratorKeys).toEqual([key]);
});

test.each([
  "a.io",
  "social.xn--bcher-kva.example",
  "social.example.org",
  "1.example.org",
  `${"a".repeat(52)}.io`,
])("%s is a domain", (domain) => {
  expect(parse({ domain }).domain).toBe(domain);
});

test.each(["prod", "p", "staging-2", "s".repeat(20)])("%s is a stack's name", (stack) => {
  expect(() => parse({}, { stack })).not.toThrow();
});

describe("names follow from the settings:", () => {
  test("all of them, where only the domain is given", () => {
    expect(namesOf(parse(), "prod")).toEqual({
      prefix: "mastodon-prod",
      web: "social.example.org",
      media: "media.social.example.org",
      mediaBucket: "social-example-org-media",
      mainDroplet: "mastodon-prod-main",
      dataVolume: "mastodon-prod-data",
      backupBucket: "social-example-org-backups",
      tags: {
        main: "tag:mastodon-prod-main",
        worker: "tag:mastodon-prod-worker",
        deploy: "tag:mastodon-prod-deploy",
      },
    });
  });

  test("media stand before the web interface's name, buckets follow the domain", () => {
    const names = namesOf(parse({ domain: "example.org", webDomain: "mastodon.example.org" }), "staging");
    expect(names).toMatchObject({
      web: "mastodon.example.org",
      media: "media.mastodon.example.org",
      mediaBucket: "example-org-media",
      backupBucket: "example-org-backups",
      tags: { main: "tag:mastodon-staging-main" },
    });
  });

  test("a name that is given is kept", () => {
    const names = namesOf(
      parse({ mediaDomain: "files.example.org", media: { bucket: "files" }, backups: { bucket: "dumps" } }),
      "prod",
    );
    expect(names).toMatchObject({ media: "files.example.org", mediaBucket: "files", backupBucket: "dumps" });
  });
});

test("a zone that holds every name is taken, be it the web interface's own name", () => {
  expect(parse({ dnsZone: "social.example.org" }).dnsZone).toBe("social.example.org");
  expect(parse({ dnsZone: "example.org", mediaDomain: "files.example.org" }).dnsZone).toBe("example.org");
});

test("each process has its place, its account and its number of droplets", () => {
  const general = { name: "general", count: 2, sidekiq: [{ queues: ["default"], threads: 5 }] };
  const settings = parse({ workers: [general, { ...general, name: "spare", count: 0 }] });
  const [pushes, scheduler] = settings.main.sidekiq;
  const process = { queues: ["default"], threads: 5, replicas: 1 };
  expect(placedProcesses(settings)).toEqual([
    { key: "main.sidekiq[0]", host: "main", account: "main", process: pushes, count: 1 },
    { key: "main.sidekiq[1]", host: "main", account: "main", process: scheduler, count: 1 },
    { key: "workers[0].sidekiq[0]", host: "general", account: "workers", process, count: 2 },
    { key: "workers[1].sidekiq[0]", host: "spare", account: "workers", process, count: 0 },
  ]);
});

test("workers are replaced new first, so that an account holds twice as many at once; main is not", () => {
  const workers = [{ count: 2 }, { count: 3 }] as Settings["workers"];
  expect(dropletsAtOnce({ workers, workerAccount: "separate" })).toEqual({ main: 1, workers: 10 });
  expect(dropletsAtOnce({ workers, workerAccount: "same" })).toEqual({ main: 11, workers: 0 });
  expect(dropletsAtOnce({ workers: [], workerAccount: "separate" })).toEqual({ main: 1, workers: 0 });
});

describe("a stack is warned of", () => {
  const quietly = { administratorKeys: [KEY], escrow: { recipients: [RECIPIENT] }, alerts: HEARD };
  const UNHEARD = "alerts: nobody hears of alarms. Write alerts.email, or alerts.webhook: true.";
  const mail = (port: number) => ({ smtp: { server: "smtp.example.org", port } });
  const BLOCKED =
    "smtp.port: DigitalOcean blocks 25 for new accounts, and 465 and 587 are reported blocked too; most relays also listen on 2525.";
  test.each([
    ["nothing", quietly, []],
    ["port 25", { ...quietly, ...mail(25) }, [BLOCKED]],
    ["port 465", { ...quietly, smtp: { ...mail(465).smtp, tls: "implicit" } }, [BLOCKED]],
    ["port 587", { ...quietly, ...mail(587) }, [BLOCKED]],
    ["no other port", { ...quietly, ...mail(2587) }, []],
    ["no port where no mail is sent", { ...quietly, mail: "none", smtp: { port: 25 } }, []],
    [
      "a first up from outside the tailnet",
      { ...quietly, readiness: "none" },
      [
        "readiness: none: nothing waits for the machines, main gets no watch, and changes do not reach the running main droplet. Set it to wait once you are on the tailnet.",
      ],
    ],
    ["alarms that nobody hears", { ...quietly, alerts: {} }, [UNHEARD]],
    [
      "a heartbeat, which tells only of main's end",
      { ...quietly, alerts: { heartbeat: true }, alertsHeartbeatUrl: "https://a.club" },
      [UNHEARD],
    ],
    [
      "alarms that reach a program alone",
      { ...quietly, alerts: { webhook: true }, alertsWebhookUrl: "https://a.club" },
      [],
    ],
    [
      "alarms through the relay that they may be about",
      { ...quietly, alerts: { email: ["a@b.club"] } },
      [
        "alerts.smtp: alarms go through the relay that Mastodon uses, so nobody hears when it refuses mail. Write another relay, or alerts.webhook: true.",
      ],
    ],
    [
      "no watch",
      { ...quietly, alerts: {}, main: { watch: false } },
      ["main.watch: false: nothing is measured and no alarm is raised."],
    ],
    [
      "receivers without a watch",
      { ...quietly, main: { watch: false } },
      ["main.watch: false: nothing is measured and no alarm is raised, so alerts has no effect."],
    ],
    [
      "receivers and a Prometheus without a watch",
      {
        ...quietly,
        main: { watch: false },
        remoteWrite: { url: "https://prometheus.club/push" },
        remoteWritePassword: "a-token",
      },
      [
        "main.watch: false: nothing is measured and no alarm is raised, so alerts and remoteWrite have no effect.",
      ],
    ],
    [
      "data that nothing protects",
      { ...quietly, protect: false },
      ["protect: false: pulumi destroy would delete the database, the secrets and the media."],
    ],
    [
      "machines that no administrator can enter",
      { ...quietly, administratorKeys: [] },
      [
        "administratorKeys: empty: only the stack's own key and the console password give access to the machines.",
      ],
    ],
    [
      "secrets that only the state holds",
      { ...quietly, escrow: {} },
      [
        "escrow.recipients: empty: only the state holds the secrets without which no backup can be read and no account can sign. Write an age public key (docs/operations.md, “Keep what only the state holds”).",
      ],
    ],
    [
      "no such secrets where nothing is worth keeping",
      { ...quietly, escrow: {}, protect: false },
      ["protect: false: pulumi destroy would delete the database, the secrets and the media."],
    ],
  ])("%s", (_, changes, warnings) => {
    expect(settingWarnings(parse(changes))).toEqual(warnings);
  });
});

describe("values of the examples are found:", () => {
  const EXAMPLE_RECIPIENT = "age1exampleexampleexampleexampleexampleexampleexampleexqanc7cw";
  const own = {
    domain: "social.club",
    owner: { email: "me@social.club" },
    smtp: { server: "smtp.relay.net" },
    aws: { accountId: "998877665544" },
    tailnet: { oauthClientId: "kRealCNTRL" },
  };
  const exampleKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"Example".repeat(6)}0 admin`;
  test.each([
    ["none in an instance of one's own", {}, []],
    ["a domain that no one can own", { domain: "shop.example" }, ["domain"]],
    ["example.org", { domain: "example.org" }, ["domain"]],
    ["below example.com", { domain: "social.example.com" }, ["domain"]],
    ["but not a name that only ends like it", { domain: "myexample.com" }, []],
    ["nor one that only begins like it", { domain: "example.com.social.club" }, []],
    ["an address", { owner: { email: "admin@shop.example" } }, ["owner.email"]],
    ["a relay", { smtp: { server: "smtp.example.net" } }, ["smtp.server"]],
    ["the account number of the documentation", { aws: { accountId: "123456789012" } }, ["aws.accountId"]],
    ["an OAuth client", { tailnet: { oauthClientId: "kExample1CNTRL" } }, ["tailnet.oauthClientId"]],
    [
      "a login, a sender and administrators",
      {
        smtp: { server: "smtp.relay.net", login: "postmaster@shop.example", from: "Shop <a@shop.example>" },
        tailnet: { oauthClientId: "kRealCNTRL", admins: ["you@example.org", "autogroup:admin"] },
        smtpPassword: "x",
      },
      ["smtp.login", "smtp.from", "tailnet.admins[0]"],
    ],
    [
      "other host names",
      { webDomain: "www.shop.example", mediaDomain: "media.example.net", dnsZone: "" },
      ["webDomain", "mediaDomain"],
    ],
    [
      "a URL in a variable",
      { extraEnv: { LIBRE_TRANSLATE_ENDPOINT: "https://translate.example.org/" } },
      ["extraEnv.LIBRE_TRANSLATE_ENDPOINT"],
    ],
    ["a bucket's example", { media: { bucket: "social-example-org-media" } }, ["media.bucket"]],
    ["what the messages propose", { tailnet: { oauthClientId: "kAbCdEfCNTRL" } }, ["tailnet.oauthClientId"]],
    [
      "an age key that nobody has the other half of",
      { escrow: { recipients: [RECIPIENT, EXAMPLE_RECIPIENT] } },
      ["escrow.recipients[1]"],
    ],
    ["the second key", { administratorKeys: [KEY, exampleKey] }, ["administratorKeys[1]"]],
  ])("%s", (_, changes, keys) => {
    expect(exampleValues(parse({ ...own, ...changes })).map(({ key }) => key)).toEqual(keys);
  });

  test("with the value that is to be replaced", () => {
    expect(exampleValues(parse({ ...own, domain: REQUIRED.domain }))).toEqual([
      { key: "domain", value: "social.example.org" },
    ]);
  });
});

describe("the verdict", () => {
  test("on the default fleet: $130.24 a month, two lines on what stops with one droplet, and one on the volume", () => {
    const { price, warnings } = assess(
      parse({ administratorKeys: [KEY], escrow: { recipients: [RECIPIENT] }, alerts: HEARD }),
    );
    expect(price).toEqual({
      lines: [
        { item: "main droplet, g-2vcpu-8gb", account: "main", monthlyUsd: 63 },
        { item: "data volume, 50 GiB", account: "main", monthlyUsd: 5 },
        { item: "pool default, 1 × c-2", account: "workers", monthlyUsd: 42 },
        { item: "media in S3, 100 GiB", account: "aws", monthlyUsd: 2.3 },
        { item: "deleted media, kept 30 days", account: "aws", monthlyUsd: 1.15 },
        { item: "media out of S3, 100 GiB", account: "aws", monthlyUsd: 0 },
        // Of the 68 GiB that the database will have in a year.
        { item: "backups in S3, 30 days to any second", account: "aws", monthlyUsd: 9.98 },
        { item: "WAL in S3, a segment every 50 s", account: "aws", monthlyUsd: 3.42 },
        { item: "dumps in S3, 9 × 13.9 GiB", account: "aws", monthlyUsd: 2.87 },
        { item: "exports of accounts, 60 × 48 MiB", account: "aws", monthlyUsd: 0.06 },
        { item: "copies of Redis, 7 days", account: "aws", monthlyUsd: 0.46 },
      ],
      dropletsAndVolumesUsd: 110,
      s3Usd: 20.24,
      totalUsd: 130.24,
    });
    expect(warnings).toEqual([
      "default: all consumers run on one droplet, default; add a process for these queues to main.sidekiq, with low weights if it is only a fallback",
      "push, ingress, mailers, pull, fasp: all consumers run on one droplet, main; add a process for these queues to a pool of workers, with low weights if it is only a fallback",
      "main.volumeGiB is 50, and the database of 1000 active users grows by some 5.7 GiB a month: the volume is full within a year; write 90 ($4 a month more)",
    ]);
  });

  test("sizes each pool, in the settings' order", () => {
    const pool = (name: string, size: string) => ({
      name,
      size,
      sidekiq: [{ queues: ["default"], threads: 5 }],
    });
    const { pools, main } = assess(parse({ workers: [pool("small", "s-1vcpu-2gb"), pool("large", "c-4")] }));
    expect(pools.map(({ sizing: { swapMiB } }) => swapMiB)).toEqual([2048, 2048]);
    expect(main.connections.client.find(({ item }) => item === "Sidekiq on workers")?.connections).toBe(10);
  });

  test("is only given on settings that were checked", () => {
    const settings = parse();
    expect(() => assess({ ...settings, main: { ...settings.main, size: "none" } })).toThrow(
      "assess() needs settings that have been checked",
    );
  });
});

describe("the examples are accepted as they stand, once their secrets are set:", () => {
  function example(stack: Example) {
    const { config } = readExample(stack);
    const plain = Object.fromEntries(
      Object.entries(config).flatMap(([key, value]) =>
        key.startsWith("mastodon-hosting:") ? [[key.slice("mastodon-hosting:".length), value]] : [],
      ),
    );
    const settings = {
      workerAccount: plain.workerAccount,
      mail: plain.mail,
      smtp: JSON.parse(plain.smtp ?? "{}"),
    } as Settings;
    const secrets = missingSecrets(settings, {});
    const given = { ...plain, ...Object.fromEntries(secrets.map((name) => [name, placeholder(name)])) };
    return { secrets, settings: parseConfiguration(given, stack, { isEncrypted: () => true }).settings };
  }

  test("production, without a warning", () => {
    const { settings, secrets } = example("prod");
    const { warnings, price } = assess(settings);
    expect(secrets).toEqual([
      "digitaloceanToken",
      "digitaloceanWorkerToken",
      "tailscaleOauthClientSecret",
      "smtpPassword",
    ]);
    expect(warnings).toEqual([]);
    expect(price.dropletsAndVolumesUsd).toBe(192);
    expect(exampleValues(settings).map(({ key }) => key)).toEqual([
      "domain",
      "owner.email",
      "smtp.server",
      "smtp.login",
      "alerts.email[0]",
      "alerts.smtp.server",
      "aws.accountId",
      "tailnet.oauthClientId",
      "administratorKeys[0]",
      "escrow.recipients[0]",
    ]);
  });

  test("staging, warned of what it is: unprotected and small", () => {
    const { settings, secrets } = example("staging");
    const { warnings, price } = assess(settings);
    expect(secrets).toEqual(["digitaloceanToken", "tailscaleOauthClientSecret"]);
    expect(warnings.map((warning) => warning.split(":")[0])).toEqual([
      "alerts",
      "protect",
      "default",
      "push, ingress, mailers, pull, fasp",
      expect.stringMatching(/^main\.size is s-2vcpu-4gb, whose shared CPUs /),
      expect.stringMatching(/^workers\[0\]\.size is s-1vcpu-2gb, whose shared CPUs /),
    ]);
    expect(price.dropletsAndVolumesUsd).toBe(39);
  });

  test("they share neither names nor tags, so that both fit into one account and one tailnet", () => {
    const [prod, staging] = (["prod", "staging"] as const).map((stack) =>
      namesOf(example(stack).settings, stack),
    );
    const all = [prod, staging].flatMap((names) =>
      Object.values(names ?? {}).flatMap((name) => (typeof name === "string" ? [name] : Object.values(name))),
    );
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBe(20);
  });
});

test.each(EXAMPLES)("every value of the example %s that says example is to be replaced", (name) => {
  const { config } = parseYaml(readFileSync(exampleFile(name), "utf8")) as {
    config: Record<string, unknown>;
  };
  const settings = plainSettings(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        key.split(":")[1] ?? "",
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    settingsSchema.shape,
  ).settings as Settings;
  const written = Object.entries(config).flatMap(([key, value]) =>
    leavesOf(value).flatMap(({ path, value: leaf }) =>
      /example|123456789012/i.test(String(leaf)) ? [nameAt(key.split(":")[1] ?? "", path)] : [],
    ),
  );
  expect(written.length).toBeGreaterThan(4);
  expect(
    exampleValues(settings)
      .map(({ key }) => key)
      .sort(),
  ).toEqual(written.sort());
});
