/** A separate network for machines: nothing of it shows on this machine's own interfaces. */
import { attempt, run } from "../tools/run";

export const BRIDGE = "droplets";

/** A machine's interface, with the name that it has on a droplet. */
export const INTERFACE = "eth0";

/** Its other end, on the bridge. */
const portOf = (machine: string) => `ve-${machine}`;

export class Network {
  /** This machine's own end of the bridge. */
  static readonly GATEWAY = "10.99.0.1";
  static readonly GATEWAY6 = "fd99::1";

  private constructor(readonly namespace: string) {}

  /** Opens an existing one. */
  static named(namespace: string): Network {
    return new Network(namespace);
  }

  /** Creates a namespace with a bridge in it; its own end has the addresses 10.99.0.1 and fd99::1. */
  static async create(namespace: string): Promise<Network> {
    const network = new Network(namespace);
    await attempt(["ip", "netns", "del", namespace]);
    await run(["ip", "netns", "add", namespace]);
    await network.run([
      "bash",
      "-ec",
      // Without duplicate address detection: the lab's addresses are unique by construction, and it takes two seconds.
      `ip link set lo up; ip link add ${BRIDGE} type bridge; echo 0 >/proc/sys/net/ipv6/conf/${BRIDGE}/accept_dad
       ip addr add ${Network.GATEWAY}/24 dev ${BRIDGE}; ip addr add ${Network.GATEWAY6}/64 dev ${BRIDGE} nodad
       ip link set ${BRIDGE} up`,
    ]);
    return network;
  }

  /** Runs a command as another machine on this network would. */
  run(command: readonly string[], options: Parameters<typeof run>[1] = {}): Promise<string> {
    return run(this.inside(command), options);
  }

  attempt(command: readonly string[], options: Parameters<typeof run>[1] = {}) {
    return attempt(this.inside(command), options);
  }

  /** nsenter, not `ip netns exec`, which hides /sys/fs/cgroup from systemd-nspawn. */
  inside(command: readonly string[]): string[] {
    return ["nsenter", `--net=/run/netns/${this.namespace}`, ...command];
  }

  /** systemd-nspawn's options for a machine on this network; its own option for a bridge would call the interface host0. */
  nspawnOptions(machine: string): string[] {
    return [`--network-veth-extra=${portOf(machine)}:${INTERFACE}`];
  }

  /** Plugs the machine in as soon as nspawn has made its interface; returns false until then. */
  async plugIn(machine: string): Promise<boolean> {
    return (await this.attempt(["ip", "link", "set", portOf(machine), "master", BRIDGE, "up"])).code === 0;
  }

  /** cloud-init's network configuration (version 2) of the machine with that number, 2 to 254. */
  static configuration(number: number, resolver?: string): string {
    return JSON.stringify({
      version: 2,
      ethernets: {
        [INTERFACE]: {
          addresses: [`10.99.0.${number}/24`, `fd99::${number}/64`],
          routes: [
            { to: "0.0.0.0/0", via: Network.GATEWAY },
            { to: "::/0", via: Network.GATEWAY6 },
          ],
          ...(resolver ? { nameservers: { addresses: [resolver] } } : {}),
        },
      },
    });
  }

  async remove(): Promise<void> {
    await attempt(["ip", "netns", "del", this.namespace]);
  }
}
