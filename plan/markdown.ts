/** The plan in Markdown, for a pull request. */
import { markdownTable } from "../report/markdownTable";
import {
  type Budget,
  burstNote,
  connectionBudgets,
  cpuBudgets,
  databaseNote,
  mainAccount,
  mainAndPools,
  memoryBudgets,
  named,
  percent,
  QUEUE_NOTE,
  queueCells,
  queueHead,
  shownHours,
  TAILNET_PORTS,
  usd,
  verdict,
  waitingAt,
} from "./figures";
import type { Plan, PlanHost, PlanQueue } from "./schema";
import { accountTrees } from "./tree";

/** A value that a user wrote, on one line and escaped: nothing in it acts as Markdown, a mention or HTML. */
export function code(value: string): string {
  const line = value.replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = /^`|`$/.test(line) || line === "" ? " " : "";
  return `${fence}${space}${line}${space}${fence}`;
}

/** A sentence of this program that may contain such a value. */
const sentence = (text: string) =>
  text
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[\\`*_[\]<>#|~]/g, "\\$&")
    // GitHub would notify the account of that name.
    .replace(/@(?=\w)/g, "@\u200b");

const table = (...of: Parameters<typeof markdownTable>) => [...markdownTable(...of), ""];

export function planMarkdown(plan: Plan): string {
  return [
    `# Plan of ${plan.stack}: ${plan.web}`,
    "",
    `Mastodon ${plan.mastodonVersion} in ${plan.region}; ${usd(plan.price.totalUsd)} a month, ${usd(plan.price.s3Usd)} of it S3 (estimate).`,
    "",
    ...plan.warnings.map((warning) => `> ⚠️ ${sentence(warning)}\n`),
    verdict(plan),
    "",
    ...diagram(plan),
    "## Machines",
    "",
    ...table(["machine", "size", "Sidekiq", "memory (MiB)"], plan.hosts.map(machineRow)),
    "## Queues",
    "",
    ...table(
      [...queueHead(plan.capacity), "waiting jobs, from the outage's start"],
      plan.capacity.queues.map((queue) => [...queueCells(queue), spark(plan, queue)]),
    ),
    `${QUEUE_NOTE} The last column is the backlog's course, each queue to its own peak; \`npm run plan\` draws it as curves in plan.html.`,
    "",
    burstNote(plan),
    "",
    databaseNote(plan),
    "",
    "## Budgets",
    "",
    ...table(
      ["what", "used", "of its limit"],
      [
        ["CPU at the busy hour", cpuBudgets(plan)] as const,
        ["memory", memoryBudgets(plan)] as const,
        ["connections", connectionBudgets(plan)] as const,
      ].flatMap(([what, budgets]) =>
        budgets.map((budget) => [`${what}, ${budget.name}`, budget.words, bar(budget)]),
      ),
    ),
    "## Connections",
    "",
    ...table(
      ["to", "used", "limit", "by"],
      [
        [
          "pgbouncer",
          plan.connections.clientTotal,
          plan.connections.clientLimit,
          listed(plan.connections.client),
        ],
        [
          "Postgres",
          plan.connections.serverTotal,
          plan.connections.serverLimit,
          listed(plan.connections.server),
        ],
      ],
    ),
    "## Price per month",
    "",
    ...table(
      ["item", "account", "USD"],
      [
        ...plan.price.lines.map(({ item, account, monthlyUsd }) => [item, account, usd(monthlyUsd)]),
        ["**total**", "", `**${usd(plan.price.totalUsd)}**`],
      ],
    ),
    `${usd(plan.price.perMillionJobsUsd)} for droplets and volume per million jobs. Not counted: ${plan.price.notCounted}.`,
    "",
    "## Resources",
    "",
    ...accountTrees(plan).flatMap(({ title, count, lines }) => [
      "<details>",
      `<summary>${title}: ${count}</summary>`,
      "",
      ...lines.map(
        ({ depth, label, details }) =>
          `${"  ".repeat(depth)}- ${label}${details ? `: ${sentence(details)}` : ""}`,
      ),
      "",
      "</details>",
      "",
    ]),
    ...toSet(plan),
  ].join("\n");
}

