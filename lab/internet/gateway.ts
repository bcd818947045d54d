/** The lab's gateway: it has the addresses of the internet services, and routes between the machines and the outside. */
import { RESERVED } from "../../doubles/digitaloceanNetwork";
import { BRIDGE, type Network } from "../network";
import { INTERNET } from "./addresses";

export async function openGateway(network: Network): Promise<void> {
  const addresses = Object.values(INTERNET).map((address) => `ip addr replace ${address}/32 dev ${BRIDGE}`);
  await network.run([
    "bash",
    "-ec",
    [
      ...addresses,
      // The range of the doubles' reserved addresses; the cloud's firewall translates them on their way out.
      `ip route replace ${RESERVED.v4} dev ${BRIDGE}; ip -6 route replace ${RESERVED.v6} dev ${BRIDGE}`,
      "echo 1 >/proc/sys/net/ipv4/ip_forward",
      "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
      // Traffic from machine to machine passes the cloud's firewall, too.
      "echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables",
      "echo 1 >/proc/sys/net/bridge/bridge-nf-call-ip6tables",
    ].join("; "),
  ]);
}
