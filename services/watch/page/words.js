// What is so right now, in sentences. What is not measured says so, and never looks calm.
import { duration, SI } from "./format.js";

// Why a queue needs a look, if it does; undefined if it is not known.
export function stateOf(queue, now) {
  const wanted = { queue };
  const [processes, planned, wait, target, empty] = [
    "processes",
    "processesPlanned",
    "latency.wait",
    "latency.target",
    "emptySeconds",
  ].map((name) => now.one(name, wanted));
  if (processes === undefined || wait === undefined) return { late: true, says: "Not measured." };
  if (processes === 0 && planned > 0) return { late: true, says: "No process serves it." };
  const served = `${processes} of ${planned} process${planned === 1 ? "" : "es"}`;
  if (!(wait > target)) return { late: false, says: served };
  return {
    late: true,
    says: `Late. ${served}. ${empty === undefined ? "Does not become shorter." : `At this rate empty in ${duration(empty)}.`}`,
  };
}

export function factsOf(now) {
  const unknown = "no measurement";
  const release = now.all("release")[0]?.metric;
  const of = (name, says) => (now.one(name) === undefined ? unknown : says(now.one(name)));
  const jobs = (state) => now.one("jobs", { state });
  return [
    [
      "Release",
      release
        ? `${release.version}${release.phase === "done" ? "" : `, upgrade: ${release.phase}`}`
        : unknown,
    ],
    ["Last good backup", of("backupAge", (age) => `${duration(age)} ago${backupTrouble(now)}`)],
    ["Workers", workersWords(now)],
    ["Newest post from elsewhere", of("postAge", (seconds) => `${duration(Math.max(0, seconds))} old`)],
    [
      "Certificate",
      of("certificateLeft", (seconds) => (seconds > 0 ? `valid for ${duration(seconds)}` : "expired")),
    ],
    [
      "Jobs to retry, dead",
      jobs("retry") === undefined ? unknown : `${SI(jobs("retry"))}, ${SI(jobs("dead") ?? 0)}`,
    ],
  ];
}

function backupTrouble(now) {
  if (now.one("walLost")) return "; WAL was lost since";
  if (now.one("walWaits")) return "; WAL does not reach the bucket";
  if (now.one("backupFailed")) return "; one failed";
  return now.one("backupLate") ? "; one is late" : "";
}

export function workersWords(now) {
  const pools = now.all("workers.planned");
  if (pools.length === 0) return WATCH.pools.length === 0 ? "none in the plan" : "no measurement";
  return pools
    .map(
      ({ metric: { pool }, value }) => `${pool}: ${now.one("workers.working", { pool }) ?? "?"} of ${value}`,
    )
    .join(", ");
}
