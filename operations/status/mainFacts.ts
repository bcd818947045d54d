/** What only main knows. */
import { ESCROW_STATES } from "../../services/escrow";
import { HOUSEKEEPING_PARTS } from "../../services/housekeeping";
import { WATCHDOG } from "../../services/watch/alarms";
import { jobsOf } from "./jobs";
import { disk, disks, machineFacts } from "./machineFacts";
import { type Answers, fileIn, must, number, read, running, STATE, text, units, variable } from "./reading";
import type { MainFacts } from "./schema";

function page(lines: readonly string[]) {
  const [status, seconds] = (lines[0] ?? "").split(" ");
  return { status: number(status, "status"), seconds: number(seconds, "time") };
}

/** Both questions together: what runs is on the volume, what is wanted on the root disk. */
function release(answers: Answers): MainFacts["release"] {
  const wanted = read(answers, "files", (lines) =>
    variable(fileIn(lines, "/etc/mastodon/.env"), "MASTODON_VERSION"),
  );
  const runs = read(answers, "release", (lines) => ({
    running: variable(lines, "MASTODON_VERSION"),
    phase: variable(lines, "PHASE"),
  }));
  if ("unknown" in wanted) return wanted;
  return "unknown" in runs ? runs : { value: { wanted: wanted.value, ...runs.value } };
}

function upgrades(answers: Answers): MainFacts["upgrades"] {
  const files = read(answers, "files", (lines) => lines);
  if ("unknown" in files) return files;
  return read(answers, "units", (lines) =>
    (["mastodon", "postgres"] as const).map((of) => ({
      of,
      running: running(units(lines), `${of}-upgrade`),
      failed: text(fileIn(files.value, `${STATE}/${of}-upgrade-failed`)) || null,
    })),
  );
}

function redis(lines: readonly string[]) {
  const field = (name: string) =>
    number(lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1), name);
  return { bytes: field("used_memory"), limitBytes: field("maxmemory") };
}

function postgres(lines: readonly string[]) {
  const [version, connections, limit] = (lines[0] ?? "").split("|");
  return {
    version: must(version?.split(" ")[0] || undefined, "version"),
    connections: number(connections, "connections"),
    limit: number(limit, "limit"),
  };
}

type Report = Readonly<Record<string, unknown>>;
const reportOf = (lines: readonly string[]): Report => (lines.length > 0 ? JSON.parse(text(lines)) : {});

/** Why `mastodon-NAME status` failed; null if it did not. */
function troubleOf(answers: Answers, name: string): string | null {
  if (answers[`${name}.code`]?.[0] === "0") return null;
  const said = text(answers[`${name}.error`]).split("\n").at(-1)?.replace(`mastodon-${name}: `, "");
  return must(said || undefined, "reason");
}

/** `mastodon-backup status` prints its report, and fails with the reason if that is not good enough. */
const backup = (answers: Answers): MainFacts["backup"] =>
  read(
    answers,
    "backup",
    (lines) => {
      const report = reportOf(lines);
      const trouble = troubleOf(answers, "backup");
      return {
        trouble: trouble && typeof report.error === "string" ? `${trouble}: ${report.error}` : trouble,
        lastSuccess: (report.lastSuccess as string | undefined) || null,
        bytes: (report.bytes as number | undefined) ?? null,
        seconds: (report.seconds as number | undefined) ?? null,
      };
    },
    [0, 1],
  );

/** `mastodon-drill status`, alike. */
const drill = (answers: Answers): MainFacts["drill"] =>
  read(
    answers,
    "drill",
    (lines) => ({
      held: lines.length > 0,
      trouble: troubleOf(answers, "drill"),
      lastSuccess: (reportOf(lines).lastSuccess as string | undefined) || null,
    }),
    [0, 1],
  );

interface Part {
  lastSuccess?: string;
  count?: number;
  bytes?: number;
  errors?: number;
}

/** `mastodon-housekeeping status`, alike. */
const housekeeping = (answers: Answers): MainFacts["housekeeping"] =>
  read(
    answers,
    "housekeeping",
    (lines) => {
      const { running, parts } = JSON.parse(text(lines)) as {
        running: boolean;
        parts: Record<string, Part | null>;
      };
      return {
        running,
        trouble: troubleOf(answers, "housekeeping"),
        parts: HOUSEKEEPING_PARTS.filter((part) => Object.hasOwn(parts, part)).map((part) => ({
          part,
          lastSuccess: parts[part]?.lastSuccess ?? null,
          count: parts[part]?.count ?? null,
          bytes: parts[part]?.bytes ?? null,
          errors: parts[part]?.errors ?? null,
        })),
      };
    },
    [0, 1],
  );

const escrow = ([state]: readonly string[]) =>
  must(
    ESCROW_STATES.find((one) => one === state),
    "state",
  );

function certificate(lines: readonly string[]) {
  const [acme, issuer, end, ...trouble] = lines;
  const ends = new Date(variable([end ?? ""], "notAfter"));
  return {
    acme: must(acme, "setting"),
    issuer: variable([issuer ?? ""], "issuer"),
    ends: ends.toISOString(),
    trouble,
  };
}

interface Alert {
  labels: { alertname: string; severity?: string };
  annotations: { summary?: string };
  startsAt: string;
  status: { state: string };
}

function watch(answers: Answers): MainFacts["watch"] {
  const found = read(answers, "watched", ([planned]) => must({ 0: false, 1: true }[planned ?? ""], "0 or 1"));
  if ("unknown" in found) return found;
  if (!found.value) return { value: { installed: false, alarms: [] } };
  // Without Prometheus, Alertmanager only remembers.
  const prometheus = read(answers, "prometheus", () => undefined);
  if ("unknown" in prometheus) return { unknown: `Prometheus: ${prometheus.unknown}` };
  const alarms = read(answers, "alarms", (lines) => JSON.parse(text(lines)) as Alert[]);
  if ("unknown" in alarms) return { unknown: `Alertmanager: ${alarms.unknown}` };
  return {
    value: {
      installed: true,
      alarms: alarms.value
        .filter(({ labels }) => labels.alertname !== WATCHDOG)
        .map(({ labels, annotations, startsAt, status }) => ({
          name: labels.alertname,
          severity: labels.severity ?? "",
          summary: annotations.summary ?? "",
          since: startsAt,
          silenced: status.state === "suppressed",
        })),
    },
  };
}

export function mainFacts(answers: Answers): MainFacts {
  const ask = <T>(question: string, of: (lines: readonly string[]) => T) => read(answers, question, of);
  return {
    ...machineFacts(answers),
    disks: disks(ask("root", disk), ask("volume", disk)),
    site: ask("site", page),
    release: release(answers),
    upgrades: upgrades(answers),
    jobs: ask("jobs", jobsOf),
    redis: ask("memory", redis),
    postgres: ask("postgres", postgres),
    backup: backup(answers),
    drill: drill(answers),
    escrow: ask("escrow", escrow),
    housekeeping: housekeeping(answers),
    certificate: ask("certificate", certificate),
    watch: watch(answers),
  };
}
