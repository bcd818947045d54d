/** The machine that runs `pulumi up`: a device in the tailnet, with ssh. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Connection } from "../../doubles/machines";
import { attempt, run } from "../../tools/run";
import { Daemon } from "../daemon";
import { type TailscalePrograms, tailscalePrograms } from "../tailnetTools";
import type { ControlPlane } from "./controlPlane";

interface Peer {
  HostName: string;
  TailscaleIPs: string[];
}

export class Deployer {
  private constructor(
    private readonly folder: string,
    private readonly programs: TailscalePrograms,
    private readonly daemon: Daemon,
  ) {}

  /** @param trusted a bundle of certificates that includes the lab authority's */
  static async join(parent: string, plane: ControlPlane, trusted: string, tag: string): Promise<Deployer> {
    const folder = join(parent, "deployer");
    mkdirSync(folder, { recursive: true });
    const programs = await tailscalePrograms();
    const socket = join(folder, "tailscaled.sock");
    const status = [programs.tailscale, `--socket=${socket}`, "status", "--json"];
    const daemon = await Daemon.start({
      name: "tailscaled",
      folder,
      command: [programs.tailscaled, `--statedir=${folder}`, `--socket=${socket}`, "--port=41642"],
      env: { SSL_CERT_FILE: trusted },
      ready: async () => (await attempt(status)).code === 0,
    });
    const deployer = new Deployer(folder, programs, daemon);
    try {
      const { key } = await plane.mintKey([tag], 600);
      const options = ["--hostname=deployer", "--accept-dns=false", "--netfilter-mode=off", "--timeout=60s"];
      await deployer.tailscale("up", `--auth-key=${key}`, ...options);
      return deployer;
    } catch (error) {
      await deployer.stop();
      throw error;
    }
  }

  tailscale(...args: string[]): Promise<string> {
    return run([this.programs.tailscale, `--socket=${join(this.folder, "tailscaled.sock")}`, ...args]);
  }

  async peer(hostname: string): Promise<Peer | undefined> {
    const status = JSON.parse(await this.tailscale("status", "--json")) as {
      Peer: Record<string, Peer> | null;
    };
    return Object.values(status.Peer ?? {}).find(({ HostName }) => HostName === hostname);
  }

  /**
   * Like the provider's remote command: dials until the name is in the tailnet and answers, then runs the command once.
   *
   * @returns undefined if nothing answered within the limit
   */
  async ssh({ host, user, privateKey, hostKey }: Connection, command: string, stdin: string, seconds = 600) {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
      const address = (await this.peer(host))?.TailscaleIPs.find((ip) => !ip.includes(":"));
      if (address) {
        const answer = await this.dial({ address, host, user, privateKey, hostKey }, command, stdin);
        // 255 is ssh's own exit code: not connected, or cut off.
        if (answer.code !== 255 || !/connect to host|timed out|refused|closed by/i.test(answer.stderr))
          return answer;
      }
      await sleep(500);
    }
    return undefined;
  }

  private async dial(
    { address, host, user, privateKey, hostKey }: Connection & { address: string },
    command: string,
    stdin: string,
  ): Promise<Answer> {
    const [key, known] = [join(this.folder, `${host}.key`), join(this.folder, `${host}.known`)];
    writeFileSync(key, privateKey, { mode: 0o600 });
    writeFileSync(known, `${host} ${hostKey}\n`);
    const options = {
      UserKnownHostsFile: known,
      GlobalKnownHostsFile: "/dev/null",
      StrictHostKeyChecking: "yes",
      HostKeyAlias: host,
      IdentitiesOnly: "yes",
      BatchMode: "yes",
      ConnectTimeout: "5",
      LogLevel: "ERROR",
    };
    const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    return attempt(["ssh", "-F", "none", "-i", key, ...flags, `${user}@${address}`, command], {
      input: stdin,
      timeout: 1800,
    });
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
