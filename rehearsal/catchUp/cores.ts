/** How busy this machine's cores are, with anything. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Seconds, summed over all cores, in which a core was busy since this machine started. */
export function busySeconds(stat = readFileSync("/proc/stat", "utf8")): number {
  // user nice system idle iowait irq softirq steal, in hundredths of a second (proc(5)).
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (stat.split("\n")[0] ?? "")
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / 100;
}

/** CPU seconds that a process has used. */
export function cpuSeconds(pid: number, stat = readFileSync(`/proc/${pid}/stat`, "utf8")): number {
  // utime and stime, counted from after the name, which may contain blanks (proc(5)).
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (user + system) / 100;
}

/** Share of the cores' time. */
export const shareOfCores = (seconds: number, elapsed: number) => seconds / elapsed / cpus().length;
