/** What goes wrong between machines: packets that are dropped on the machines' bridge. */

import { INTERNET } from "./internet/addresses";
import type { Machine } from "./machine";
import { run } from "./run";

/** WireGuard's port on droplets. */
const WIREGUARD = 41_641;

/** Rules that drop what the machine sends and gets. */
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

/** The machine's direct paths are blocked, as by a firewall without UDP 41641; relays are reachable. */
export const withoutDirectPaths = <T>(machine: Machine, meanwhile: () => Promise<T>): Promise<T> =>
  dropped(
    [...drops(machine, `udp sport ${WIREGUARD}`), ...drops(machine, `udp dport ${WIREGUARD}`)],
    meanwhile,
  );

/** The machine is cut off from the tailnet: no direct path, no relay, no control plane. */
export const withoutTailnet = <T>(machine: Machine, meanwhile: () => Promise<T>): Promise<T> =>
  dropped(
    [
      ...drops(machine, `udp sport ${WIREGUARD}`),
      ...drops(machine, `udp dport ${WIREGUARD}`),
      `ip saddr ${machine.address} ip daddr ${INTERNET.controlPlane} drop`,
      `ip daddr ${machine.address} ip saddr ${INTERNET.controlPlane} drop`,
    ],
    meanwhile,
  );
