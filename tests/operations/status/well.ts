/** What main and a worker answer when all is well. */

import { workerFacts } from "../../../operations/status/machineFacts";
import { mainFacts } from "../../../operations/status/mainFacts";
import type { Answers } from "../../../operations/status/reading";
import type { Facts } from "../../../operations/status/schema";

export const NOW = "2026-11-29T12:00:00.000Z";
const SECONDS = Date.parse(NOW) / 1000;

export const MAIN = "mastodon-prod-main-abcd1234";
export const WORKER = "mastodon-prod-general-1-efgh5678";

/** A process as it describes itself in Redis: Sidekiq 8.1, which has its threads in a field of its own. */
export const process = (
  host: string,
  queues: string[],
  { threads = 5, ...changes }: { threads?: number; tag?: string } = {},
  busy = 1,
  quiet = false,
) => [
  JSON.stringify({ hostname: host, queues, tag: "v4.7.3", ...changes }),
  String(threads),
  String(busy),
  String(quiet),
];

export const PROCESSES = {
  [`${MAIN}:1:a`]: process(MAIN, ["scheduler", "mailers", "fasp"]),
  [`${WORKER}:1:a`]: process(WORKER, ["default", "ingress"], {}, 4),
  [`${WORKER}:2:b`]: process(WORKER, ["push", "pull"], { threads: 25 }, 20),
};

/** Lines of the answer about jobs: two looks, four seconds apart. */
export function looks(
  before: Record<string, number[]>,
  after: Record<string, number[]>,
  processes: object = PROCESSES,
): string[] {
  const look = (at: number, queues: object) =>
    JSON.stringify([[String(at), "0"], queues, processes, 1024, 12, 3]);
  return [look(SECONDS - 4, before), look(SECONDS, after)];
}
/** When a job was enqueued that has waited for so long, as Sidekiq 8 writes it. */
export const enqueued = (secondsAgo: number) => (SECONDS - secondsAgo) * 1000;

const unit = (name: string, active = "inactive") => [`Id=${name}.service`, `ActiveState=${active}`, ""];

const df = (mount: string, size: number, free: number, inodes = "1%") => [
  "Mounted on 1B-blocks Avail IUse%",
  `${mount} ${size} ${free} ${inodes}`,
];

const GIB = 2 ** 30;

const MACHINE: Answers = {
  files: [
    "/etc/mastodon/.env:MASTODON_VERSION=v4.7.3",
    '/var/lib/mastodon-host/status:{"state":"ok","time":"2026-11-29T10:00:00Z"}',
    "/proc/meminfo:MemTotal:       16384000 kB",
    "/proc/meminfo:MemAvailable:    8192000 kB",
    "/proc/pressure/memory:some avg10=0.00 avg60=0.00 avg300=0.00 total=1",
    "/proc/pressure/memory:full avg10=0.00 avg60=0.00 avg300=0.00 total=1",
  ],
  applying: ["no"],
  planned: ["1"],
  cpu: ["cpu  1000 0 500 8000 100 0 0 10 0 0", "cpu  1200 0 600 9600 200 0 0 30 0 0"],
  root: df("/", 80 * GIB, 60 * GIB),
  "ready.error": ["mastodon-ready: ready"],
  units: [...unit("mastodon-upgrade"), ...unit("postgres-upgrade")],
};

const codes = (answers: Answers, ...more: string[]): Answers => ({
  ...answers,
  ...Object.fromEntries(
    ["files", "applying", "planned", "cpu", "root", "ready", "restart", "failed", "units", ...more].map(
      (question) => [`${question}.code`, ["0"]],
    ),
  ),
});

export const WELL_MAIN = codes(
  {
    ...MACHINE,
    volume: df("/srv/data", 110 * GIB, 60 * GIB),
    release: ["MASTODON_VERSION=v4.7.3", "STREAMING_VERSION=v4.7.3", "OLDEST_VERSION=v4.7.3", "PHASE=done"],
    site: ["200 0.012"],
    jobs: looks(
      { default: [3, enqueued(5)], push: [80, enqueued(4)], ingress: [0] },
      { default: [1, enqueued(0.4)], push: [40, enqueued(2)], ingress: [0] },
    ),
    memory: ["# Memory", "used_memory:432013312", "maxmemory:1610612736"],
    postgres: ["17.12 (Debian 17.12-0+deb13u1)|64|100"],
    backup: [
      '{"ok":true,"time":"2026-11-29T03:30:00Z","lastSuccess":"2026-11-29T03:30:00Z","bytes":1288490188,"seconds":62}',
    ],
    drill: ['{"ok":true,"time":"2026-11-01T05:00:00Z","lastSuccess":"2026-11-01T05:00:00Z"}'],
    escrow: ["current"],
    housekeeping: [
      '{"running": false, "parts": {',
      '"media": {"ok": true, "lastSuccess": "2026-11-29T05:31:00Z", "count": 1204, "bytes": 3446711255, "errors": 0},',
      '"cards": {"ok": true, "lastSuccess": "2026-11-29T05:42:00Z", "count": 310, "bytes": 12582912, "errors": 0}}}',
    ],
    certificate: ["production", "issuer=C=US, O=Let's Encrypt, CN=E7", "notAfter=Jan 29 12:00:00 2027 GMT"],
    watched: ["1"],
    prometheus: ["Prometheus Server is Ready."],
    alarms: [
      JSON.stringify([
        {
          labels: { alertname: "Watchdog" },
          annotations: {},
          startsAt: "2026-11-01T00:00:00Z",
          status: { state: "active" },
        },
      ]),
    ],
  },
  ...[
    "volume",
    "release",
    "site",
    "jobs",
    "memory",
    "postgres",
    "backup",
    "drill",
    "escrow",
    "housekeeping",
    "certificate",
    "watched",
    "prometheus",
    "alarms",
  ],
);

export const WELL_WORKER = codes(
  { ...MACHINE, planned: ["2"], path: ['[true,true,"198.51.100.1:41641","nyc"]'] },
  "path",
);

interface Situation {
  /** Answers that differ from a well main's and a well worker's. */
  main?: Answers;
  worker?: Answers;
  /** Other facts. */
  facts?: Partial<Facts>;
}

export function situation({ main = {}, worker = {}, facts = {} }: Situation = {}): Facts {
  return {
    stack: "prod",
    url: "https://shop.example",
    time: NOW,
    fromHere: { value: { status: 200, seconds: 0.084 } },
    main: { name: "main", host: MAIN, facts: { value: mainFacts({ ...WELL_MAIN, ...main }) } },
    workers: [
      {
        name: "general-1",
        host: WORKER,
        pool: "general",
        facts: { value: workerFacts({ ...WELL_WORKER, ...worker }) },
      },
    ],
    ...facts,
  };
}
