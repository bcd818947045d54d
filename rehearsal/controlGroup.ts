/** A control group of a machine's own: systemd-nspawn puts all machines into its caller's, where they share their services' groups. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./until";

const MOUNT = "/sys/fs/cgroup";
/** Microseconds in which a machine may use its share; the kernel's own default. */
const PERIOD = 100_000;

/** Version 2 has one tree for everything; with version 1 it is at hand beside the older trees, one for each controller. */
const UNIFIED = existsSync(join(MOUNT, "cgroup.controllers"));

export class ControlGroup {
  private constructor(
    /** One in each tree. */
    private readonly folders: readonly string[],
    /** The one where CPU time is counted. */
    private readonly cpu: string,
  ) {}

  static create(name: string): ControlGroup {
    const of = (tree: string) => join(MOUNT, tree, name);
    // systemd-nspawn keeps a shadow of version 2's groups in the older tree of systemd's.
    const folders = UNIFIED ? [of("")] : ["unified", "systemd", "cpu"].map(of);
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    return new ControlGroup(folders, UNIFIED ? of("") : of("cpu"));
  }

  /** The command, started in this group, as are its children. */
  inside(command: readonly string[]): string[] {
    const enter = this.folders.map((folder) => `echo $$ >${folder}/cgroup.procs`).join("; ");
    return ["bash", "-ec", `${enter}; exec "$@"`, "bash", ...command];
  }

  /** As many CPUs as a machine of that size has; a fraction of one is possible. */
  limit(cpus: number): void {
    const quota = Math.round(cpus * PERIOD);
    if (UNIFIED) {
      writeFileSync(join(MOUNT, "cgroup.subtree_control"), "+cpu");
      writeFileSync(join(this.cpu, "cpu.max"), `${quota} ${PERIOD}`);
    } else {
      writeFileSync(join(this.cpu, "cpu.cfs_period_us"), String(PERIOD));
      writeFileSync(join(this.cpu, "cpu.cfs_quota_us"), String(quota));
    }
  }

  /** Once what ran in it has ended, which the kernel takes a moment to notice. */
  async remove(): Promise<void> {
    for (const folder of this.folders)
      await until(`the end of what runs in ${folder}`, 30, async () => removed(folder));
  }
}

/** False while something runs in it, or in a group below. */
function removed(folder: string): boolean {
  try {
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    if (!below.every(({ name }) => removed(join(folder, name)))) return false;
    rmdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EBUSY") return false;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}
