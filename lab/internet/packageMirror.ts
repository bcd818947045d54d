/**
 * Debian's mirrors, under their names. Machines have no internet, so this machine's own apt fetches each file that they request, with its
 * own mirrors and proxies. The signatures stay Debian's.
 */
import { join } from "node:path";
import { Daemon, listens } from "../daemon";
import type { Network } from "../network";
import { DEBIAN_NAMES, INTERNET } from "./addresses";
import type { Dns } from "./dns";

export class PackageMirror {
  private daemon: Daemon | undefined;

  private constructor(
    private readonly folder: string,
    private readonly network: Network,
  ) {}

  static async start(folder: string, network: Network, dns: Dns): Promise<PackageMirror> {
    const mirror = new PackageMirror(folder, network);
    for (const name of DEBIAN_NAMES) dns.set(name, INTERNET.packages);
    await mirror.up();
    return mirror;
  }

  /** Starts it; also starts it again after `down`. */
  async up(): Promise<void> {
    // A socket in the machines' network, served by a process outside of it: the rehearsal's parent, which can fetch.
    const outside = [
      ...["nsenter", `--target=${process.ppid}`, "--net", "--mount"],
      ...["env", `--chdir=${process.cwd()}`],
    ];
    const program = join(__dirname, "packageMirrorProgram.ts");
    this.daemon = await Daemon.start({
      name: "package-mirror",
      folder: this.folder,
      command: this.network.inside([
        ...["systemd-socket-activate", `--listen=${INTERNET.packages}:80`, ...outside],
        ...[process.execPath, ...process.execArgv, program],
      ]),
      ready: () => listens(INTERNET.packages, 80),
    });
  }

  async down(): Promise<void> {
    await this.daemon?.stop();
  }

  /** MB that it has served. */
  get served(): number {
    const sizes = [...(this.daemon?.log() ?? "").matchAll(/^served (\d+) /gm)].map(([, bytes]) =>
      Number(bytes),
    );
    return sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
  }
}
