/** The tailnet of the lab's machines: what its stand-in on each of them (standIns/tailscale, tailscaled) is told. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../lab/machine";

const FOLDER = "/var/lib/fake-tailnet";

export interface Addresses {
  v4: string;
  v6: string;
}

/** Of the machine with that number in the lab's network. */
export const tailnetAddresses = (number: number): Addresses => ({
  v4: `100.64.0.${number}`,
  v6: `fd7a:115c:a1e0::${number}`,
});

const lines = ({ v4, v6 }: Addresses) => `${v4}\n${v6}\n`;

/** Puts the file over the base of a machine that joins with these addresses. */
export const givenAddresses = (number: number) => ({
  [`${FOLDER}/addresses`]: { content: lines(tailnetAddresses(number)) },
});

/** What the control plane gives the machine from now on; undefined: nothing. */
export function give(machine: Machine, addresses: Addresses | undefined): void {
  if (addresses) machine.write(`${FOLDER}/addresses`, lines(addresses));
  else rmSync(join(machine.root, FOLDER, "addresses"), { force: true });
}

/** While it is down a daemon learns nothing; what it has learned it keeps until it is restarted. */
export function controlPlane(machine: Machine, state: "up" | "down"): void {
  const file = `${FOLDER}/control-plane-down`;
  if (state === "down") machine.write(file, "");
  else rmSync(join(machine.root, file), { force: true });
}

/** As `tailscale status --json` has it. */
export interface Peer {
  HostName: string;
  Tags: readonly string[];
  Online: boolean;
  TailscaleIPs: readonly string[];
  /** Something was sent to it lately. */
  Active: boolean;
  /** Of the direct path; empty: through the relay. */
  CurAddr: string;
  Relay: string;
}

export const peer = (machine: Machine, tag: string, changes: Partial<Peer> = {}): Peer => {
  const { v4, v6 } = tailnetAddresses(machine.number);
  return {
    HostName: machine.name,
    Tags: [tag],
    Online: true,
    TailscaleIPs: [v4, v6],
    Active: true,
    CurAddr: `${machine.address}:41641`,
    Relay: "lab",
    ...changes,
  };
};

/** Whom the machine sees in the tailnet. */
export function sees(machine: Machine, ...peers: readonly Peer[]): void {
  const status = { Peer: Object.fromEntries(peers.map((one, index) => [`nodekey:${index}`, one])) };
  const path = join(machine.root, FOLDER, "peers.json");
  // In one piece: it is read at any time.
  writeFileSync(`${path}.new`, JSON.stringify(status));
  renameSync(`${path}.new`, path);
}

/** Every call of the tailscale command so far, oldest first. */
export const tailscaleCalls = (machine: Machine): string[] =>
  machine.has(`${FOLDER}/calls`) ? machine.read(`${FOLDER}/calls`).trim().split("\n") : [];
