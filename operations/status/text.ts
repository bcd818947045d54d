/** A status for a terminal, on one screen. */
import { styleText } from "node:util";
import { heading, table, WIDTH, wrapped } from "../../report/terminal";
import type { EscrowState } from "../../services/escrow";
import type { HousekeepingPart } from "../../services/housekeeping";
import { serving, trend } from "./judge/jobs";
import type { Answer, Facts, Finding, MachineFacts, MainFacts, Status } from "./schema";
import { count, percent, secondsBetween, size, span } from "./words";

/** So many workers are listed; of more only those that a finding is about. */
const LISTED = 8;

/** Each severity has a sign, so that color is never the only difference. */
const SIGNS = { attention: "!", unknown: "?", note: "·" } as const;
const COLORS = { attention: "red", unknown: "yellow", note: "dim" } as const;
const RESULTS = {
  well: ["All is well", "green"],
  attention: ["Needs attention", "red"],
  unavailable: ["Main could not be asked", "red"],
} as const;

const DISKS: Readonly<Record<string, string>> = { "/": "root", "/srv/data": "data" };

const ESCROW: Readonly<Record<EscrowState, string>> = {
  off: "none: no recipients",
  missing: "none yet",
  outdated: "out of date",
  current: "up to date",
};

const CLEANED: Readonly<Record<HousekeepingPart, { title: string; what: string }>> = {
  media: { title: "Old media", what: "removed" },
  cards: { title: "Old cards", what: "removed" },
  profiles: { title: "Profiles", what: "looked at" },
  orphans: { title: "Orphans", what: "removed" },
};

type Style = Parameters<typeof styleText>[0];

export interface TextOptions {
  /** Whether the terminal shows colors. */
  color: boolean;
}

/** Names and reasons come from machines: none may move the cursor, or color what follows. */
const printable = (text: string) => text.replace(/\p{Cc}+/gu, " ");

/** The value in words, or that it is unknown. */
const shown = <T>(answer: Answer<T>, words: (value: T) => string): string =>
  "value" in answer ? words(answer.value) : "unknown";

export function statusText(status: Status, { color }: TextOptions): string {
  const paint = (style: Style, text: string) =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const { stack, url, time, result, findings, main } = status;
  const title = `Status of stack ${stack}: ${url}`;
  const [verdict, style] = RESULTS[result];
  return [
    `${title}  ${time
      .slice(0, 16)
      .replace("T", " ")
      .padStart(WIDTH - title.length - 6)} UTC`,
    paint(["bold", style], `${verdict}${result === "well" ? "." : `: ${counted(findings)}.`}`),
    ...(findings.length > 0 ? [""] : []),
    ...findings.flatMap((one) => lines(one, paint)),
    "",
    ...table(summary(status), ""),
    ...("value" in main.facts ? [...queues(main.facts.value), ...machines(status)] : []),
    "",
  ].join("\n");
}

/** `2 problems, 1 unknown`. */
function counted(findings: readonly Finding[]): string {
  const of = (severity: Finding["severity"]) => findings.filter((one) => one.severity === severity).length;
  const [problems, unknowns] = [of("attention"), of("unknown")];
  return [
    ...(problems > 0 ? [count(problems, "problem")] : []),
    ...(unknowns > 0 ? [`${unknowns} unknown`] : []),
  ].join(", ");
}

function lines(
  { severity, message, next }: Finding,
  paint: (style: Style, text: string) => string,
): string[] {
  const [first = "", ...rest] = wrapped(printable(message), "    ");
  return [
    `  ${paint(COLORS[severity], SIGNS[severity])} ${first.trimStart()}`,
    ...rest,
    ...(next ? wrapped(printable(next), "      ", "    → ") : []),
  ];
}

