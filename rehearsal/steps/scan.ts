/**
 * What the internet reaches on every machine: for TCP the ports that accept, for UDP the ports whose packets arrive behind all firewalls.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WIREGUARD } from "../../lab/internet/addresses";
import { Outside } from "../../lab/internet/outside";
import type { Machine } from "../../lab/machine";
import { numbersIn } from "../../lab/nftSet";
import type { Needs } from "../world";

const TCP = readFileSync(join(__dirname, "scanTcp.py"), "utf8");
const UDP = readFileSync(join(__dirname, "sendUdp.py"), "utf8");

/** Behind the machine's own firewall, whose chains have priority 0: ports of the datagrams that came through. */
const COUNTER = `table inet seen {
  set ports { type inet_service; size 65535; flags dynamic; }
  chain input {
    type filter hook input priority 10;
    ip saddr ${Outside.ADDRESS} meta l4proto udp add @ports { udp dport }
    ip6 saddr ${Outside.ADDRESS6} meta l4proto udp add @ports { udp dport }
  }
}
`;

/** The ports, smallest first, with a blank between. */
async function tcp(world: Needs<"outside">, address: string): Promise<string> {
  const command = ["prlimit", "--nofile=16384", "python3", "-c", TCP, address];
  return (await world.outside.run(command)).trim();
}

async function udp(world: Needs<"outside">, machine: Machine, address: string): Promise<string> {
  await machine.run("nft -f -", { input: COUNTER });
  try {
    await world.outside.run(["python3", "-c", UDP, address]);
    return (await numbersIn(machine, "seen", "ports")).join(" ");
  } finally {
    await machine.run("nft delete table inet seen");
  }
}

/**
 * All 65,535 ports of every machine, IPv4 and IPv6, TCP and UDP.
 *
 * @returns one line per machine: its TCP and its UDP ports
 */
export async function seenFromOutside(world: Needs<"machines" | "outside">): Promise<string[]> {
  const machines = [
    { name: "main", machine: world.machines.main() },
    ...world.machines.workerHosts().map(({ hostname, machine }) => ({ name: hostname, machine })),
  ];
  const all = machines.flatMap(({ name, machine }) =>
    [machine.address, machine.address6].map(async (address) => {
      const family = address.includes(":") ? "IPv6" : "IPv4";
      const found = await tcp(world, address);
      return { name, machine, address, family, found };
    }),
  );
  const lines: string[] = [];
  for (const { name, machine, address, family, found } of await Promise.all(all))
    lines.push(`${name} ${family}: TCP ${found || "none"}, UDP ${await udp(world, machine, address)}`);
  return lines;
}

/** The expected result: the web on main, and nothing on a worker. */
export function wanted(world: Needs<"machines">): string[] {
  const hosts = ["main", ...world.machines.workerHosts().map(({ hostname }) => hostname)];
  return hosts.flatMap((name) =>
    ["IPv4", "IPv6"].map(
      (family) => `${name} ${family}: TCP ${name === "main" ? "80 443" : "none"}, UDP ${WIREGUARD}`,
    ),
  );
}
