/** What is wrong with a sizing, in messages that say what to write instead. */

import { biggerSizes } from "../../catalogue/droplets";
import type { SidekiqProcess } from "../../catalogue/queues";
import type { MemoryLine } from "../../services/service";
import type { Problem } from "../../settings/problem";
import type { ConnectionBudget } from "./connections";
import type { Host } from "./input";
import { totalMiB } from "./memory";
import type { MainOverrides } from "./overrides";
import { largestPool, MAX_CONNECTIONS_CEILING } from "./postgres";
import { leastRedisMiB, type RedisNeed } from "./state";

/** What another size, or other settings, change about a machine. */
export interface MachineChanges extends Partial<Host> {
  overrides?: MainOverrides;
  sidekiq?: readonly SidekiqProcess[];
}

type Machine = Host & { overrides?: MainOverrides; sidekiq: readonly SidekiqProcess[] };
type LayOut = (changes: MachineChanges) => readonly MemoryLine[];

/** The sum must fit into the RAM. If settings make it too large, the message names them; otherwise it recommends a size that was tried. */
export function memoryProblems(
  key: string,
  machine: Machine,
  memory: readonly MemoryLine[],
  layOut: LayOut,
): Problem[] {
  const hint = cacheSizeProblems(machine);
  const total = totalMiB(memory);
  if (total <= machine.memoryMiB) return hint;
  const culprits = settingsTooLarge(key, machine, total, layOut);
  return [...hint, ...(culprits.length > 0 ? culprits : [sizeTooSmall(key, machine, memory, layOut)])];
}

function sizeTooSmall(key: string, machine: Machine, memory: readonly MemoryLine[], layOut: LayOut): Problem {
  const fitting = fittingSize(machine, layOut);
  const largest = memory
    .toSorted((a, b) => b.mib - a.mib)
    .slice(0, 3)
    .map(({ item, mib }) => `${item} ${mib}`);
  const unwatched = layOut({ overrides: { ...machine.overrides, watch: false } });
  const shrink = `fewer Sidekiq processes or threads in ${key}.sidekiq${totalMiB(unwatched) <= machine.memoryMiB ? `, or ${key}.watch: false` : ""}`;
  const remedy = fitting
    ? `write ${fitting.slug} (${fitting.memoryMiB} MiB), or ${shrink}`
    : `no droplet is large enough; write ${shrink}`;
  return {
    key: `${key}.size`,
    message:
      `is ${named(machine)}, but what runs there needs ${totalMiB(memory)} MiB ` +
      `(the largest: ${largest.join(", ")}); ${remedy}`,
  };
}

const fittingSize = (machine: Machine, layOut: LayOut) =>
  biggerSizes(machine.memoryMiB, machine.slug).find(
    ({ slug, memoryMiB, vcpus }) => totalMiB(layOut({ slug, memoryMiB, vcpus })) <= memoryMiB,
  );

const named = ({ slug, memoryMiB }: Host) => `${slug ?? "a droplet"} with ${memoryMiB} MiB`;

/** A setting of the user's that takes memory. */
interface Given {
  key: string;
  value: number;
  /** The machine with another value for the setting; undefined stands for the computed value. */
  with: (value: number | undefined) => MachineChanges;
}

const MEMORY_SETTINGS = [
  ["postgres", "sharedBuffersMiB"],
  ["postgres", "workMemMiB"],
  ["postgres", "maintenanceWorkMemMiB"],
  ["redis", "maxMemoryMiB"],
  ["cacheRedis", "maxMemoryMiB"],
  ["web", "processes"],
  ["streaming", "memoryMiB"],
] as const;

function givenSettings(key: string, { overrides = {}, sidekiq }: Machine): Given[] {
  const services = MEMORY_SETTINGS.flatMap(([service, name]): Given[] => {
    const given = overrides[service] as Readonly<Record<string, number | undefined>> | undefined;
    const value = given?.[name];
    if (value === undefined) return [];
    return [
      {
        key: `${key}.${service}.${name}`,
        value,
        with: (other) => ({
          overrides: { ...overrides, [service]: { ...given, [name]: other } } as MainOverrides,
        }),
      },
    ];
  });
  const processes = sidekiq.flatMap(({ memoryMiB: value }, i): Given[] =>
    value === undefined
      ? []
      : [
          {
            key: `${key}.sidekiq[${i}].memoryMiB`,
            value,
            with: (memoryMiB) => ({
              sidekiq: sidekiq.map((process, p) => (p === i ? { ...process, memoryMiB } : process)),
            }),
          },
        ],
  );
  return [...services, ...processes];
}

