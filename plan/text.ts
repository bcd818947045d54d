/** The plan for a terminal. */
import { heading, table, wrapped } from "../report/terminal";
import {
  burstNote,
  databaseNote,
  gib,
  hostCpu,
  mainAccount,
  QUEUE_NOTE,
  queueCells,
  queueHead,
  usd,
  verdict,
} from "./figures";
import type { Plan, PlanHost } from "./schema";
import { accountTrees } from "./tree";

const total = (lines: readonly { mib: number }[]) => lines.reduce((sum, { mib }) => sum + mib, 0);

/** `item 12, other 3`, or one line if there is nothing. */
const listed = (lines: readonly (readonly [string, number])[]) =>
  lines.map(([item, amount]) => `${item} ${amount}`).join(", ");

export function planText(plan: Plan): string {
  return [
    `Plan of stack ${plan.stack}: https://${plan.web} on Mastodon ${plan.mastodonVersion}, in ${plan.region}`,
    "No account was asked and nothing was changed.",
    ...heading("Machines"),
    ...plan.hosts.flatMap((host) => machine(host, mainAccount(plan))),
    ...heading("Queues"),
    ...queues(plan),
    ...heading("Connections"),
    ...connections(plan),
    ...heading(
      `Resources: ${plan.resources.filter(({ component, provider }) => !component && provider).length}`,
    ),
    counted(plan),
    ...accountTrees(plan).flatMap(({ title, count, lines }) => [
      `${title}: ${count}`,
      ...table(lines.map(({ depth, label, details }) => [`${"  ".repeat(depth)}${label}`, details])),
    ]),
    ...heading("Price per month"),
    ...prices(plan),
    ...heading(plan.warnings.length === 0 ? "No warnings" : `Warnings: ${plan.warnings.length}`),
    ...plan.warnings.flatMap((warning) => wrapped(`! ${warning}`, "  ")),
    ...toSet(plan),
    "",
  ].join("\n");
}

function machine(host: PlanHost, main: string): string[] {
  const { name, count, size, vcpus, cpu, memoryMiB, memory, userDataBytes } = host;
  return [
    `${count === 1 ? name : `${count} × ${name}`}: ${size} (${vcpus} ${cpu} vCPU, ${gib(memoryMiB)})${main === "DigitalOcean" ? "" : `, ${host.account} account`}`,
    ...host.services.map((service) => `    ${service}`),
    ...host.sidekiq.map(
      ({ queues, threads, replicas, memoryMiB: limit }) =>
        `    ${replicas === 1 ? "" : `${replicas} × `}Sidekiq, ${threads} threads, at most ${limit} MiB: ${queues}`,
    ),
    `    memory: ${gib(total(memory))} of ${gib(memoryMiB)}, in MiB:`,
    ...wrapped(listed(memory.map(({ item, mib }) => [item, mib])), "      "),
    `    CPU at the busy hour: ${hostCpu(host)}`,
    `    user data: ${(userDataBytes / 1024).toFixed(1)} of 64 KiB`,
  ];
}

/** The engine also counts what is not created in an account. */
function counted({ resources }: Plan): string {
  const components = resources.filter(({ component }) => component).length;
  const providers = resources.filter(({ type }) => type.startsWith("pulumi:providers:")).length;
  return `pulumi counts ${resources.length + 1}: also ${components} components, ${providers} providers and the stack itself`;
}

function queues(plan: Plan): string[] {
  const { capacity } = plan;
  return [
    ...wrapped(verdict(plan), "  "),
    ...table([queueHead(capacity), ...capacity.queues.map(queueCells)]),
    ...wrapped(QUEUE_NOTE.replaceAll("`", ""), "  "),
    ...wrapped(burstNote(plan), "  "),
    ...wrapped(databaseNote(plan), "  "),
  ];
}

function connections({ connections: budget }: Plan): string[] {
  const line = (
    what: string,
    lines: readonly { item: string; connections: number }[],
    sum: number,
    limit: number,
  ) => [
    `  ${what}: ${sum} of ${limit}`,
    ...wrapped(listed(lines.map(({ item, connections: n }) => [item, n])), "    "),
  ];
  return [
    ...line("clients of pgbouncer", budget.client, budget.clientTotal, budget.clientLimit),
    ...line("connections to Postgres", budget.server, budget.serverTotal, budget.serverLimit),
  ];
}

function prices({ price }: Plan): string[] {
  return [
    ...sums(price),
    ...wrapped(
      `That is ${usd(price.dropletsAndVolumesUsd)} for DigitalOcean (${usd(price.perMillionJobsUsd)} per million jobs) and about ` +
        `${usd(price.s3Usd)} for S3, estimated from pricing.*. List prices known on ${price.catalogueChecked}. Not counted: ${price.notCounted}.`,
      "  ",
    ),
  ];
}

/** The lines of the bill, and their sum under a rule. */
function sums({ lines, totalUsd }: Plan["price"]): string[] {
  const rows = table([
    ...lines.map(({ item, account, monthlyUsd }) => [item, account, usd(monthlyUsd)]),
    ["total", "", usd(totalUsd)],
  ]);
  const rule = `  ${"─".repeat(Math.max(...rows.map(({ length }) => length)) - 2)}`;
  return [...rows.slice(0, -1), rule, ...rows.slice(-1)];
}

function toSet({ stack, toSetBeforeUp: { examples, secrets, elsewhere } }: Plan): string[] {
  return [
    ...heading(`To do before up: ${examples.length + secrets.length + elsewhere.length}`),
    "  in the accounts, if it is not done yet:",
    ...elsewhere.flatMap(({ where, what }) => wrapped(`${where}: ${what.replaceAll("`", "")}`, "    ")),
    ...(examples.length > 0 ? [`  in Pulumi.${stack}.yaml, your own values instead of the example's:`] : []),
    ...table(
      examples.map(({ key, value }) => [key, value]),
      "    ",
    ),
    ...(secrets.length > 0 ? ["  secrets, each encrypted into the stack file:"] : []),
    ...table(
      secrets.map(({ command, description }) => [command, `# ${description}`]),
      "    ",
    ),
  ];
}
