/** Faults between machines: packets that are dropped or delayed on the machines' bridge. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { run } from "../tools/run";
import { INTERNET, WIREGUARD } from "./internet/addresses";
import type { Machine } from "./machine";
import { INTERFACE } from "./network";

/** Rules that drop what the machine sends and receives. */
function drops(machine: Machine, match: string): string[] {
  return [
    ["ip", machine.address],
    ["ip6", machine.address6],
  ].flatMap(([family, address]) => [
    `${family} saddr ${address} ${match} drop`,
    `${family} daddr ${address} ${match} drop`,
  ]);
}

async function dropped<T>(rules: readonly string[], meanwhile: () => Promise<T>): Promise<T> {
  const chain = (hook: string) =>
    `chain ${hook} {\n type filter hook ${hook} priority -10;\n ${rules.join("\n")}\n}\n`;
  const table = `table inet fault {\n${["forward", "input", "output"].map(chain).join("")}}\n`;
  await run(["nft", "-f", "-"], { input: table });
  try {
    return await meanwhile();
  } finally {
    await run(["nft", "delete", "table", "inet", "fault"]);
  }
}

const directPaths = (machine: Machine) =>
  ["sport", "dport"].flatMap((port) => drops(machine, `udp ${port} ${WIREGUARD}`));

/** Blocks the machine's direct paths, like a firewall without UDP 41641; relays stay reachable. */
export const withoutDirectPaths = <T>(machine: Machine, meanwhile: () => Promise<T>): Promise<T> =>
  dropped(directPaths(machine), meanwhile);

/** Cuts the machine off from the tailnet: no direct path, no relay, no control plane. */
export const withoutTailnet = <T>(machine: Machine, meanwhile: () => Promise<T>): Promise<T> =>
  dropped(
    [
      ...directPaths(machine),
      `ip saddr ${machine.address} ip daddr ${INTERNET.controlPlane} drop`,
      `ip daddr ${machine.address} ip saddr ${INTERNET.controlPlane} drop`,
    ],
    meanwhile,
  );

/**
 * Delays what the machine sends to the other one. The kernels that rehearsals run on may lack tc's netem, so the packets pass through a
 * program (delay.py). Meanwhile there is no other path, not even IPv6.
 */
export async function delayed<T>(
  machine: Machine,
  other: Machine,
  milliseconds: number,
  meanwhile: () => Promise<T>,
): Promise<T> {
  const command = ["python3", join(__dirname, "delay.py"), String(milliseconds), other.address, INTERFACE];
  const route = `unreachable ${other.address6}/128`;
  await machine.run(`ip -6 route add ${route}`);
  const [file = "", ...rest] = machine.onItsNetwork(command);
  const way = spawn(file, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(way, "close");
  try {
    await Promise.race([
      once(way.stdout, "data"),
      ended.then(([code]) => {
        throw new Error(`delay.py ended with ${code}`);
      }),
    ]);
    return await meanwhile();
  } finally {
    way.stdin.end();
    await ended;
    await machine.run(`ip -6 route del ${route}`);
  }
}

/** Nobody reaches that port of the machine, not even on the machine itself: connections are refused, and open ones end. */
export async function withoutPort<T>(
  machine: Machine,
  port: number,
  meanwhile: () => Promise<T>,
): Promise<T> {
  const rule = `tcp dport ${port} reject with tcp reset`;
  await machine.run("nft -f -", {
    input: `table inet fault {\nchain input {\ntype filter hook input priority -10;\n${rule}\n}\n}\n`,
  });
  try {
    return await meanwhile();
  } finally {
    await machine.run("nft delete table inet fault");
  }
}
