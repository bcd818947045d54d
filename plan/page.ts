/** The plan as one page for people: no scripts, and nothing from the network. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { backlogChart, budgetChart } from "../report/charts";
import { asIs, type Html, html, prose, table } from "../report/html";
import {
  type Budget,
  burstNote,
  busiest,
  catchUp,
  connectionBudgets,
  cpuBudgets,
  databaseNote,
  duration,
  memoryBudgets,
  named,
  percent,
  QUEUE_NOTE,
  queueCells,
  queueHead,
  shownHours,
  usd,
  verdict,
} from "./figures";
import type { Plan, PlanHost, PlanQueue } from "./schema";
import { topology } from "./topology";
import { accountTrees } from "./tree";

export function planPage(plan: Plan): string {
  const css = readFileSync(join(__dirname, "page.css"), "utf8");
  return `${html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Plan of ${plan.stack}: ${plan.web}</title>
<style>
${asIs(css)}</style>
</head>
<body>
<header>
<h1>Plan of ${plan.stack}</h1>
<p class="muted">https://${plan.web} on Mastodon ${plan.mastodonVersion}, in ${plan.region}. No account was asked and nothing was changed.</p>
${keyFigures(plan)}
${warnings(plan)}
${toSet(plan)}
</header>
<main>
${topology(plan)}
${queues(plan)}
${budgets(plan)}
${prices(plan)}
${machines(plan)}
${resources(plan)}
</main>
</body>
</html>`}\n`;
}

function keyFigures({ price, capacity }: Plan): Html {
  const after = catchUp(capacity);
  const { queue, utilization } = busiest(capacity);
  const figures = [
    ["a month, with S3", usd(price.totalUsd)],
    ["per million jobs, without S3", usd(price.perMillionJobsUsd)],
    [`busiest queue: ${queue}`, percent(utilization)],
    [
      `to catch up after ${duration(capacity.outageHours)} down`,
      after === undefined ? "never" : duration(after),
    ],
  ];
  return html`<dl class="key">${figures.map(([name = "", value = ""]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function warnings({ warnings: all }: Plan): Html {
  if (all.length === 0) return html`<p class="muted">No warnings.</p>`;
  return html`<section class="warnings" aria-labelledby="warnings">
<h2 id="warnings">${all.length === 1 ? "1 warning" : `${all.length} warnings`}</h2>
<ul>${all.map((warning) => html`<li>${prose(warning)}</li>`)}</ul>
</section>`;
}

function queues(plan: Plan): Html {
  const { capacity } = plan;
  return html`<h2>Queues</h2>
<p>${verdict(plan)}</p>
${table(
  "Queues",
  queueHead(capacity).map((title, i) => ({ title, number: i > 0 })),
  capacity.queues.map(queueCells),
)}
<p class="muted">${prose(QUEUE_NOTE)}</p>
<p>${prose(burstNote(plan))}</p>
<p>${prose(databaseNote(plan))}</p>
<div class="pictures">
${capacity.queues.map((queue) => backlog(capacity, queue))}
</div>`;
}

/** One queue's course as a separate picture, so no color or legend is needed to tell curves apart. */
function backlog(capacity: Plan["capacity"], { queue, drainHours }: PlanQueue): Html {
  const { outageHours, catchUpHours, course } = capacity;
  const jobs = course.waiting[queue] ?? [];
  const peak = Math.max(...jobs, 0).toLocaleString("en-US");
  const end = drainHours === null ? "never empty" : `empty ${duration(drainHours)} after it`;
  const picture = backlogChart(
    {
      curves: [{ name: queue, points: course.hours.map((at, i) => [at, jobs[i] ?? 0] as const) }],
      outageHours,
      untilHours: shownHours(capacity),
      moments: [{ at: outageHours + catchUpHours, name: "limit" }],
    },
    {
      id: `backlog-${queue}`,
      width: 340,
      height: 170,
      label: `Jobs of ${queue} that wait: ${peak} at the end of the outage, ${end}`,
    },
  );
  return html`<figure>
<h3>${queue}</h3>
${asIs(picture)}
<figcaption>${peak} jobs wait at the end of the outage; ${end}</figcaption>
</figure>`;
}

