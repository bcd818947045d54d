/** What an `up` did, as a row of the table in docs/operations.md. */

import type { Run, Step } from "../../doubles/engine/engineStack";
import type { Entry } from "../../doubles/journal";

export const COLUMNS = ["change", "creates", "changes in place", "replaces", "deletes", "on the machines"];

/** Parts of a machine or a pool by name: `main: data, ready`. */
function grouped(names: readonly string[]): string {
  const groups = new Map<string, string[]>();
  for (const name of [...new Set(names)].sort()) {
    const [, group = name, part] = /^(main|workers-[a-z]+(?:-\d+)?)-(.+)$/.exec(name) ?? [];
    groups.set(group, [...(groups.get(group) ?? []), ...(part ? [part] : [])]);
  }
  return [...groups].map(([group, parts]) => `**${group}**: ${parts.join(", ")}`).join("; ");
}

const named = (steps: readonly Step[], op: string) =>
  steps.filter((s) => s.op === op).map(({ name }) => name);

/** New first where the successor is there before the old one goes. */
function replacements(steps: readonly Step[]): string {
  const at = (op: string, name: string) => steps.findIndex((step) => step.op === op && step.name === name);
  const replaced = named(steps, "create-replacement");
  const oldFirst = replaced.filter((name) => {
    const gone = at("delete-replaced", name);
    return gone >= 0 && gone < at("create-replacement", name);
  });
  const newFirst = replaced.filter((name) => !oldFirst.includes(name));
  return [
    newFirst.length > 0 ? `new first: ${grouped(newFirst)}` : "",
    oldFirst.length > 0 ? `old first: ${grouped(oldFirst)}` : "",
  ]
    .filter(Boolean)
    .join("; ");
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^boot$/, "boots"],
  [/host-receive: 0$/, "takes its new files"],
  [/mastodon-ready \d+: 0$/, "works"],
  [/mastodon-drain: 0$/, "drains and logs out"],
  [/^unmount/, "unmounts the volume"],
  [/^mount/, "mounts the volume"],
  [/^volume detached/, ""],
  [/^shut down/, "shuts down"],
];

function machines(journal: readonly Entry[], before: ReadonlySet<string>): string {
  const said = new Map<string, { order: string; words: string[] }>();
  for (const { where, what, name, detail } of journal) {
    if (where !== "machines") continue;
    const event = what === "ssh" ? (detail ?? "") : what;
    const word = WORDS.find(([pattern]) => pattern.test(event));
    if (!word) throw new Error(`no word for ${what} ${detail}`);
    // A host name is the droplet's name and the end of its key's id.
    const droplet = name.replace(/^mastodon-prod-(.+)-[a-z0-9]+$/, "$1");
    const isNew = !before.has(name);
    // Workers make way for their successors, main goes before its own.
    const order = `${droplet} ${isNew === (droplet === "main") ? 2 : 1}`;
    const machine = said.get(name) ?? { order, words: [`${isNew ? "new " : ""}${droplet}`] };
    if (word[1]) machine.words.push(word[1]);
    said.set(name, machine);
  }
  return [...said.values()]
    .sort((a, b) => a.order.localeCompare(b.order))
    .map(({ words: [machine, ...words] }) => `${machine} ${words.join(", ")}`)
    .join("; ");
}

/** @param before host names of the machines that were there */
export function row(
  change: string,
  { steps: all }: Run,
  journal: readonly Entry[],
  before: ReadonlySet<string>,
): string[] {
  const steps = all.filter(({ type }) => !type.startsWith("mastodon-hosting:"));
  return [
    change,
    grouped(named(steps, "create")),
    grouped(named(steps, "update")),
    replacements(steps),
    grouped(named(steps, "delete")),
    machines(journal, before),
  ];
}

export const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
