/** What goes wrong between machines: packets that are dropped on the machines' bridge. */
import { INTERNET, WIREGUARD } from "./internet/addresses";
import type { Machine } from "./machine";
import { run } from "./run";

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

const directPaths = (machine: Machine) =>
  ["sport", "dport"].flatMap((port) => drops(machine, `udp ${port} ${WIREGUARD}`));

/** The machine's direct paths are blocked, as by a firewall without UDP 41641; relays are reachable. */
export const withoutDirectPaths = <T>(machine: Machine, meanwhile: () => Promise<T>): Promise<T> =>
  dropped(directPaths(machine), meanwhile);

/** The machine is cut off from the tailnet: no direct path, no relay, no control plane. */
export const withoutTailnet = <T>(machine: Machine, meanwhile: () => Promise<T>): Promise<T> =>
  dropped(
    [
      ...directPaths(machine),
      `ip saddr ${machine.address} ip daddr ${INTERNET.controlPlane} drop`,
      `ip daddr ${machine.address} ip saddr ${INTERNET.controlPlane} drop`,
    ],
    meanwhile,
  );
