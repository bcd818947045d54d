/** The kinds of change that docs/operations.md tells of, one after the other on one stack. */
import type { Settings } from "../../doubles/engine/engineStack";

export interface Change {
  title: string;
  edit(settings: Settings): void;
}

export const CHANGES: Change[] = [
  {
    title: "`mastodonVersion` to another patch release",
    edit: (settings) => {
      settings.mastodonVersion = "v4.7.5";
    },
  },
  {
    title: "threads of a worker's process",
    edit: ({ workers }) => {
      processOf(workers[0]).threads = 6;
    },
  },
  {
    title: "threads of a process on main",
    edit: ({ main }) => {
      processOf(main).threads = 6;
    },
  },
  {
    title: "another pool, `ingress`",
    edit: ({ workers }) => {
      workers.push({
        name: "ingress",
        count: 1,
        size: "c-2",
        sidekiq: [{ queues: ["ingress"], threads: 5 }],
      });
    },
  },
  {
    title: "`count` 1 → 3",
    edit: ({ workers }) => Object.assign(workers[0] ?? {}, { count: 3 }),
  },
  {
    title: "`count` 3 → 1",
    edit: ({ workers }) => Object.assign(workers[0] ?? {}, { count: 1 }),
  },
  {
    title: "a pool's `size`",
    edit: ({ workers }) => Object.assign(workers[0] ?? {}, { size: "c-4" }),
  },
  {
    title: "a pool's `generation`",
    edit: ({ workers }) => Object.assign(workers[0] ?? {}, { generation: 2 }),
  },
  {
    title: "`main.size`, with `main.generation`",
    edit: ({ main }) => Object.assign(main, { size: "g-8vcpu-32gb", generation: 2 }),
  },
  {
    title: "`main.volumeGiB`",
    edit: ({ main }) => Object.assign(main, { volumeGiB: 200 }),
  },
];

function processOf(host: Record<string, unknown> | undefined): Record<string, unknown> {
  const [first] = (host?.sidekiq ?? []) as Record<string, unknown>[];
  if (!first) throw new Error("no Sidekiq process");
  return first;
}
