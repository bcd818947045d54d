/** What every machine says of itself. */
import { type Answers, fileIn, must, number, read, STATE, text, trouble } from "./reading";
import type { Answer, MachineFacts, WorkerFacts } from "./schema";

function apply(lines: readonly string[]): { state: string; step: string | null; time: string } {
  const { state, step, time } = JSON.parse(
    must(fileIn(lines, `${STATE}/status`)[0], "apply has ended here yet"),
  ) as Record<string, string>;
  return { state: must(state, "state"), step: step ?? null, time: must(time, "time") };
}

function memory(lines: readonly string[]) {
  const kib = (name: string) => {
    const line = fileIn(lines, "/proc/meminfo").find((one) => one.startsWith(`${name}:`));
    return 1024 * number(/(\d+) kB/.exec(line ?? "")?.[1], name);
  };
  // The kernel may have been started without it.
  const stalled = fileIn(lines, "/proc/pressure/memory").find((line) => line.startsWith("full "));
  const share = /avg60=([\d.]+)/.exec(stalled ?? "")?.[1];
  return {
    bytes: kib("MemTotal"),
    availableBytes: kib("MemAvailable"),
    stalled: share === undefined ? null : Number(share) / 100,
  };
}

/** user, nice, system, idle, iowait, irq, softirq, steal: the time of all cores since the boot (proc_stat(5)). */
function cpu(lines: readonly string[]) {
  const [before, after] = lines.map((line) => line.trim().split(/\s+/).slice(1, 9).map(Number));
  const spent = must(after, "second look").map((time, i) => time - must(before?.[i], "first look"));
  const total = spent.reduce((sum, time) => sum + time, 0);
  const share = (...which: number[]) => which.reduce((sum, i) => sum + (spent[i] ?? 0), 0) / total;
  return { busy: must(1 - share(3, 4), "time"), stolen: share(7) };
}

/** Mount, size, free bytes, and inodes in percent; XFS may say `-` for those. */
export const disk = (lines: readonly string[]) => {
  const [mount, size, free, inodes] = must(lines[1], "line").trim().split(/\s+/);
  return {
    mount: must(mount, "mount"),
    bytes: number(size, "size"),
    freeBytes: number(free, "free bytes"),
    inodesUsed: Number.parseInt(inodes ?? "", 10) / 100 || 0,
  };
};

export function disks(...all: readonly Answer<ReturnType<typeof disk>>[]): MachineFacts["disks"] {
  const values: ReturnType<typeof disk>[] = [];
  for (const one of all) {
    if ("unknown" in one) return one;
    values.push(one.value);
  }
  return { value: values };
}

/** `mastodon-ready` on main says what it waited for, on a worker what it waits for. */
function ready(answers: Answers): Answer<string> {
  const code = trouble(answers, "ready", [0, 1]);
  if (code !== undefined) return { unknown: code };
  if (answers["ready.code"]?.[0] === "0") return { value: "" };
  const said = [...(answers.ready ?? []), ...(answers["ready.error"] ?? [])].join("\n");
  const what =
    /waited \d+ s for (.+?)(?:; the last apply: .*)?$/m.exec(said)?.[1] ??
    /not ready after \d+ s; it waits for (.+)$/m.exec(said)?.[1];
  return what ? { value: what } : { unknown: text(said.split("\n")).split("\n").at(-1) ?? "" };
}

export function machineFacts(answers: Answers): MachineFacts {
  const ask = <T>(question: string, of: (lines: readonly string[]) => T) => read(answers, question, of);
  return {
    ready: ready(answers),
    apply: ask("files", apply),
    applying: ask("applying", ([held]) => must({ yes: true, no: false }[held ?? ""], "yes or no")),
    plannedProcesses: ask("planned", ([count]) => number(count, "number")),
    disks: disks(ask("root", disk)),
    memory: ask("files", memory),
    cpu: ask("cpu", cpu),
    restart: ask("restart", (lines) => [...lines]),
    failedUnits: ask("failed", (lines) =>
      lines.filter((line) => line.trim() !== "").map((line) => line.trim().split(/\s+/)[0] as string),
    ),
  };
}

function path(lines: readonly string[]): "direct" | "relayed" | "idle" | "none" {
  const online = lines
    .map((line) => JSON.parse(line) as [boolean, boolean, string, string])
    .filter(([isOnline]) => isOnline);
  const [first] = online;
  if (!first || online.length !== 1) return "none";
  const [, active, direct] = first;
  return direct ? "direct" : active ? "relayed" : "idle";
}

export const workerFacts = (answers: Answers): WorkerFacts => ({
  ...machineFacts(answers),
  path: read(answers, "path", path),
});
