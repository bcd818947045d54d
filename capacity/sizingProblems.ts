/** What is wrong with a sizing, in words that say what to write instead. */

import type { ConnectionBudget } from "./connections";
import { biggerSizes, type DropletSize } from "./droplets";
import type { Host, MainOverrides } from "./hosts";
import { type MemoryLine, totalMiB } from "./memory";
import { largestPool, MAX_CONNECTIONS_CEILING } from "./postgres";
import type { Problem } from "./problem";

type Candidate = Pick<DropletSize, "slug" | "memoryMiB" | "vcpus">;

/** The sum of the limits must fit in the RAM. A recommended size is laid out first, because limits grow with it. */
export function memoryProblems(
  sizeKey: string,
  sidekiqKey: string,
  host: Host,
  memory: readonly MemoryLine[],
  layOut: (host: Candidate) => { memory: readonly MemoryLine[] },
): Problem[] {
  const total = totalMiB(memory);
  if (total <= host.memoryMiB) return [];
  const fitting = biggerSizes(host.memoryMiB, host.slug).find(
    ({ slug, memoryMiB, vcpus }) => totalMiB(layOut({ slug, memoryMiB, vcpus }).memory) <= memoryMiB,
  );
  const largest = memory
    .toSorted((a, b) => b.mib - a.mib)
    .slice(0, 3)
    .map(({ item, mib }) => `${item} ${mib}`);
  const shrink = `fewer Sidekiq processes or threads in ${sidekiqKey}`;
  const remedy = fitting
    ? `write ${fitting.slug} (${fitting.memoryMiB} MiB), or ${shrink}`
    : `no droplet is big enough, write ${shrink}`;
  return [
    {
      key: sizeKey,
      message:
        `is ${host.slug ?? "a droplet"} with ${host.memoryMiB} MiB, but the memory limits add up to ${total} MiB ` +
        `(the largest: ${largest.join(", ")}); ${remedy}`,
    },
  ];
}

/** Each remedy stands for itself: with all of them written there is no problem left. */
export function connectionProblems(budget: ConnectionBudget, overrides: MainOverrides): Problem[] {
  return [...clientProblems(budget), ...poolProblems(budget), ...postgresProblems(budget, overrides)];
}

function clientProblems({ client, clientTotal, clientLimit }: ConnectionBudget): Problem[] {
  if (clientTotal <= clientLimit) return [];
  const parts = client.map(({ item, connections }) => `${item} ${connections}`).join(", ");
  return [
    {
      key: "main.pgbouncer.maxClientConnections",
      message:
        `is ${clientLimit}, but Mastodon opens up to ${clientTotal} connections (${parts}); ` +
        `write at least ${clientTotal}, or leave it out`,
    },
  ];
}

function poolProblems({ serverTotal }: ConnectionBudget): Problem[] {
  if (serverTotal <= MAX_CONNECTIONS_CEILING) return [];
  return [
    {
      key: "main.pgbouncer.defaultPoolSize",
      message:
        `needs ${serverTotal} connections to Postgres with the pool's reserve and the direct ones, more than ` +
        `${MAX_CONNECTIONS_CEILING}; write at most ${largestPool(MAX_CONNECTIONS_CEILING)}, or leave it out`,
    },
  ];
}

function postgresProblems(
  { serverTotal, serverLimit }: ConnectionBudget,
  { postgres }: MainOverrides,
): Problem[] {
  const key = "main.postgres.maxConnections";
  if (serverLimit > MAX_CONNECTIONS_CEILING) {
    const message = `is ${serverLimit}, more than Postgres takes well; write at most ${MAX_CONNECTIONS_CEILING}, pgbouncer shares them`;
    return [{ key, message }];
  }
  const needed = Math.min(serverTotal, MAX_CONNECTIONS_CEILING);
  if (postgres?.maxConnections === undefined || serverLimit >= needed) return [];
  const message = `is ${serverLimit}, but pgbouncer and the direct connections need ${needed}; write at least ${needed}, or leave it out`;
  return [{ key, message }];
}
