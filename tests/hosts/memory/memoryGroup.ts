/** A memory cgroup as Docker makes one for a container, in whichever version this machine has. Without swap, which is the harder case. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../../tools/until";

const MOUNT = "/sys/fs/cgroup";
const UNIFIED = existsSync(join(MOUNT, "cgroup.controllers"));

export class MemoryGroup {
  private constructor(private readonly folder: string) {}

  static create(name: string, mib: number): MemoryGroup {
    if (UNIFIED) writeFileSync(join(MOUNT, "cgroup.subtree_control"), "+memory");
    const group = new MemoryGroup(join(MOUNT, UNIFIED ? "" : "memory", name));
    mkdirSync(group.folder);
    const limits = UNIFIED
      ? { "memory.max": mib, "memory.swap.max": 0 }
      : { "memory.limit_in_bytes": mib, "memory.memsw.limit_in_bytes": mib };
    for (const [file, limit] of Object.entries(limits))
      writeFileSync(join(group.folder, file), String(limit * 2 ** 20));
    return group;
  }

  /** The command, started in it, as are its children. */
  inside(command: readonly string[]): string[] {
    return ["bash", "-ec", `echo $$ >${join(this.folder, "cgroup.procs")}; exec "$@"`, "bash", ...command];
  }

  /** The most that all of it took, the page cache within the limit included. */
  peakMiB(): number {
    const file = UNIFIED ? "memory.peak" : "memory.max_usage_in_bytes";
    return Math.round(Number(readFileSync(join(this.folder, file), "utf8")) / 2 ** 20);
  }

  /** The kernel takes a moment to notice that the last process has ended. */
  remove(): Promise<void> {
    return until(`the end of what runs in ${this.folder}`, 30, async () => {
      try {
        rmdirSync(this.folder);
        return true;
      } catch {
        return false;
      }
    });
  }
}
