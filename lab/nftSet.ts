/** Sets of nftables, read from a machine. */
import type { Machine } from "./machine";

/** The numbers in a set (ports, protocols), smallest first. */
export async function numbersIn(machine: Machine, table: string, set: string): Promise<number[]> {
  const text = await machine.run(`nft --json --numeric list set inet ${table} ${set}`);
  const { nftables } = JSON.parse(text) as { nftables: { set?: { elem?: number[] } }[] };
  return (nftables.find((object) => object.set)?.set?.elem ?? []).sort((a, b) => a - b);
}
