/** A droplet on this machine: a systemd container that boots Debian 13 through cloud-init. */
import { spawn } from "node:child_process";
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { attempt, type Result, type RunOptions, run } from "../tools/run";
import { until } from "../tools/until";
import { ControlGroup } from "./controlGroup";
import { Network } from "./network";
import type { Volume } from "./volume";

/** Files by their paths. */
export type Overlay = Readonly<Record<string, { content: string; mode?: number }>>;

export interface MachineArgs {
  /** Host name, and the folder's name. */
  name: string;
  /** Folder that the machine's own files go to. */
  folder: string;
  /** Root file system that it starts from; never changed. */
  base: string;
  /** Folders over the base, the first on top: programs that Debian does not have. */
  layers?: readonly string[];
  /** Folder with Docker's images; each machine has its own, since Docker cannot work on an overlay. */
  docker?: string | undefined;
  network: Network;
  /** Last part of its address, 2 to 254: 10.99.0.N and fd99::N. */
  number: number;
  /** Address of its name server; none if absent. */
  resolver?: string;
  /** cloud-config. */
  userData: string;
  /** Files put over the base: doubles of what a test machine cannot have. */
  overlay?: Overlay;
}

/** The data source, instead of ConfigDrive, which DigitalOcean uses. */
const DATASOURCE = "datasource_list: [NoCloud]\n";

const deviceOf = (volumeName: string) => `/dev/disk/by-id/scsi-0DO_Volume_${volumeName}`;

/** Layers of images, to which Docker never writes, are shared if the file system can do that: they are thousands of files. */
async function copyDocker(from: string, to: string): Promise<void> {
  const shared = statSync(from).dev === statSync(to).dev ? ["--link"] : [];
  // Real images are gigabytes if they cannot be shared.
  for (const name of readdirSync(from))
    await run(["cp", "-a", ...(name === "overlay2" ? shared : []), join(from, name), to], { timeout: 1800 });
}

/**
 * Wakes each nsenter that runs a command in the machine. It stops when its command stops, and the machine cannot end until it has collected
 * that command.
 */
function wakeEntered(leader: number): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith(`nsenter\0-t\0${leader}\0`))
        process.kill(Number(pid), "SIGCONT");
    } catch {
      // It has ended meanwhile.
    }
}

export class Machine {
  private leader = 0;
  private readonly volumes = new Map<string, Volume>();
  private process: ReturnType<typeof spawn> | undefined;
  private group: ControlGroup | undefined;
  /** When it last got power, in milliseconds since 1970. */
  poweredAt = 0;

  private constructor(private readonly args: MachineArgs) {}

  private readonly path = (...parts: string[]) => join(this.args.folder, this.args.name, ...parts);

  get name(): string {
    return this.args.name;
  }

  get root(): string {
    return this.path("root");
  }

  /** This machine's resources for it, while it has power. */
  get controlGroup(): ControlGroup {
    if (!this.group) throw new Error(`${this.name} is switched off`);
    return this.group;
  }

  get number(): number {
    return this.args.number;
  }

  /** IPv4 on its network. */
  get address(): string {
    return `10.99.0.${this.args.number}`;
  }

  get address6(): string {
    return `fd99::${this.args.number}`;
  }

  static async create(args: MachineArgs): Promise<Machine> {
    const machine = new Machine(args);
    for (const part of ["upper", "work", "root", "docker"])
      mkdirSync(machine.path(part), { recursive: true });
    if (args.docker) await copyDocker(args.docker, machine.path("docker"));
    await machine.mountRoot();
    machine.write("/etc/cloud/cloud.cfg.d/90-datasource.cfg", DATASOURCE);
    const seed = "/var/lib/cloud/seed/nocloud";
    machine.write(`${seed}/user-data`, args.userData, 0o600);
    machine.write(`${seed}/meta-data`, `instance-id: ${args.name}\nlocal-hostname: ${args.name}\n`);
    machine.write(`${seed}/network-config`, Network.configuration(args.number, args.resolver));
    for (const [path, { content, mode }] of Object.entries(args.overlay ?? {}))
      machine.write(path, content, mode);
    await run(["systemctl", "--root", machine.root, "enable", "--quiet", "systemd-networkd.service"]);
    return machine;
  }

  private mountRoot(): Promise<string> {
    const [upper, work] = [this.path("upper"), this.path("work")];
    const lower = [...(this.args.layers ?? []), this.args.base].join(":");
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    return run(["mount", "-t", "overlay", "overlay", "-o", options, this.root]);
  }

  /** A file of its root, seen from outside. */
  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(join(this.root, path, ".."), { recursive: true });
    writeFileSync(join(this.root, path), content, { mode });
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** Switches it on; returns as soon as its systemd answers. */
  async start(): Promise<void> {
    const log = createWriteStream(this.path("console.log"), { flags: "a" });
    this.group = ControlGroup.create(`mastodon-${this.args.network.namespace}-${this.args.name}`);
    const nspawn = [
      "systemd-nspawn",
      "--quiet",
      `--directory=${this.root}`,
      `--machine=${this.args.name}`,
      "--boot",
      "--register=no",
      "--keep-unit",
      "--link-journal=no",
      "--console=pipe",
      "--capability=all",
      // What docker needs beyond nspawn's list of capabilities.
      "--system-call-filter=add_key keyctl bpf",
      `--bind=${this.path("docker")}:/var/lib/docker`,
      "--bind=/dev/net/tun",
      ...[...this.volumes].map(([path, { device }]) => `--bind=${device}:${path}`),
      ...this.args.network.nspawnOptions(this.args.name),
    ];
    const command = this.group.inside(this.args.network.inside(nspawn));
    this.poweredAt = Date.now();
    this.process = spawn(command[0] ?? "", command.slice(1), {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1" },
    });
    this.process.stdout?.pipe(log);
    this.process.stderr?.pipe(log);
    const runs = () => {
      if (this.process?.exitCode !== null) throw new Error(`${this.name} ended: ${this.console()}`);
    };
    await this.waitFor("an interface", 60, async () => {
      runs();
      return this.args.network.plugIn(this.name);
    });
    await this.waitFor("systemd to answer", 60, async () => {
      runs();
      this.leader = this.findLeader();
      return this.leader > 0 && (await this.attempt("systemctl is-system-running")).stdout.trim() !== "";
    });
  }

