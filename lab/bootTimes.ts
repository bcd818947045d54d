/** Where the time goes between a machine's power-on and its first job. */
import type { Machine } from "./machine";

/** A moment of a boot, in seconds since this machine's own start: containers share its clock. */
export interface Moment {
  name: string;
  at: number;
}

/** Journal lines of a worker's first boot that mark the end of each part, in order. */
const PARTS: readonly (readonly [name: string, said: RegExp])[] = [
  ["systemd", /cloud-init\[\d+\]: Cloud-init v\. \S+ running 'init-local'/],
  ["cloud-init before the network", /cloud-init\[\d+\]: Cloud-init v\. \S+ running 'init'/],
  ["network, files", /cloud-init\[\d+\]: Cloud-init v\. \S+ running 'modules:config'/],
  ["cloud-init's modules", /cloud-init\[\d+\]: host-bundle: \d+ files/],
  ["steps before the tailnet", /cloud-init\[\d+\]: host-apply: 40-tailnet/],
  ["joining the tailnet", /tailscaled\[\d+\]: Switching ipn state \S+ -> Running/],
  ["Docker", /cloud-init\[\d+\]: host-apply: 50-worker/],
  ["containers", /mastodon-worker\[\d+\]: \d+ Sidekiq processes of \S+ run against main/],
];

/** @param journal the output of `journalctl -o short-monotonic` */
export function moments(journal: string): Moment[] {
  const lines = journal.split("\n");
  return PARTS.map(([name, said]) => {
    const line = lines.find((one) => said.test(one));
    const [, at] = /^\[\s*([\d.]+)\]/.exec(line ?? "") ?? [];
    if (at === undefined) throw new Error(`the journal does not say when this is over: ${name} (${said})`);
    return { name, at: Number(at) };
  });
}

/** `12.3 s: systemd 1.0, …`: each part's seconds since the previous part. */
export function breakdown(power: number, parts: readonly Moment[]): string {
  const each = parts.map(({ name, at }, i) => `${name} ${(at - (parts[i - 1]?.at ?? power)).toFixed(1)}`);
  return `${((parts.at(-1)?.at ?? power) - power).toFixed(1)} s: ${each.join(", ")}`;
}

/** Converts milliseconds since 1970. */
export const monotonic = (at: number): number =>
  Number(process.hrtime.bigint()) / 1e9 - (Date.now() - at) / 1000;

/** Seconds from a machine's power-on until its containers start, and from there to its first job. */
export interface BootTime {
  machine: number;
  mastodon: number;
  text: string;
}

/**
 * The parts of the time from the machine's power-on to its first job.
 *
 * @param firstJob milliseconds since 1970
 */
export async function untilFirstJob(machine: Machine, firstJob: number): Promise<BootTime> {
  const journal = await machine.run("journalctl -q -b -o short-monotonic");
  return bootTime(journal, monotonic(machine.poweredAt), monotonic(firstJob));
}

/** @param journal the output of `journalctl -o short-monotonic` */
export function bootTime(journal: string, power: number, firstJob: number): BootTime {
  const parts = [...moments(journal), { name: "Mastodon and its first job", at: firstJob }];
  const started = parts.at(-2)?.at ?? power;
  return { machine: started - power, mastodon: firstJob - started, text: breakdown(power, parts) };
}
