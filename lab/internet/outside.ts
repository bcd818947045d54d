/** Somebody on the internet: a network namespace behind the lab's gateway. */

import { attempt, type RunOptions, run } from "../../tools/run";
import { BRIDGE, type Network } from "../network";

/** The router before it. */
const ROUTER = "198.51.100.1";
const ROUTER6 = "2001:db8:7::1";

export class Outside {
  static readonly ADDRESS = "198.51.100.7";
  static readonly ADDRESS6 = "2001:db8:7::7";

  private constructor(private readonly namespace: string) {}

  static async create(network: Network): Promise<Outside> {
    const namespace = `${network.namespace}-outside`;
    const outside = new Outside(namespace);
    await attempt(["ip", "netns", "del", namespace]);
    await run(["ip", "netns", "add", namespace]);
    await network.run([
      "bash",
      "-ec",
      `ip link add internet type veth peer name eth0 netns ${namespace}
       for address in ${ROUTER}/24 ${ROUTER6}/64; do ip addr add "$address" dev internet nodad; done
       ip link set internet up
       # With a reserved IPv6 address a droplet's default route has no gateway: routers there answer for everybody.
       echo 1 >/proc/sys/net/ipv6/conf/${BRIDGE}/proxy_ndp; echo 0 >/proc/sys/net/ipv6/neigh/${BRIDGE}/proxy_delay
       ip -6 neigh replace proxy ${Outside.ADDRESS6} dev ${BRIDGE}`,
    ]);
    await outside.run([
      "bash",
      "-ec",
      `ip link set lo up; ip link set eth0 up
       for address in ${Outside.ADDRESS}/24 ${Outside.ADDRESS6}/64; do ip addr add "$address" dev eth0 nodad; done
       ip route add default via ${ROUTER}; ip -6 route add default via ${ROUTER6}`,
    ]);
    return outside;
  }

  /** The prefix of a command that runs there. */
  command(command: readonly string[]): string[] {
    return ["nsenter", `--net=/run/netns/${this.namespace}`, ...command];
  }

  run(command: readonly string[], options: RunOptions = {}): Promise<string> {
    return run(this.command(command), options);
  }

  attempt(command: readonly string[], options: RunOptions = {}) {
    return attempt(this.command(command), options);
  }

  async remove(): Promise<void> {
    await attempt(["ip", "netns", "del", this.namespace]);
  }
}
