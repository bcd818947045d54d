/** Waiting for something to become true. */
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** How much longer everything takes than on an idle machine: the number of processes per core, up to four. */
const slowness = (): number => Math.min(4, Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()));

/**
 * @param seconds that it may take on a machine with idle cores; on a busy machine it may take longer
 * @throws Error that says what it waited for
 */
export async function until(what: string, seconds: number, condition: () => Promise<boolean>): Promise<void> {
  const start = Date.now();
  while (!(await condition())) {
    const waited = (Date.now() - start) / 1000;
    if (waited > seconds * slowness()) throw new Error(`waited ${waited.toFixed(0)} s for ${what}`);
    await sleep(200);
  }
}