function budgets(plan: Plan): Html {
  const figure = (id: string, title: string, all: Budget[]) => html`<figure>
<h3>${title}</h3>
${asIs(
  budgetChart(all, {
    id,
    width: 340,
    label: `${title}: ${all.map(({ name, words }) => `${name} ${words}`).join("; ")}`,
  }),
)}
</figure>`;
  const { client, clientTotal, clientLimit, server, serverTotal, serverLimit } = plan.connections;
  const lines = (lines: typeof client) => lines.map(({ item, connections }) => [item, connections]);
  const columns = (total: number, limit: number) => [
    { title: "from" },
    { title: `${total} of ${limit}`, number: true },
  ];
  return html`<h2>Budgets</h2>
<div class="pictures">
${figure("cpu", "CPU at the busy hour", cpuBudgets(plan))}
${figure("memory", "Memory", memoryBudgets(plan))}
${figure("connections", "Connections", connectionBudgets(plan))}
</div>
<details><summary>Every connection</summary>
<div class="pictures">
${table("Clients of pgbouncer", columns(clientTotal, clientLimit), lines(client))}
${table("Connections to Postgres", columns(serverTotal, serverLimit), lines(server))}
</div>
</details>`;
}

function prices({ price }: Plan): Html {
  const rows = price.lines.map(({ item, account, monthlyUsd }) => [item, account, usd(monthlyUsd)]);
  return html`<h2>Price per month</h2>
${table("Price per month", [{ title: "item" }, { title: "account" }, { title: "USD", number: true }], rows, ["total", "", usd(price.totalUsd)])}
<p class="muted">That is ${usd(price.dropletsAndVolumesUsd)} for DigitalOcean (${usd(price.perMillionJobsUsd)} per million jobs) and about ${usd(price.s3Usd)} for S3, estimated from <code>pricing</code>. List prices known on ${price.catalogueChecked}. Not counted: ${price.notCounted}.</p>`;
}

function machines({ hosts }: Plan): Html {
  const memory = (host: PlanHost) =>
    table(
      `Memory of ${host.name}`,
      [{ title: "memory for" }, { title: "MiB", number: true }],
      host.memory.map(({ item, mib }) => [item, mib]),
    );
  return html`<h2>Machines</h2>
${hosts.map(
  (
    host,
  ) => html`<details><summary>${named(host)}: ${host.size}, user data ${(host.userDataBytes / 1024).toFixed(1)} of 64 KiB</summary>
<div class="pictures">
<div>
<h3>Services</h3>
<ul>${[...host.services, ...host.sidekiq.map(({ queues, threads, replicas, memoryMiB }) => `${replicas === 1 ? "" : `${replicas} × `}Sidekiq, ${threads} threads, at most ${memoryMiB} MiB: ${queues}`)].map((service) => html`<li>${service}</li>`)}</ul>
</div>
${memory(host)}
</div>
</details>`,
)}`;
}

function resources(plan: Plan): Html {
  return html`<h2>Resources</h2>
${accountTrees(plan).map(
  ({ title, count, lines }) => html`<details><summary>${title}: ${count}</summary>
<ul class="tree">${lines.map(
    ({ depth, label, details }) =>
      html`<li style="--depth: ${depth}">${label}${details ? html` <span class="muted">${details}</span>` : ""}</li>`,
  )}</ul>
</details>`,
)}`;
}

function toSet({ stack, toSetBeforeUp: { examples, secrets, elsewhere } }: Plan): Html {
  const all = examples.length + secrets.length + elsewhere.length;
  return html`<details class="todo"${asIs(examples.length + secrets.length > 0 ? " open" : "")}><summary>To do before up: ${all}</summary>
<ul>
${elsewhere.map(({ where, what }) => html`<li>${where}: ${prose(what)}</li>`)}
${examples.map(({ key, value }) => html`<li><code>${key}</code> in Pulumi.${stack}.yaml: <code>${value}</code> is an example</li>`)}
${secrets.map(({ command, description }) => html`<li><code>${command}</code>: ${prose(description)}</li>`)}
</ul>
</details>`;
}
