/** How a machine's first apply went, from its journal. */
import { monotonic } from "./bootTimes";
import type { Machine } from "./machine";

export interface FirstBoot {
  host: string;
  /** Seconds from power-on to the end of the apply. */
  seconds: number;
  /** Seconds that each of its steps took. */
  steps: ReadonlyMap<string, number>;
  /** Debian packages that it installed. */
  packages: number;
  /** How many times it tried to install them. */
  tries: number;
  /** Seconds from the mirror's return, or from the request if that was later, to the end of the installation. */
  installing: number;
}

interface Apply {
  /** Seconds since this machine's own start. */
  ended: number;
  steps: Map<string, { from: number; to: number }>;
  tries: number;
}

/**
 * The first apply, which cloud-init runs.
 *
 * @param journal the output of `journalctl -o short-monotonic`
 * @throws Error if it did not end, or failed
 */
export function firstApply(journal: string): Apply {
  const lines = [
    ...journal.matchAll(/^\[ *([\d.]+)\] .*cloud-init\[\d+\]: (host-apply|20-packages): (.+)$/gm),
  ].map(([, at, who, said]) => ({ at: Number(at), who, said: said ?? "" }));
  const own = lines.filter(({ who }) => who === "host-apply");
  const steps = new Map(
    own.flatMap(({ at, said }, i) => {
      const to = own[i + 1]?.at;
      return /^\d\d-[a-z-]+$/.test(said) && to !== undefined ? [[said, { from: at, to }] as const] : [];
    }),
  );
  const last = own.at(-1);
  if (last?.said !== "done") throw new Error(`the first apply's last word is: ${last?.said ?? "none"}`);
  const failures = lines.filter(({ who, said }) => who === "20-packages" && said.startsWith("failed, try"));
  return { ended: last.at, steps, tries: failures.length + 1 };
}

/** @param mirrorBack milliseconds since 1970 */
export async function firstBoot(machine: Machine, mirrorBack: number): Promise<FirstBoot> {
  const { ended, steps, tries } = firstApply(await machine.run("journalctl -q -b -o short-monotonic"));
  const packages = steps.get("20-packages");
  if (!packages) throw new Error("the first apply had no step 20-packages");
  return {
    host: (await machine.run("hostname")).trim(),
    seconds: ended - monotonic(machine.poweredAt),
    steps: new Map([...steps].map(([name, { from, to }]) => [name, to - from])),
    packages: Number(await machine.run("grep -c ' install ' /var/log/dpkg.log")),
    tries,
    installing: packages.to - Math.max(packages.from, monotonic(mirrorBack)),
  };
}

/**
 * How many packages dpkg has started and not finished; its database shows that only after a while.
 *
 * @param log /var/log/dpkg.log
 */
export function unfinished(log: string): number {
  const states = new Map(
    [...log.matchAll(/ status (\S+) (\S+) /g)].map(([, state = "", name]) => [name, state]),
  );
  return [...states.values()].filter((state) => /^(half-|unpacked)/.test(state)).length;
}