  /** The container's PID 1, seen from here: nspawn's only child after the setup process has ended; 0 until then. */
  private findLeader(): number {
    const pid = this.process?.pid;
    if (!pid) return 0;
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
      const leader = Number(children.at(-1) ?? 0);
      const [, own] = /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${leader}/status`, "utf8")) ?? [];
      return own === "1" ? leader : 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
      throw error;
    }
  }

  /** Processes in it whose command line matches, by this machine's own process ids. */
  processes(commandLine: RegExp): number[] {
    return this.controlGroup.pids().filter((pid) => {
      try {
        return commandLine.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
      } catch (error) {
        // It has just ended.
        if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
        throw error;
      }
    });
  }

  console(): string {
    return existsSync(this.path("console.log")) ? readFileSync(this.path("console.log"), "utf8") : "";
  }

  /** The prefix that runs a command of this machine on the machine's network. */
  onItsNetwork(command: readonly string[]): string[] {
    return ["nsenter", "-t", String(this.leader), "-n", ...command];
  }

  /** Runs a shell command in it, and returns even if it fails. */
  attempt(script: string, options: RunOptions = {}): Promise<Result> {
    const enter = ["nsenter", "-t", String(this.leader), "-m", "-u", "-i", "-n", "-p", "-C"];
    const environment = [
      "env",
      "-i",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME=/root",
      "LANG=C.UTF-8",
    ];
    return attempt([...enter, ...environment, "bash", "-c", `cd / && ${script}`], options);
  }

  /**
   * Standard output of a shell command in it.
   *
   * @throws Error with the command's output, if it fails
   */
  async run(script: string, options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(script, options);
    if (code !== 0) throw new Error(`${this.name}: ${script}: exit ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Waits until cloud-init has ended, and returns its status in one word: done, error. */
  async booted(seconds = 600): Promise<string> {
    const { stdout } = await this.attempt("cloud-init status --wait", { timeout: seconds });
    return stdout.replace(/^\.*\s*status: /, "").trim();
  }

  /** @throws Error that says what it waited for */
  async waitFor(what: string, seconds: number, condition: () => Promise<boolean>): Promise<void> {
    await until(`${what} on ${this.name}`, seconds, condition);
  }

  /** Shows an attached volume as DigitalOcean does: its device, under its name. It stays over reboots. */
  async attach(volume: Volume, name: string): Promise<void> {
    const path = deviceOf(name);
    this.volumes.set(path, volume);
    if (this.process)
      await this.run(`mkdir -p /dev/disk/by-id && mknod -m 0660 ${path} b ${await volume.numbers()}`);
  }

  /** Removes its device; a mounted file system stays mounted. */
  async detach(name: string): Promise<void> {
    this.volumes.delete(deviceOf(name));
    if (this.process) await this.run(`rm ${deviceOf(name)}`);
  }

  /** An orderly shutdown. */
  async stop(): Promise<void> {
    if (!this.process) return;
    if (this.hasEnded) return this.ended();
    const ended = new Promise((resolve) => this.process?.on("exit", resolve));
    process.kill(-(this.process.pid ?? 0), "SIGTERM");
    const timer = setTimeout(() => this.cut(), 180_000);
    await ended;
    clearTimeout(timer);
    await this.ended();
  }

  /** Cuts its power: what was not yet on a volume is lost. */
  async cut(): Promise<void> {
    if (!this.process) return;
    if (this.hasEnded) return this.ended();
    const ended = new Promise((resolve) => this.process?.on("exit", resolve));
    // The number of a leader that is gone may be a process' of this computer by now.
    if (this.findLeader() !== this.leader) process.kill(-(this.process.pid ?? 0), "SIGKILL");
    else {
      // All at once, and without flushing the volume's log or pages, which the kernel would do after the processes are killed.
      await this.attempt(
        'volume=$(findmnt -rno TARGET -t xfs | head -n 1); kill -STOP -1; if [ "$volume" ]; then xfs_io -x -c shutdown "$volume"; fi',
      );
      process.kill(this.leader, "SIGKILL");
    }
    const waking = setInterval(() => wakeEntered(this.leader), 100);
    await ended;
    clearInterval(waking);
    await this.ended();
  }

  /** Whether it has ended by itself. */
  private get hasEnded(): boolean {
    const { exitCode = null, signalCode = null } = this.process ?? {};
    return exitCode !== null || signalCode !== null;
  }

  private async ended(): Promise<void> {
    this.process = undefined;
    await this.group?.remove();
    this.group = undefined;
  }

  /** Switched off for good; its disk is deleted. */
  async remove(): Promise<void> {
    await this.cut();
    await attempt(["umount", "--lazy", this.root]);
    rmSync(this.path(), { recursive: true, force: true });
  }
}