function summary({ fromHere, main, time }: Facts): string[][] {
  const page = ({ status, seconds }: { status: number; seconds: number }) => `${status} in ${span(seconds)}`;
  if ("unknown" in main.facts) return [["Site", `from here ${shown(fromHere, page)}`]];
  const { site, release, jobs, postgres, redis, backup, drill, escrow, housekeeping, certificate, watch } =
    main.facts.value;
  return [
    ["Site", `from here ${shown(fromHere, page)}, on main ${shown(site, page)}`],
    [
      "Mastodon",
      shown(release, ({ running, phase }) => `${running}${phase === "done" ? "" : `, upgrade ${phase}`}`),
    ],
    [
      "Jobs",
      shown(
        jobs,
        (one) =>
          `${count(one.retries, "retry", "retries")}, ${one.scheduled.toLocaleString("en-US")} scheduled, ${one.dead.toLocaleString("en-US")} dead`,
      ),
    ],
    [
      "Postgres",
      shown(
        postgres,
        ({ version, connections, limit }) => `${version}, ${connections} of ${limit} connections`,
      ),
    ],
    ["Redis", shown(redis, ({ bytes, limitBytes }) => `${size(bytes)} of ${size(limitBytes)}`)],
    [
      "Backup",
      shown(backup, (one) =>
        one.lastSuccess
          ? `${span(secondsBetween(one.lastSuccess, time))} old${one.bytes === null ? "" : `, ${size(one.bytes)}`}${one.seconds === null ? "" : ` in ${span(one.seconds)}`}`
          : "none yet",
      ),
    ],
    [
      "Drill",
      shown(drill, (one) =>
        one.lastSuccess ? `passed ${span(secondsBetween(one.lastSuccess, time))} ago` : "none yet",
      ),
    ],
    ["Escrow", shown(escrow, (state) => ESCROW[state])],
    ...cleaned(housekeeping, time),
    [
      "Certificate",
      shown(certificate, ({ issuer, ends }) =>
        /self-signed/.test(issuer) ? "self-signed" : `ends in ${span(secondsBetween(time, ends))}`,
      ),
    ],
    ["Alarms", shown(watch, ({ installed, alarms }) => (installed ? alarmed(alarms) : "no watch"))],
  ];
}

/** A line for each part. */
function cleaned(housekeeping: MainFacts["housekeeping"], now: string): string[][] {
  if ("unknown" in housekeeping) return [["Cleaning", "unknown"]];
  const { running, parts } = housekeeping.value;
  return parts.map(({ part, lastSuccess, count, bytes }) => {
    const { title, what } = CLEANED[part];
    const done =
      lastSuccess === null
        ? "not done yet"
        : `${span(secondsBetween(lastSuccess, now))} ago: ${(count ?? 0).toLocaleString("en-US")} ${what}, ${size(bytes ?? 0)}`;
    return [title, running ? `${done}; now again` : done];
  });
}

const alarmed = (alarms: readonly { silenced: boolean }[]) => {
  const silenced = alarms.filter((one) => one.silenced).length;
  const raised = alarms.length - silenced;
  return `${raised === 0 ? "none" : raised}${silenced > 0 ? `, ${silenced} silenced` : ""}`;
};

function queues({ jobs }: MainFacts): string[] {
  if ("unknown" in jobs) return [];
  const { queues: all, processes } = jobs.value;
  return [
    ...heading("Queues"),
    ...table([
      ["queue", "waiting", "oldest", "at this rate", "processes", "busy threads"],
      ...all.map((queue) => {
        const servers = serving(processes, queue.queue);
        const sum = (of: "threads" | "busy") => servers.reduce((total, one) => total + one[of], 0);
        return [
          printable(queue.queue),
          queue.waiting,
          queue.oldestSeconds === null ? "-" : span(queue.oldestSeconds),
          trend(queue),
          servers.length,
          `${sum("busy")} of ${sum("threads")}`,
        ];
      }),
    ]),
  ];
}

interface Row {
  name: string;
  host: string;
  facts: Answer<MachineFacts>;
}

function machines(status: Status): string[] {
  const { main, workers, findings } = status;
  const troubled = new Set(findings.filter(({ severity }) => severity !== "note").map(({ about }) => about));
  const listed = workers.length > LISTED ? workers.filter(({ name }) => troubled.has(name)) : workers;
  const rest = workers.length - listed.length;
  return [
    ...heading("Machines"),
    ...table([
      ["machine", "Sidekiq", "last apply", "disk", "memory", "CPU (stolen)"],
      ...[main, ...listed].map((row) => machine(row, status)),
    ]),
    ...(rest > 0 ? [`  and ${count(rest, "worker")} without a finding`] : []),
  ];
}

function machine({ name, host, facts }: Row, { main, time }: Status): (string | number)[] {
  const jobs = "value" in main.facts ? main.facts.value.jobs : main.facts;
  const alive = shown(jobs, ({ processes }) =>
    String(processes.filter((one) => one.host === host && !one.quiet).length),
  );
  if ("unknown" in facts) return [name, alive, "unknown", "unknown", "unknown", "unknown"];
  const { plannedProcesses, apply, applying, disks, memory, cpu } = facts.value;
  return [
    name,
    `${alive} of ${shown(plannedProcesses, String)}`,
    "value" in applying && applying.value
      ? "running"
      : shown(apply, (last) => `${last.state}, ${span(secondsBetween(last.time, time))}`),
    shown(disks, (all) =>
      all
        .map(({ mount, bytes, freeBytes }) => `${DISKS[mount] ?? mount} ${percent(1 - freeBytes / bytes)}`)
        .join(", "),
    ),
    shown(memory, ({ bytes, availableBytes }) => percent(1 - availableBytes / bytes)),
    shown(cpu, ({ busy, stolen }) => `${percent(busy)}${stolen >= 0.005 ? ` (${percent(stolen)})` : ""}`),
  ];
}