/** The one setting without which everything fits. If no single one is enough, all settings that take more than would be computed. */
function settingsTooLarge(key: string, machine: Machine, total: number, layOut: LayOut): Problem[] {
  const given = givenSettings(key, machine)
    .map((one) => ({ ...one, without: totalMiB(layOut(one.with(undefined))) }))
    .filter(({ without }) => without < total)
    .toSorted((a, b) => a.without - b.without);
  const everything = given.reduce((saved, { without }) => saved + total - without, 0);
  if (total - everything > machine.memoryMiB) return [];
  const [largest] = given;
  const fitting = fittingSize(machine, layOut);
  const elsewhere = fitting ? `leave it out, or write ${key}.size: ${fitting.slug}` : "or leave it out";
  const culprits = largest && largest.without <= machine.memoryMiB ? [largest] : given;
  return culprits.map((one) => ({
    key: one.key,
    message:
      `is ${one.value}, and with it what runs on ${machine.slug ?? "the droplet"} needs ${total} of ${machine.memoryMiB} MiB; ` +
      (one.without > machine.memoryMiB
        ? elsewhere.replace(/^or /, "")
        : `write at most ${mostThatFits(one, machine.memoryMiB, layOut)}, ${elsewhere}`),
  }));
}

/** The largest value with which everything fits, found by bisection. */
function mostThatFits({ value, with: changed }: Given, memoryMiB: number, layOut: LayOut): number {
  let [fits, tooMuch] = [0, value];
  while (tooMuch - fits > 1) {
    const middle = Math.floor((fits + tooMuch) / 2);
    if (totalMiB(layOut(changed(middle))) <= memoryMiB) fits = middle;
    else tooMuch = middle;
  }
  return fits;
}

/** Not an allocation, but what Postgres' planner assumes to be cached. More than the RAM is never true. */
function cacheSizeProblems({ overrides, memoryMiB }: Machine): Problem[] {
  const value = overrides?.postgres?.effectiveCacheSizeMiB ?? 0;
  if (value <= memoryMiB) return [];
  return [
    {
      key: "main.postgres.effectiveCacheSizeMiB",
      message: `is ${value}, more than the droplet's ${memoryMiB} MiB; write at most ${memoryMiB}, or leave it out`,
    },
  ];
}

/** A full Redis refuses new jobs, and jobs that fail have nowhere to put their retry. */
export function redisProblems(need: RedisNeed, { maxMemoryMiB }: { maxMemoryMiB: number }): Problem[] {
  const least = leastRedisMiB(need);
  if (maxMemoryMiB >= least) return [];
  return [
    {
      key: "main.redis.maxMemoryMiB",
      message:
        `is ${maxMemoryMiB}, but people's feeds take ${Math.ceil(need.feedsMiB)} MiB and the ${count(need.jobs)} jobs that wait after ` +
        `the outage ${Math.ceil(need.jobsMiB)}; write at least ${least}, or leave it out`,
    },
  ];
}

const count = (jobs: number) => Math.ceil(jobs).toLocaleString("en-US");

/** Each remedy is complete by itself; if all of them are written, no problem is left. */
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
    const message = `is ${serverLimit}, more than Postgres handles well; write at most ${MAX_CONNECTIONS_CEILING}, which pgbouncer shares among all clients`;
    return [{ key, message }];
  }
  const needed = Math.min(serverTotal, MAX_CONNECTIONS_CEILING);
  if (postgres?.maxConnections === undefined || serverLimit >= needed) return [];
  const message = `is ${serverLimit}, but pgbouncer and the direct connections need ${needed}; write at least ${needed}, or leave it out`;
  return [{ key, message }];
}
