/** What a status looks like in a terminal. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { judge } from "../../../operations/status/judge/judge";
import type { Facts } from "../../../operations/status/schema";
import { statusText } from "../../../operations/status/text";
import { span } from "../../../operations/status/words";
import { enqueued, looks, MAIN, PROCESSES, situation, WELL_WORKER } from "./well";

const text = (facts: Facts, color = false) => statusText(judge(facts), { color });

const WELL = `\
Status of stack prod: https://shop.example                                      2026-11-29 12:00 UTC
All is well.

Site         from here 200 in 84 ms, on main 200 in 12 ms
Mastodon     v4.7.3
Jobs         1,024 retries, 12 scheduled, 3 dead
Postgres     17.12, 64 of 100 connections
Redis        412 MiB of 1.5 GiB
Backup       9 h old, 1.2 GiB in 62 s
Drill        passed 28 days ago
Escrow       up to date
Old media    6 h ago: 1,204 removed, 3.2 GiB
Old cards    6 h ago: 310 removed, 12 MiB
Certificate  ends in 61 days
Alarms       none

Queues
──────
  queue      waiting  oldest  at this rate  processes  busy threads
  default          1  0.4 s   empty in 2 s          1  4 of 5
  push            40  2 s     empty in 4 s          1  20 of 25
  ingress          0  -       empty                 1  4 of 5
  mailers          0  -       empty                 1  1 of 5
  pull             0  -       empty                 1  20 of 25
  scheduler        0  -       empty                 1  1 of 5
  fasp             0  -       empty                 1  1 of 5

Machines
────────
  machine    Sidekiq  last apply  disk                  memory  CPU (stolen)
  main       1 of 1   ok, 2 h     root 25 %, data 45 %  50 %    16 % (1 %)
  general-1  2 of 2   ok, 2 h     root 25 %             50 %    16 % (1 %)
`;

test("all is well, on one screen, as docs/operations.md shows it", () => {
  expect(text(situation())).toBe(WELL);
  const docs = readFileSync(join(__dirname, "../../../docs/operations.md"), "utf8");
  expect(docs).toContain(`$ npm run status -- --stack prod\n${WELL}\`\`\``);
});

const troubled = () =>
  situation({
    main: {
      jobs: looks({ push: [41_000, enqueued(1100)] }, { push: [41_020, enqueued(1080)] }),
      "postgres.code": ["124"],
      restart: ["the machine, for its kernel: systemctl reboot"],
    },
  });

test("what needs attention comes first, each with its sign and what to do", () => {
  expect(text(troubled()).split("\n").slice(0, 13)).toEqual([
    "Status of stack prod: https://shop.example                                      2026-11-29 12:00 UTC",
    "Needs attention: 1 problem, 1 unknown.",
    "",
    "  ! 41,020 jobs wait in push, the oldest for 18 min. At this rate the queue grows by 5.0/s.",
    "    → docs/operations.md#more-workers-for-an-hour",
    "  ? Postgres' state is unknown: no answer within 9 s",
    `    → ssh root@${MAIN} systemctl status 'postgresql@*'`,
    "  · Main runs code that an update has replaced: the machine, for its kernel: systemctl reboot.",
    "    → docs/operations.md#updates-of-packages",
    "",
    "Site         from here 200 in 84 ms, on main 200 in 12 ms",
    "Mastodon     v4.7.3",
    "Jobs         1,024 retries, 12 scheduled, 3 dead",
  ]);
  expect(text(troubled())).toContain("\nPostgres     unknown\n");
});

test("colors add nothing but color", () => {
  const colored = text(troubled(), true);
  expect(colored).not.toBe(text(troubled()));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what colors are made of
  expect(colored.replaceAll(/\u001b\[\d+m/g, "")).toBe(text(troubled()));
});

test("what a machine says cannot color the terminal", () => {
  const shown = text(
    situation({
      main: {
        jobs: looks({}, { "\u001b[31mred": [1, enqueued(1)] }),
        "postgres.code": ["2"],
        "postgres.error": ["psql: \u001b]0;title\u0007 gone"],
      },
    }),
  );
  expect(shown).toContain("No process serves  [31mred: its jobs wait.");
  expect(shown).toMatch(/\n {3}\[31mred +1 /);
  expect(shown).not.toMatch(/[^\P{Cc}\n]/u);
});

test("without main: what is known, and no empty tables", () => {
  const { main } = situation();
  const lines = text(
    situation({ facts: { main: { ...main, facts: { unknown: "ssh: No route to host" } } } }),
  );
  expect(lines).toContain(
    "\nMain could not be asked: 1 unknown.\n\n  ? Main could not be asked: ssh: No route to host\n",
  );
  expect(lines).toMatch(/\nSite {2}from here 200 in 84 ms\n$/);
});

test("of many workers, only those with a finding are listed; no line is wider than 100 characters", () => {
  const facts = situation();
  const [one] = facts.workers;
  const [bad] = situation({
    worker: {
      files: (WELL_WORKER.files ?? []).map((line) =>
        line.replace('"ok","time":"2026-11-29', '"failed","step":"50-worker","time":"2026-11-19'),
      ),
      cpu: ["cpu  0 0 0 0 0 0 0 0", "cpu  100 0 0 0 0 0 0 900"],
    },
  }).workers;
  const workers = Array.from({ length: 40 }, (_, i) => ({
    ...((i === 8 ? bad : one) as Facts["workers"][number]),
    // The longest name that a pool may have.
    name: `general-in-the-south-${i + 1}`,
    host: `mastodon-prod-general-in-the-south-${i + 1}-abcd1234`,
    ...(i === 7 ? { facts: { unknown: "ssh: connect to host x port 22: Connection timed out" } } : {}),
  }));
  const processes = Object.fromEntries(
    workers.flatMap(({ host }) =>
      Object.entries(PROCESSES).map(([name, [info, ...rest]]) => [
        `${host}${name}`,
        [
          JSON.stringify({ ...JSON.parse(info as string), hostname: name.startsWith(MAIN) ? MAIN : host }),
          ...rest,
        ],
      ]),
    ),
  );
  const shown = text({
    ...situation({ main: { jobs: looks({}, { push: [1_000_000, enqueued(9e5)] }, processes) } }),
    workers,
  });
  expect(shown.match(/^ {2}general-in-the-south-\d+ .*/gm)).toEqual([
    "  general-in-the-south-8  2        unknown          unknown               unknown  unknown",
    "  general-in-the-south-9  2 of 2   failed, 10 days  root 25 %             50 %     100 % (90 %)",
  ]);
  expect(shown).toContain("  and 38 workers without a finding\n");
  expect(Math.max(...shown.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(100);
});

test.each([
  [0.0124, "12 ms"],
  [0.095, "0.1 s"],
  [9.94, "9.9 s"],
  [12.4, "12 s"],
  [89, "89 s"],
  [90, "2 min"],
  [5399, "90 min"],
  [5400, "2 h"],
  [129_599, "36 h"],
  [129_600, "2 days"],
])("%d seconds are %s", (seconds, words) => expect(span(seconds)).toBe(words));
