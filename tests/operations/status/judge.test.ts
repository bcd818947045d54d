/** What is said of each situation, and how the command ends. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { judge } from "../../../operations/status/judge/judge";
import type { Answers } from "../../../operations/status/reading";
import { type Facts, type Finding, statusSchema } from "../../../operations/status/schema";
import { ALERTMANAGER_PORT, PROMETHEUS_PORT } from "../../../services/watch";
import { enqueued, looks, MAIN, PROCESSES, process, situation, WELL_MAIN, WELL_WORKER, WORKER } from "./well";

const SIGNS = { attention: "!", unknown: "?", note: "·" } as const;
const put = ({ severity, about, message }: Finding) => `${SIGNS[severity]} ${about}: ${message}`;
const said = (facts: Facts) => judge(facts).findings.map(put);

test("if all is well, nothing is said", () => {
  const status = judge(situation());
  expect(status.findings).toEqual([]);
  expect(status.result).toBe("well");
  expect(statusSchema.parse(status)).toEqual(status);
});

const files = (...changes: [from: string | RegExp, to: string][]) =>
  (WELL_MAIN.files ?? []).map((line) => changes.reduce((text, [from, to]) => text.replace(from, to), line));
const units = (name: string, state: string) =>
  (WELL_MAIN.units ?? []).map((line, i, all) =>
    all[i - 1] === `Id=${name}.service` ? `ActiveState=${state}` : line,
  );
const df = (mount: string, free: number, inodes = "1%") => [
  "head",
  `${mount} 107374182400 ${free} ${inodes}`,
];
const others = (changes: object) => looks({}, {}, { ...PROCESSES, ...changes });
const alarm = (name: string, state: string) => ({
  labels: { alertname: name, severity: "warning" },
  annotations: { summary: "The oldest job in push has waited for 18m." },
  startsAt: "2026-11-29T11:40:00Z",
  status: { state },
});
const certificate = (ends: string, ...trouble: string[]) => [
  "production",
  "issuer=C=US, O=Let's Encrypt, CN=E7",
  `notAfter=${ends}`,
  ...trouble,
];
const selfSigned = (acme: string) => [acme, "issuer=CN=self-signed", "notAfter=Nov 29 12:00:00 2036 GMT"];

test("without a worker nobody can look at main's ports from outside", () => {
  const [note] = judge(situation({ facts: { workers: [] } })).findings.filter(
    ({ about }) => about === "ports",
  );
  expect(note && put(note)).toBe(
    "· ports: There is no worker that could look at main's ports from outside: one that is open by mistake is not noticed.",
  );
});

test.each<[what: string, main: Answers, said: string[]]>([
  [
    "a queue that shrinks too slowly",
    { jobs: looks({ push: [41_220, enqueued(1100)] }, { push: [41_020, enqueued(1080)] }) },
    ["! push: 41,020 jobs wait in push, the oldest for 18 min. At this rate the queue is empty in 14 min."],
  ],
  [
    "a queue that grows",
    { jobs: looks({ push: [100, enqueued(121)] }, { push: [148, enqueued(305)] }) },
    ["! push: 148 jobs wait in push, the oldest for 5 min. At this rate the queue grows by 12.0/s."],
  ],
  [
    "one job that nobody takes, with a time in seconds as of Sidekiq 7",
    { jobs: looks({ ingress: [1, 1795952900] }, { ingress: [1, 1795952900] }) },
    ["! ingress: 1 job waits in ingress, the oldest for 12 min. At this rate the queue does not shrink."],
  ],
  ["link previews that wait for half an hour", { jobs: looks({}, { pull: [9, enqueued(1800)] }) }, []],
  [
    "a queue that no process serves",
    {
      jobs: looks(
        {},
        { push: [5, enqueued(60)] },
        { m: PROCESSES[`${MAIN}:1:a`], w: PROCESSES[`${WORKER}:1:a`] },
      ),
    },
    [
      "! queues: No process serves push, pull: their jobs wait.",
      "! general-1: 1 of 2 Sidekiq processes of general-1 take jobs.",
    ],
  ],
  [
    "jobs in a queue that no release has",
    { jobs: looks({}, { lost: [2, enqueued(1)] }) },
    ["! queues: No process serves lost: its jobs wait."],
  ],
  [
    "two schedulers",
    { jobs: others({ second: process(WORKER, ["scheduler"]) }) },
    [`! scheduler: 2 processes serve scheduler, on ${MAIN} and ${WORKER}: each periodic job runs 2 times.`],
  ],
  [
    "a scheduler that drains while its successor works",
    { jobs: others({ second: process(WORKER, ["scheduler"], {}, 0, true) }) },
    [],
  ],
  [
    "a process that died: its entry stays, its details do not",
    { jobs: others({ [`${WORKER}:2:b`]: [false, false, false, false] }) },
    [
      "! queues: No process serves push, pull: their jobs wait.",
      "! general-1: 1 of 2 Sidekiq processes of general-1 take jobs.",
    ],
  ],
  [
    "a process of an earlier Sidekiq, which says in another place how many threads it has",
    {
      jobs: others({
        [`${WORKER}:2:b`]: [
          JSON.stringify({ hostname: WORKER, queues: ["push", "pull"], concurrency: 25, tag: "v4.7.3" }),
          false,
          "20",
          "false",
        ],
      }),
    },
    [],
  ],
  [
    "a process that does not say so anywhere",
    { jobs: others({ x: [JSON.stringify({ hostname: WORKER, queues: ["push"] }), false, "1", "false"] }) },
    [
      `? queues: What the queues and Sidekiq do is unknown: unexpected answer: how many threads ${WORKER} has`,
    ],
  ],
  [
    "Sidekiq on a machine that the state does not know",
    { jobs: others({ x: process("old-worker", ["push"]) }) },
    ["! old-worker: Sidekiq runs on old-worker, which is not a machine of this stack's state."],
  ],
  [
    "a process of another release",
    { jobs: others({ [`${WORKER}:2:b`]: process(WORKER, ["push", "pull"], { tag: "v4.7.2" }) }) },
    [`! release: 1 process runs another release than v4.7.3: ${WORKER} (v4.7.2).`],
  ],
  [
    "the same during an upgrade",
    {
      jobs: others({ [`${WORKER}:2:b`]: process(WORKER, ["push", "pull"], { tag: "v4.7.2" }) }),
      units: units("mastodon-upgrade", "activating"),
    },
    ["· release: An upgrade of Mastodon is running."],
  ],
  [
    "an upgrade that failed",
    {
      files: [
        ...files(["MASTODON_VERSION=v4.7.3", "MASTODON_VERSION=v4.7.4"]),
        "/var/lib/mastodon-host/mastodon-upgrade-failed:v4.7.4: web of v4.7.4 does not start",
      ],
    },
    [
      "! release: The last upgrade of Mastodon stopped: v4.7.4: web of v4.7.4 does not start",
      "! release: v4.7.3 runs, and the settings on main say v4.7.4.",
    ],
  ],
  [
    "an upgrade that was cut off",
    { release: ["MASTODON_VERSION=v4.7.3", "PHASE=moving"] },
    ["! release: An upgrade to v4.7.3 was interrupted."],
  ],
  [
    "an upgrade that is watched for a day",
    { release: ["MASTODON_VERSION=v4.7.3", "PHASE=held"] },
    ["· release: The post-deployment migrations of v4.7.3 wait, because of upgrade.finish: later."],
  ],
  [
    "too many connections",
    { postgres: ["17.12|91|100"] },
    ["! Postgres: 91 of Postgres' 100 connections are in use."],
  ],
  [
    "a Redis that is nearly full",
    { memory: ["used_memory:1300", "maxmemory:1600"] },
    ["! Redis: Redis uses 81 % of its memory. When it is full, no job can be queued."],
  ],
  [
    "a backup that failed",
    {
      backup: [
        '{"ok":false,"lastSuccess":"2026-11-27T03:30:00Z","bytes":0,"seconds":4,"error":"Postgres does not answer"}',
      ],
      "backup.error": ["mastodon-backup: the last backup failed or is older than 26 hours"],
      "backup.code": ["1"],
    },
    [
      "! backup: The last backup failed or is older than 26 hours: Postgres does not answer. The last good one is 2 days old.",
    ],
  ],
  [
    "no backup yet",
    { backup: [], "backup.error": ["mastodon-backup: no backup has run yet"], "backup.code": ["1"] },
    ["! backup: No backup has run yet. The last good one is missing."],
  ],
  [
    "no drill yet",
    {
      drill: [],
      "drill.error": ["mastodon-drill: no drill has run yet: npm run drill"],
      "drill.code": ["1"],
    },
    ["· drill: No drill has run yet: npm run drill."],
  ],
  [
    "a drill that failed",
    {
      drill: ['{"ok":false,"lastSuccess":"2026-10-01T05:00:00Z"}'],
      "drill.error": ["mastodon-drill: the last drill failed: the table statuses has 2 rows less"],
      "drill.code": ["1"],
    },
    ["! drill: The last drill failed: the table statuses has 2 rows less."],
  ],
  [
    "no escrow file",
    { escrow: ["missing"] },
    ["! escrow: No escrow file has been written: only the state holds the instance's secrets."],
  ],
  [
    "an escrow file of other secrets",
    { escrow: ["outdated"] },
    ["! escrow: The escrow file has other secrets, or is for other recipients."],
  ],
  [
    "an escrow file that nobody wants",
    { escrow: ["off"] },
    ["· escrow: Only the state holds the instance's secrets."],
  ],
  [
    "a main that was not told of an escrow file",
    {
      escrow: [],
      "escrow.error": ["cat: /etc/mastodon-host/escrow: No such file or directory"],
      "escrow.code": ["1"],
    },
    [
      "? escrow: Whether the escrow file has the secrets is unknown: cat: /etc/mastodon-host/escrow: No such file or directory",
    ],
  ],
  [
    "a part of the housekeeping that failed",
    {
      "housekeeping.error": ["mastodon-housekeeping: media: tootctl ended with 137: killed"],
      "housekeeping.code": ["1"],
    },
    ["! housekeeping: Media: tootctl ended with 137: killed."],
  ],
  [
    "a few files that housekeeping could not remove",
    {
      housekeeping: [
        '{"running": false, "parts": {"media": {"ok": true, "lastSuccess": "2026-11-29T05:31:00Z", "count": 9, "bytes": 9, "errors": 2}, "orphans": null}}',
      ],
    },
    ["· housekeeping: 2 files of media could not be removed."],
  ],
  [
    "a certificate that ends soon",
    {
      certificate: certificate(
        "Dec  9 12:00:00 2026 GMT",
        "the certificate ends on 2026-12-09 and has not been renewed",
      ),
    },
    ["! certificate: The certificate ends in 10 days."],
  ],
  [
    "a certificate that ended",
    { certificate: certificate("Nov 28 12:00:00 2026 GMT") },
    ["! certificate: The certificate ended 24 h ago."],
  ],
  [
    "a renewal that fails, in time",
    {
      certificate: certificate(
        "Jan 29 12:00:00 2027 GMT",
        "Let's Encrypt gave no certificate (tries in a row: 2)",
      ),
    },
    ["! certificate: Let's Encrypt gave no certificate (tries in a row: 2)."],
  ],
  [
    "no certificate yet",
    { certificate: selfSigned("production") },
    ["! certificate: Main has only a self-signed certificate, which browsers refuse."],
  ],
  [
    "no certificate, as the setting says",
    { certificate: selfSigned("none") },
    ["· certificate: Main has only a self-signed certificate, which browsers refuse."],
  ],
  ["a site that fails on main", { site: ["502 0.003"] }, ["! site: On main, the site answers with 502."]],
  [
    "main, which waits for something",
    {
      "ready.code": ["1"],
      "ready.error": [
        "mastodon-ready: waiting for pgbouncer on 6432",
        'mastodon-ready: waited 1 s for pgbouncer on 6432; the last apply: {"state":"ok"}',
      ],
    },
    ["! main: Main waits for pgbouncer on 6432."],
  ],
  [
    "an apply that failed",
    { files: files([/\{"state":"ok"/, '{"state":"failed","step":"70-web"']) },
    ["! main: The last apply on main failed at 70-web, 2 h ago. It is tried again by itself."],
  ],
  [
    "the next apply after that one",
    { files: files([/\{"state":"ok"/, '{"state":"failed","step":"70-web"']), applying: ["yes"] },
    ["· main: An apply is running on main."],
  ],
  [
    "a volume that is nearly full",
    { volume: df("/srv/data", 5_368_709_120) },
    ["! main: /srv/data on main is 95 % full; 5.0 GiB are left."],
  ],
  [
    "a root disk without inodes",
    { root: df("/", 53_687_091_200, "97%") },
    ["! main: 97 % of the files that / on main can have exist."],
  ],
  [
    "a volume that is not there",
    { volume: df("/", 53_687_091_200) },
    ["! main: The data volume is not mounted."],
  ],
  [
    "little memory",
    { files: files(["8192000 kB", "512000 kB"]) },
    ["! main: Main has only 500 MiB of memory left, of 15.6 GiB."],
  ],
  [
    "a machine that thrashes",
    { files: files([/^(.*full.*)avg60=0.00/, "$1avg60=34.10"]) },
    ["! main: Everything on main stood still for 34 % of the last minute, for lack of memory."],
  ],
  ["a kernel without pressure figures", { files: files().filter((line) => !line.includes("pressure")) }, []],
  [
    "a hypervisor that takes CPU",
    { cpu: ["cpu  0 0 0 0 0 0 0 0", "cpu  500 0 100 200 0 0 0 200"] },
    ["! main: Other droplets take 20 % of main's CPU time."],
  ],
  [
    "failed units",
    { failed: ["mastodon-backup.service loaded failed failed Dump", "x.service loaded failed failed X"] },
    ["! main: 2 units have failed on main: mastodon-backup.service, x.service."],
  ],
  [
    "a kernel that waits for a reboot",
    { restart: ["nginx.service", "the machine, for its kernel: systemctl reboot"] },
    [
      "· main: Main runs code that an update has replaced: nginx.service, the machine, for its kernel: systemctl reboot.",
    ],
  ],
  [
    "an alarm, and a silenced one",
    { alarms: [JSON.stringify([alarm("QueueLate", "active"), alarm("CpuStolen", "suppressed")])] },
    [
      "! watch: Alarm QueueLate, for 20 min: The oldest job in push has waited for 18m.",
      "· watch: Silenced alarm CpuStolen, for 20 min: The oldest job in push has waited for 18m.",
    ],
  ],
  [
    "a watch that is down",
    { "prometheus.code": ["7"], "prometheus.error": ["curl: (7) Failed to connect to 127.0.0.1 port 9090"] },
    [
      "? watch: The watch is down. Nobody is told of trouble, and whether an alarm is raised is unknown: Prometheus: curl: (7) Failed to connect to 127.0.0.1 port 9090",
    ],
  ],
  [
    "no watch at all",
    { watched: ["0"], "prometheus.code": ["7"] },
    ["· watch: Main has no watch: nobody is told of trouble."],
  ],
])("%s", (_, main, expected) => {
  const status = judge(situation({ main }));
  expect(status.findings.map(put)).toEqual(expected);
  expect(status.result).toBe(expected.some((line) => !line.startsWith("·")) ? "attention" : "well");
  expect(statusSchema.parse(status)).toEqual(status);
});

test.each<[what: string, worker: Answers, said: string[]]>([
  [
    "a path through a relay",
    { path: ['[true,true,"","nyc"]'] },
    ["! general-1: Packets from general-1 to main go through a relay, at 1 to 5 MB/s."],
  ],
  [
    "two mains, one of them offline",
    { path: ['[false,false,"","nyc"]', '[true,true,"198.51.100.1:41641",""]'] },
    [],
  ],
  [
    "no main that is online",
    { path: ['[false,false,"","nyc"]'] },
    ["! general-1: general-1 does not see exactly one main in the tailnet."],
  ],
  [
    "a worker that waits",
    {
      ready: [
        "waiting for main in the tailnet",
        "not ready after 1 s; it waits for Sidekiq: main knows 1 of 2 processes; up",
      ],
      "ready.code": ["1"],
    },
    ["! general-1: general-1 waits for Sidekiq: main knows 1 of 2 processes; up."],
  ],
])("a worker: %s", (_, worker, expected) => {
  expect(said(situation({ worker }))).toEqual(expected);
});

const worker = (unknown: string, main: Answers = {}) => {
  const facts = situation({ main });
  return { ...facts, workers: facts.workers.map((one) => ({ ...one, facts: { unknown } })) };
};

test("a worker that is dead; and one that works but lets nobody in", () => {
  const dead = looks({}, {}, { m: PROCESSES[`${MAIN}:1:a`] });
  expect(said(worker("ssh: connect to host x port 22: Connection timed out", { jobs: dead }))).toEqual([
    "! queues: No process serves default, push, ingress, pull: their jobs wait.",
    "! general-1: general-1 is dead or cut off: no Sidekiq process of it is known, and it could not be asked: ssh: connect to host x port 22: Connection timed out",
  ]);
  expect(said(worker("Permission denied (publickey)."))).toEqual([
    "? general-1: general-1 works (2 Sidekiq processes), but could not be asked: Permission denied (publickey).",
  ]);
});

// What waits for a broken disk cannot be killed: it has no exit code.
test.each(Object.keys(WELL_MAIN).filter((key) => key.endsWith(".code")))(
  "no answer on main to %s counts as trouble",
  (code) => {
    for (const ended of [[], ["124"]]) {
      const status = judge(situation({ main: { [code]: ended } }));
      expect(status.result).toBe("attention");
      expect(status.findings.map(put).join("\n")).toMatch(/^[?!] .*no answer within 9 s/);
    }
  },
);

test.each(Object.keys(WELL_WORKER).filter((key) => key.endsWith(".code") && key !== "units.code"))(
  "no answer on a worker to %s counts as trouble",
  (code) => {
    expect(said(situation({ worker: { [code]: ["137"] } })).join("\n")).toMatch(/^\? .*no answer within 9 s/);
  },
);

test.each([
  "files",
  "applying",
  "planned",
  "cpu",
  "root",
  "volume",
  "release",
  "site",
  "jobs",
  "memory",
  "postgres",
  "certificate",
  "alarms",
])("an answer to %s that is not understood counts as trouble", (question) => {
  const status = judge(situation({ main: { [question]: ["nonsense"] } }));
  expect(status.result).toBe("attention");
  expect(status.findings.map(put).join("\n")).toMatch(/^[?!] .*unexpected answer/);
});

describe("the site from here", () => {
  const from = (fromHere: Facts["fromHere"], main: Answers = {}) =>
    judge(situation({ main, facts: { fromHere } }));

  test("if main answers, the path to it is the trouble", () => {
    const { findings } = from({ unknown: "getaddrinfo ENOTFOUND shop.example" });
    expect(findings).toEqual([
      {
        severity: "attention",
        about: "site",
        message: "Seen from here, https://shop.example does not answer: getaddrinfo ENOTFOUND shop.example.",
        next: "Main itself answers. Compare DNS and the certificate with: pulumi stack output nextSteps",
      },
    ]);
  });

  test("if main does not either, main is", () => {
    const { findings } = from({ value: { status: 502, seconds: 1 } }, { site: ["502 0.1"] });
    expect(findings.map(({ next }) => next)).toEqual(Array(2).fill(`ssh root@${MAIN} mastodon-ready 60`));
  });
});

test("without main, everything else is still said, and the command fails", () => {
  const { main } = situation();
  const facts = situation({
    facts: {
      main: { ...main, facts: { unknown: "ssh: Could not resolve hostname x: Name or service not known" } },
    },
  });
  const status = judge({ ...facts, fromHere: { value: { status: 503, seconds: 1 } } });
  expect(status.result).toBe("unavailable");
  expect(status.findings.map(put)).toEqual([
    "! site: Seen from here, https://shop.example answers with 503.",
    "? main: Main could not be asked: ssh: Could not resolve hostname x: Name or service not known",
  ]);
  expect(status.findings[1]?.next).toMatch(/^Is this machine on the tailnet/);
});

test("every page that a next step names exists, with its section", () => {
  const folder = join(__dirname, "../../../operations/status/judge");
  const sources = ["data", "jobs", "judge", "machine", "release", "workers", "site", "watch", "finding"]
    .map((name) => readFileSync(join(folder, `${name}.ts`), "utf8"))
    .join("\n");
  const ROOT = join(__dirname, "../../..");
  const anchors = (file: string) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
  const pages = [
    ...[...sources.matchAll(/page\("([\w-]+)"\)/g)].map(([, anchor]) => `docs/operations.md#${anchor}`),
    ...["docs/operations.md#upgrade-mastodon", "docs/operations.md#upgrade-postgres"],
    ...[...sources.matchAll(/docs\/\w+\.md(#[\w-]+)?/g)].map(([link]) => link),
  ];
  expect(pages.length).toBeGreaterThan(15);
  const missing = pages.filter((link) => {
    const [file = "", anchor] = link.split("#");
    return !existsSync(join(ROOT, file)) || (anchor !== undefined && !anchors(file).includes(anchor));
  });
  expect(missing).toEqual([]);
});

test("the watch is asked on its own ports", () => {
  const script = readFileSync(join(__dirname, "../../../operations/status/questions.sh"), "utf8");
  expect([...script.matchAll(/http:\/\/127\.0\.0\.1:(\d+)\//g)].map(([, port]) => Number(port))).toEqual([
    PROMETHEUS_PORT,
    ALERTMANAGER_PORT,
  ]);
});