/** ▁ if nothing waits, █ at the peak. */
function spark({ capacity }: Plan, { queue }: PlanQueue): string {
  const columns = 16;
  const jobs = Array.from({ length: columns }, (_, i) =>
    waitingAt(capacity, queue, (shownHours(capacity) * i) / (columns - 1)),
  );
  const most = Math.max(...jobs);
  return jobs.map((waiting) => "▁▂▃▄▅▆▇█"[most === 0 ? 0 : Math.ceil((7 * waiting) / most)]).join("");
}

function bar({ used, limit }: Budget): string {
  const share = limit === 0 ? 0 : used / limit;
  const full = Math.min(Math.round(share * 10), 10);
  return `${"█".repeat(full)}${"░".repeat(10 - full)} ${percent(share)}`;
}

const listed = (lines: readonly { item: string; connections: number }[]) =>
  lines.map(({ item, connections }) => `${item} ${connections}`).join(", ");

function machineRow({
  name,
  count,
  size,
  vcpus,
  cpu,
  memoryMiB,
  memory,
  sidekiq,
}: PlanHost): (string | number)[] {
  const used = memory.reduce((sum, { mib }) => sum + mib, 0);
  return [
    named({ name, count }),
    `${size} (${vcpus} ${cpu} vCPU)`,
    sidekiq.map(({ queues, threads, replicas }) => `${replicas} × ${threads} threads: ${queues}`).join("; "),
    `${used} of ${memoryMiB}`,
  ];
}

/** The topology as GitHub draws it. */
function diagram(plan: Plan): string[] {
  const { web, media, hosts } = plan;
  const box = ({ name, count, size, sidekiq }: PlanHost) =>
    `${id(name)}["${named({ name, count })}<br>${size}<br>${sidekiq.map(({ queues }) => queues).join("<br>")}"]`;
  const { main, pools } = mainAndPools(hosts);
  if (!main) return [];
  return [
    "```mermaid",
    "flowchart LR",
    `  people(["people and other servers"]) -- "443, 80: ${web}, ${media}" --> main`,
    `  subgraph accountMain["${mainAccount(plan)}"]`,
    `    ${box(main)}`,
    '    volume[("data volume<br>Postgres, Redis")] --- main',
    ...pools.filter(({ account }) => account === "main").map((pool) => `    ${box(pool)}`),
    "  end",
    ...(pools.some(({ account }) => account === "workers")
      ? [
          '  subgraph accountWorkers["DigitalOcean, worker account"]',
          ...pools.map((pool) => `    ${box(pool)}`),
          "  end",
        ]
      : []),
    ...pools.map(({ name }) => `  ${id(name)} -- "tailnet: ${TAILNET_PORTS}" --> main`),
    '  s3[("S3: media")]',
    "  main --> s3",
    ...pools.map(({ name }) => `  ${id(name)} --> s3`),
    '  main -- "WAL, backups, dumps" --> backups[("S3: backups")]',
    "```",
    "",
  ];
}

const id = (name: string) => name.replace(/[^a-z0-9]/g, "_");

function toSet({ stack, toSetBeforeUp: { examples, secrets, elsewhere } }: Plan): string[] {
  if (examples.length + secrets.length === 0) return [];
  return [
    "## To do before up",
    "",
    ...elsewhere.map(({ where, what }) => `- ${where}: ${what}`),
    ...examples.map(
      ({ key, value }) => `- ${code(key)} in Pulumi.${stack}.yaml: ${code(value)} is an example`,
    ),
    ...secrets.map(({ description, command }) => `- \`${command}\`: ${description}`),
    "",
  ];
}
