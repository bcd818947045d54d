/** What systemd services take of a machine. */
import type { Machine } from "./machine";

/** CPU seconds of all of them together, since each began. */
export async function cpuSeconds(machine: Machine, units: readonly string[]): Promise<number> {
  const nanoseconds = await machine.run(
    `systemctl show -P CPUUsageNSec ${units.map((unit) => `${unit}.service`).join(" ")}`,
  );
  return nanoseconds
    .trim()
    .split(/\s+/)
    .reduce((sum, each) => sum + Number(each) / 1e9, 0);
}

/** MiB of a service's main process, without file pages, which the kernel takes back when it needs them. */
export async function memoryMiB(machine: Machine, unit: string): Promise<number> {
  const status = await machine.run(`cat /proc/$(systemctl show -P MainPID ${unit}.service)/status`);
  return Math.round(Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}
