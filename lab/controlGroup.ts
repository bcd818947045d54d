/** A separate control group for a machine: systemd-nspawn puts all machines into its caller's, where they share their services' groups. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { until } from "../tools/until";

const MOUNT = "/sys/fs/cgroup";
/** The period, in microseconds, in which a machine may use its share; the kernel's own default. */
const PERIOD = 100_000;

/** Version 2 has one tree for everything. With version 1, that tree exists next to the older ones, one for each controller. */
const UNIFIED = existsSync(join(MOUNT, "cgroup.controllers"));

export class ControlGroup {
  private constructor(
    /** One group in each tree. */
    private readonly folders: readonly string[],
    /** The group that limits CPU time. */
    private readonly cpu: string,
    /** The group that counts CPU time. */
    private readonly counted: string,
  ) {}

  static create(name: string): ControlGroup {
    const of = (tree: string) => join(MOUNT, UNIFIED ? "" : tree, name);
    // systemd-nspawn keeps a shadow of version 2's groups in systemd's older tree.
    const folders = [...new Set(["unified", "systemd", "cpu", "cpuacct"].map(of))];
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    return new ControlGroup(folders, of("cpu"), of("cpuacct"));
  }

  /** The command that starts a command in this group, together with its children. */
  inside(command: readonly string[]): string[] {
    const enter = this.folders.map((folder) => `echo $$ >${folder}/cgroup.procs`).join("; ");
    return ["bash", "-ec", `${enter}; exec "$@"`, "bash", ...command];
  }

  /** Gives it as many CPUs as a machine of that size has; fractions are possible. Infinity: all. */
  limit(cpus: number): void {
    if (UNIFIED) writeFileSync(join(MOUNT, "cgroup.subtree_control"), "+cpu");
    setQuota(this.cpu, cpus);
  }

  /** Limits one of its processes alone, within the whole group's limit. */
  limitProcess(pid: number, cpus: number): ControlGroup {
    const group = UNIFIED ? this.ownGroup(pid) : this.newGroup(pid);
    setQuota(group.cpu, cpus);
    return group;
  }

  /** In version 1, nobody in the machine uses the tree for CPU time, so another group in it does no harm. */
  private newGroup(pid: number): ControlGroup {
    const folders = [...new Set([this.cpu, this.counted])].map((folder) => join(folder, `process-${pid}`));
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "cgroup.procs"), String(pid));
    }
    return new ControlGroup(folders, folders[0] ?? "", folders.at(-1) ?? "");
  }

  /** In version 2 the process is in the group that its container made; the groups above must let it have CPU time. */
  private ownGroup(pid: number): ControlGroup {
    const [, path = ""] = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? [];
    const folder = join(MOUNT, path);
    for (let above = dirname(folder); above.startsWith(this.cpu); above = dirname(above))
      writeFileSync(join(above, "cgroup.subtree_control"), "+cpu");
    return new ControlGroup([folder], folder, folder);
  }

  /** CPU seconds that everything in it has used so far. */
  used(): number {
    if (!UNIFIED) return Number(readFileSync(join(this.counted, "cpuacct.usage"), "utf8")) / 1e9;
    const [, microseconds] =
      /^usage_usec (\d+)$/m.exec(readFileSync(join(this.counted, "cpu.stat"), "utf8")) ?? [];
    return Number(microseconds) / 1e6;
  }

  /** Everything that runs in it, by this machine's own process ids. */
  pids(): number[] {
    return pidsBelow(this.cpu);
  }

  /** Removes it once what ran in it has ended, which the kernel takes a moment to notice. */
  async remove(): Promise<void> {
    for (const folder of this.folders)
      await until(`the end of what runs in ${folder}`, 120, async () => removed(folder));
  }
}

function setQuota(folder: string, cpus: number): void {
  const quota = Math.round(cpus * PERIOD);
  if (UNIFIED) {
    writeFileSync(join(folder, "cpu.max"), `${Number.isFinite(quota) ? quota : "max"} ${PERIOD}`);
  } else {
    writeFileSync(join(folder, "cpu.cfs_period_us"), String(PERIOD));
    writeFileSync(join(folder, "cpu.cfs_quota_us"), String(Number.isFinite(quota) ? quota : -1));
  }
}

const below = (folder: string) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name));

function pidsBelow(folder: string): number[] {
  const own = readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  return [...own, ...below(folder).flatMap(pidsBelow)];
}

/** False while something runs in it, or in a group below it. */
function removed(folder: string): boolean {
  try {
    if (!below(folder).every(removed)) return false;
    rmdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EBUSY") return false;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}
