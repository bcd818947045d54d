/** Waiting for something to become true. */
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** How much longer everything takes than on an idle machine: the number of processes per core, up to four. */
export const slowness = (): number => Math.min(4, Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()));

/** Asking takes at most a third of the time: what is asked runs on the same cores. */
const pause = (took: number): number => Math.min(1000, Math.max(200, 2 * took));

/**
 * @param seconds that it may take on a machine with idle cores; on a busy machine it may take longer
 * @throws Error that says what it waited for
 */
export async function until(what: string, seconds: number, condition: () => Promise<boolean>): Promise<void> {
  const start = Date.now();
  for (;;) {
    const asked = Date.now();
    if (await condition()) return;
    const waited = (Date.now() - start) / 1000;
    if (waited > seconds * slowness()) throw new Error(`waited ${waited.toFixed(0)} s for ${what}`);
    await sleep(pause(Date.now() - asked));
  }
}
