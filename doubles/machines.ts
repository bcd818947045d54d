/** What droplets do once they have power, as far as the cloud and the tailnet notice. */
import { spawnSync } from "node:child_process";
import { parse } from "yaml";
import type { Journal } from "./journal";
import type { Tailnet } from "./tailnet";

export interface Power {
  dropletId: string;
  dropletName: string;
  /** Tags, by which firewalls attach. */
  tags: readonly string[];
  userData: string;
}

/** A connection in the form that the provider of remote commands takes. */
export interface Connection {
  /** Name in the tailnet. */
  host: string;
  user: string;
  privateKey: string;
  /** The only host key that is accepted. */
  hostKey: string;
}

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** A machine behind each droplet: simulated here, really booted in a rehearsal. */
export interface Machines {
  boot(power: Power): void | Promise<void>;
  /** A volume is attached or detached. */
  attach(dropletId: string, volumeName: string): void | Promise<void>;
  detach(dropletId: string, volumeName: string): void | Promise<void>;
  /** What was on the volume is gone. */
  destroyVolume(volumeName: string): void | Promise<void>;
  /** Graceful: the machine stops its services and unmounts first. False if it does not get that far. */
  powerOff(dropletId: string, graceful: boolean): boolean | undefined | Promise<boolean | undefined>;
  /** @returns undefined if nothing answers under that name */
  ssh(
    connection: Connection,
    command: string,
    stdin: string,
  ): undefined | Answer | Promise<Answer | undefined>;
}

interface Machine {
  dropletId: string;
  hostname: string;
  on: boolean;
  /** Has power but does nothing. */
  hung: boolean;
  /** Whether it is the machine that the tailnet knows under that name. */
  joined: boolean;
  /** Volumes that are mounted, by name. */
  mounted: Set<string>;
  /** What mastodon-ready reports as missing. */
  waitsFor: string | undefined;
}

/** Simulated machines that join the tailnet, mount what is attached, and answer the program's own commands. */
export class SimulatedMachines implements Machines {
  private readonly machines = new Map<string, Machine>();
  /** Name in the cloud → the point at which new machines get stuck until they are repaired. */
  readonly broken = new Map<string, string>();

  constructor(
    private readonly journal: Journal,
    private readonly tailnet: Tailnet,
  ) {}

  boot({ dropletId, dropletName, userData }: Power): void {
    const config = parse(userData) as {
      hostname: string;
      write_files: { path: string; content: string }[];
    };
    const authKey = config.write_files.find(({ path }) => path === "/etc/mastodon-host/tailnet.key")?.content;
    const machine: Machine = {
      dropletId,
      hostname: config.hostname,
      on: true,
      hung: false,
      joined: false,
      mounted: new Set(),
      waitsFor: this.broken.get(dropletName),
    };
    this.machines.set(dropletId, machine);
    try {
      this.tailnet.join(config.hostname, authKey?.trim() ?? "");
      machine.joined = true;
      this.note("boot", machine);
    } catch (error) {
      this.note("boot outside the tailnet", machine, String(error));
    }
  }

  attach(dropletId: string, volumeName: string): void {
    const machine = this.machines.get(dropletId);
    machine?.mounted.add(volumeName);
    if (machine) this.note("mount", machine, volumeName);
  }

  detach(dropletId: string, volumeName: string): void {
    const machine = this.machines.get(dropletId);
    if (!machine) return;
    this.note(machine.mounted.has(volumeName) ? "volume torn away" : "volume detached", machine, volumeName);
    machine.mounted.delete(volumeName);
  }

  /** It was detached before, and the next one has another content: nobody here asks for that. */
  destroyVolume(): void {}

  powerOff(dropletId: string, graceful: boolean): boolean {
    const machine = this.machines.get(dropletId);
    if (!machine?.on) return true;
    if (graceful && machine.hung) return false;
    machine.on = false;
    if (graceful) {
      for (const volume of machine.mounted) this.note("unmount", machine, volume);
      machine.mounted.clear();
    }
    this.note(graceful ? "shut down" : "power cut", machine);
    const device = this.tailnet.device(machine.hostname);
    if (device) device.online = false;
    return true;
  }

  /** Repairs whatever kept machines from working. */
  repair(): void {
    this.broken.clear();
    for (const machine of this.machines.values()) machine.waitsFor = undefined;
  }

  /** The machine dies silently; a `hung` one keeps its power but answers nobody. */
  kill(hostname: string, how: "dead" | "hung" = "dead"): void {
    const machine = [...this.machines.values()].find((one) => one.hostname === hostname);
    if (!machine) throw new Error(`no machine ${hostname}`);
    if (how === "hung") machine.hung = true;
    else machine.on = false;
    const device = this.tailnet.device(hostname);
    if (device) device.online = false;
  }

  ssh({ host }: Connection, command: string, stdin: string): Answer | undefined {
    const machine = [...this.machines.values()].find(
      ({ hostname, on, hung, joined }) => on && !hung && joined && hostname === host,
    );
    if (!machine || !this.tailnet.device(host)) return undefined;
    const lines = command.split("\n");
    // The machine's own program is the last. What comes before it runs here, with its input.
    const [, before = "cat", last = ""] = /^(?:(.+) \| )?(.+)$/.exec(lines.pop() ?? "") ?? [];
    const own = [`curl() { echo ${machine.dropletId}; }`, `hostname() { echo ${host}; }`];
    const { status, stderr, stdout } = spawnSync("bash", ["-c", [...own, ...lines, before].join("\n")], {
      encoding: "utf8",
      input: stdin,
    });
    const answer =
      status === 0 ? this.answer(machine, last, stdout) : { code: status ?? 1, stdout: "", stderr };
    this.note("ssh", machine, `${last}: ${answer.code}`);
    return answer;
  }

  private answer(machine: Machine, command: string, stdin: string): Answer {
    const ok = { code: 0, stdout: "done\n", stderr: "" };
    switch (command.split(" ")[0]) {
      case "/usr/local/sbin/mastodon-ready":
        if (!machine.waitsFor) return ok;
        return { ...ok, code: 1, stdout: `not ready after 1200 s; it waits for ${machine.waitsFor}\n` };
      case "/usr/local/sbin/host-receive":
        return JSON.parse(stdin).files.length > 0 ? ok : { ...ok, code: 1, stderr: "no files" };
      case "/usr/local/sbin/mastodon-drain":
        this.tailnet.leave(machine.hostname);
        return ok;
      default:
        return { ...ok, code: 127, stderr: `${command}: command not found` };
    }
  }

  private note(what: string, { hostname }: Machine, detail?: string): void {
    this.journal.add({ where: "machines", what, name: hostname, ...(detail ? { detail } : {}) });
  }
}
