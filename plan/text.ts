/** The plan for a terminal. */
import { gib, hostCpu, queueCells, queueHead, usd, verdict } from "./figures";
import type { Plan, PlanHost } from "./schema";
import { accountTrees } from "./tree";

const total = (lines: readonly { mib: number }[]) => lines.reduce((sum, { mib }) => sum + mib, 0);

/** Columns padded to their widest cell; numbers go to the right. */
export function table(rows: readonly (readonly (string | number)[])[], indent = "  "): string[] {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? "").length))) ?? [];
  return rows.map((row) =>
    `${indent}${row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return typeof cell === "number" || /^\$/.test(String(cell))
          ? String(cell).padStart(width)
          : String(cell).padEnd(width);
      })
      .join("  ")}`.trimEnd(),
  );
}

const heading = (text: string) => ["", text, "─".repeat(text.length)];

export function planText(plan: Plan): string {
  return [
    `Plan of stack ${plan.stack}: https://${plan.web} on Mastodon ${plan.mastodonVersion}, in ${plan.region}`,
    "No account was asked and nothing was changed.",
    ...heading("Machines"),
    ...plan.hosts.flatMap(machine),
    ...heading("Queues"),
    ...queues(plan),
    ...heading("Connections"),
    ...connections(plan),
    ...heading(
      `Resources: ${plan.resources.filter(({ component, provider }) => !component && provider).length}`,
    ),
    ...accountTrees(plan).flatMap(({ title, count, lines }) => [
      `${title}: ${count}`,
      ...table(lines.map(({ depth, label, details }) => [`${"  ".repeat(depth)}${label}`, details])),
    ]),
    ...heading("Price a month"),
    ...prices(plan),
    ...heading(plan.warnings.length === 0 ? "No warnings" : `Warnings: ${plan.warnings.length}`),
    ...plan.warnings.map((warning) => `  ! ${warning}`),
    ...toSet(plan),
    "",
  ].join("\n");
}

function machine(host: PlanHost): string[] {
  const { name, count, size, vcpus, cpu, memoryMiB, memory, userDataBytes } = host;
  return [
    `${count === 1 ? name : `${count} × ${name}`}: ${size} (${vcpus} ${cpu} vCPU, ${gib(memoryMiB)}), ${host.account} account`,
    ...host.services.map((service) => `    ${service}`),
    ...host.sidekiq.map(
      ({ queues, threads, replicas, memoryMiB: limit }) =>
        `    Sidekiq${replicas === 1 ? "" : ` × ${replicas}`}: ${queues} (${threads} threads, at most ${limit} MiB${replicas === 1 ? "" : " each"})`,
    ),
    `    memory: ${gib(total(memory))} of ${gib(memoryMiB)} (${memory.map(({ item, mib }) => `${item} ${mib}`).join(", ")})`,
    `    CPU at the busy hour: ${hostCpu(host)}`,
    `    user data: ${(userDataBytes / 1024).toFixed(1)} of 64 KiB`,
  ];
}

function queues(plan: Plan): string[] {
  const { capacity } = plan;
  return [`  ${verdict(plan)}`, ...table([queueHead(capacity), ...capacity.queues.map(queueCells)])];
}

function connections({ connections: budget }: Plan): string[] {
  const line = (
    what: string,
    lines: readonly { item: string; connections: number }[],
    sum: number,
    limit: number,
  ) =>
    `  ${what}: ${sum} of ${limit} (${lines.map(({ item, connections: n }) => `${item} ${n}`).join(", ")})`;
  return [
    line("clients of pgbouncer", budget.client, budget.clientTotal, budget.clientLimit),
    line("connections to Postgres", budget.server, budget.serverTotal, budget.serverLimit),
  ];
}

function prices({ price }: Plan): string[] {
  return [
    ...table([
      ...price.lines.map(({ item, account, monthlyUsd }) => [item, account, usd(monthlyUsd)]),
      ["droplets and volume", "", usd(price.dropletsAndVolumesUsd)],
      ["S3 (estimate from pricing.*)", "", usd(price.s3Usd)],
      ["together", "", usd(price.totalUsd)],
      ["droplets and volume, per million jobs", "", usd(price.perMillionJobsUsd)],
    ]),
    `  list prices known on ${price.catalogueChecked}, before tax`,
  ];
}

function toSet({ stack, toSetBeforeUp: { examples, secrets } }: Plan): string[] {
  if (examples.length + secrets.length === 0) return heading("Nothing left to set before up");
  return [
    ...heading(`To set before up: ${examples.length + secrets.length}`),
    ...(examples.length > 0 ? [`  in Pulumi.${stack}.yaml, your own instead of the example:`] : []),
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
