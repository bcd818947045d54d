/** A machine by itself. */
import type { Finding, MachineFacts } from "../schema";
import { count, percent, secondsBetween, size, span } from "../words";
import { attention, known, note, page, titled } from "./finding";

/** Of a disk's bytes or inodes. Prometheus sees sooner whether it fills up; this is one look. */
const FULL = 0.9;
/** Less is too little for the page cache: every program then waits for the disk. */
const AVAILABLE = 0.05;
/** Share of a minute in which nothing could run for lack of memory. */
const STALLED = 0.1;
/** As in the alarm CpuStolen. */
const STOLEN = 0.1;

type Disk = { mount: string; bytes: number; freeBytes: number; inodesUsed: number };

const disk = (name: string, { mount, bytes, freeBytes, inodesUsed }: Disk): Finding[] => {
  const where = `${mount} on ${name}`;
  const next = page(mount === "/" ? "where-to-look-on-a-machine" : "the-data-volume-is-full");
  if (freeBytes < (1 - FULL) * bytes)
    return [
      attention(
        name,
        `${where} is ${percent(1 - freeBytes / bytes)} full; ${size(freeBytes)} are left.`,
        next,
      ),
    ];
  return inodesUsed > FULL
    ? [attention(name, `${percent(inodesUsed)} of the files that ${where} can have exist.`, next)]
    : [];
};

function memory(
  name: string,
  { bytes, availableBytes, stalled }: { bytes: number; availableBytes: number; stalled: number | null },
) {
  const next = "docs/capacity.md#memory";
  if (stalled !== null && stalled >= STALLED)
    return [
      attention(
        name,
        `Everything on ${name} stood still for ${percent(stalled)} of the last minute, for lack of memory.`,
        next,
      ),
    ];
  return availableBytes < AVAILABLE * bytes
    ? [
        attention(
          name,
          `${titled(name)} has only ${size(availableBytes)} of memory left, of ${size(bytes)}.`,
          next,
        ),
      ]
    : [];
}

function apply(name: string, host: string, { apply: last, applying }: MachineFacts, now: string): Finding[] {
  const journal = `ssh root@${host} journalctl -u host-apply`;
  return known(applying, [name, `Whether an apply is running on ${name}`, journal], (running) =>
    running
      ? [note(name, `An apply is running on ${name}.`, journal)]
      : known(last, [name, `The last apply on ${name}`, journal], ({ state, step, time }) =>
          state === "ok"
            ? []
            : [
                attention(
                  name,
                  `The last apply on ${name} failed at ${step}, ${span(secondsBetween(time, now))} ago. It is tried again by itself.`,
                  journal,
                ),
              ],
        ),
  );
}

/** @param name `main`, or `POOL-NUMBER` */
export function machine(name: string, host: string, facts: MachineFacts, now: string): Finding[] {
  const run = (command: string) => `ssh root@${host} ${command}`;
  return [
    ...known(facts.ready, [name, `Whether ${name} works`, run("mastodon-ready 60")], (what) =>
      what ? [attention(name, `${titled(name)} waits for ${what}.`, page("where-to-look-on-a-machine"))] : [],
    ),
    ...apply(name, host, facts, now),
    ...known(facts.disks, [name, `Room on ${name}'s disks`, run("df -h")], (disks) =>
      disks.flatMap((one) => disk(name, one)),
    ),
    ...known(facts.memory, [name, `${name}'s memory`, run("free -m")], (value) => memory(name, value)),
    ...known(facts.cpu, [name, `${name}'s CPU`, run("top")], ({ stolen }) =>
      stolen > STOLEN
        ? [
            attention(
              name,
              `Other droplets take ${percent(stolen)} of ${name}'s CPU time.`,
              "Choose a size with dedicated CPUs: docs/sizing.md",
            ),
          ]
        : [],
    ),
    ...known(facts.failedUnits, [name, `Failed units on ${name}`, run("systemctl --failed")], (units) =>
      units.length > 0
        ? [
            attention(
              name,
              `${count(units.length, "unit has", "units have")} failed on ${name}: ${units.join(", ")}.`,
              run(`journalctl -eu ${units[0]}`),
            ),
          ]
        : [],
    ),
    ...known(facts.restart, [name, `What ${name} has to restart`, run("needs-restart")], (what) =>
      what.length > 0
        ? [
            note(
              name,
              `${titled(name)} runs code that an update has replaced: ${what.join(", ")}.`,
              page("updates-of-packages"),
            ),
          ]
        : [],
    ),
  ];
}
