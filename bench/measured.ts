/** The cost of a preview: time, and the peak memory of its two processes. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { median } from "../tools/median";

export interface Measured {
  seconds: number;
  /** The program's process, in MiB. */
  programMiB: number;
  /** The CLI's process, which is also the engine, in MiB. */
  engineMiB: number;
}

/** How often Linux is asked for a process' peak. It keeps the highest value, so only the last moment can be missed. */
const INTERVAL_MS = 20;

/** Peak of a living process, in MiB; undefined if it is gone. */
function peakMiB(pid: number | undefined): number | undefined {
  try {
    const [, kiB] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kiB === undefined ? undefined : Number(kiB) / 1024;
  } catch {
    return undefined;
  }
}

/**
 * @param program process id of what the engine started, once it exists
 * @throws Error with the whole output, if it fails
 */
export function measure(
  start: () => ChildProcess,
  program: () => number | undefined,
): Promise<{ measured: Measured; output: string }> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const engine = start();
    const peaks = { programMiB: 0, engineMiB: 0 };
    const timer = setInterval(() => {
      peaks.engineMiB = peakMiB(engine.pid) ?? peaks.engineMiB;
      peaks.programMiB = peakMiB(program()) ?? peaks.programMiB;
    }, INTERVAL_MS);
    let output = "";
    for (const stream of [engine.stdout, engine.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    engine.on("error", reject);
    engine.on("close", (code) => {
      clearInterval(timer);
      const seconds = (performance.now() - begin) / 1000;
      if (code === 0) resolve({ measured: { seconds, ...peaks }, output });
      else reject(new Error(output));
    });
  });
}

/** Each figure's median. */
export function medians(runs: readonly Measured[]): Measured {
  const of = (figure: keyof Measured) => median(runs.map((run) => run[figure]));
  return { seconds: of("seconds"), programMiB: of("programMiB"), engineMiB: of("engineMiB") };
}
