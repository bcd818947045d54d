/** Waiting for something to become true. */
import { setTimeout as sleep } from "node:timers/promises";

/** @throws Error that says what it waited for */
export async function until(what: string, seconds: number, condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(200);
  }
}
