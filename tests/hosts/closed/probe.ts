/** What gets through a machine's firewall: every port is knocked at, and nftables itself notes what arrived and what passed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../../lab/machine";
import { Network } from "../../../lab/network";
import { numbersIn } from "../../../lab/nftSet";

const KNOCK = join(__dirname, "knock.py");

/** Before and after the machine's own chains: a dropped packet never comes to the second. */
const STAGES = { arrived: -10, passed: 10 } as const;

type Hook = "input" | "forward";

const probe = (hook: Hook, through: string) => `destroy table inet probe
table inet probe {
${Object.entries(STAGES)
  .map(
    ([stage, priority]) => `  set ${stage}_tcp { type inet_service; flags dynamic; size 65536; }
  set ${stage}_udp { type inet_service; flags dynamic; size 65536; }
  set ${stage}_others { type inet_proto; flags dynamic; size 256; }
  chain ${stage} {
    type filter hook ${hook} priority ${priority};
    iifname != "${through}" return
    ct state established,related return
    meta l4proto tcp add @${stage}_tcp { tcp dport }
    meta l4proto udp add @${stage}_udp { udp dport }
    meta l4proto { 1, 4, 41, 47, 50, 58, 89, 132 } add @${stage}_others { meta l4proto }
  }`,
  )
  .join("\n")}
}
`;

/** On a machine that knocks: 131,070 connections would fill its table, and the rest would not leave it. */
const UNTRACKED = `table inet untracked {
  chain output { type filter hook output priority raw; oifname "tailscale0" notrack; }
}
`;

export interface Found {
  tcp: number[];
  udp: number[];
  /** Numbers of IP protocols. */
  others: number[];
}

export interface Knocks {
  machine: Machine;
  /** Interface that the packets come in by. */
  through: "eth0" | "tailscale0";
  address: string;
  /** Who knocks: the network itself, as the internet, or another machine. */
  from: Network | Machine;
  /** Default: the machine itself is meant. */
  hook?: Hook;
  /** Default: all of them. */
  ports?: readonly number[];
}

/** @returns what passed; throws where not everything arrived, which would prove nothing */
export async function passed(knocks: Knocks): Promise<Found> {
  const { machine, through, address, from, hook = "input", ports = [] } = knocks;
  await machine.run("nft -f -", { input: probe(hook, through) });
  const args = [address, ...ports.map(String)];
  const script = readFileSync(KNOCK, "utf8");
  if (from instanceof Network) await from.run(["python3", "-", ...args], { input: script });
  else {
    await from.run("nft -f -", { input: UNTRACKED });
    await from.run(`python3 - ${args.join(" ")}`, { input: script });
    await from.run("nft destroy table inet untracked");
  }
  const [arrived, found] = [await listed(machine, "arrived"), await listed(machine, "passed")];
  await machine.run("nft destroy table inet probe");
  const expected = ports.length || 65535;
  expect([arrived.tcp.length, arrived.udp.length, arrived.others.length]).toEqual([expected, expected, 7]);
  return found;
}

async function listed(machine: Machine, stage: keyof typeof STAGES): Promise<Found> {
  const set = (name: string) => numbersIn(machine, "probe", `${stage}_${name}`);
  return { tcp: await set("tcp"), udp: await set("udp"), others: await set("others") };
}
