/** What runs where and what connects to what, as boxes of a page. */

import { type Html, html } from "../report/html";
import { gib, mainAccount, mainAndPools, named, TAILNET_PORTS } from "./figures";
import type { Plan, PlanHost } from "./schema";

export function topology(plan: Plan): Html {
  const { web, media, hosts } = plan;
  const { main, pools } = mainAndPools(hosts);
  const account = mainAccount(plan);
  const elsewhere = pools.filter((pool) => pool.account === "workers");
  return html`<h2>Topology</h2>
<div class="topology">
<section class="box outside" aria-label="People and other servers"><h3>People and other servers</h3></section>
<p class="way">443 and 80:<br>${web}<br>${media}</p>
<section class="box" aria-label="${account}">
<h3>${account}</h3>
${main ? machine(main) : ""}
<div class="host">data volume: Postgres, Redis, certificates</div>
${pools.filter((pool) => pool.account === "main").map(machine)}
</section>
${elsewhere.length > 0 ? workers(elsewhere) : ""}
<section class="box outside admins" aria-label="Administrators"><h3>Administrators</h3> and the machine that runs <code>pulumi up</code></section>
<p class="way admins">ssh to every machine,<br>over the tailnet</p>
<p class="way down">media of main and workers, and main's backups</p>
<section class="box outside s3" aria-label="AWS S3"><h3>AWS S3</h3> media, and encrypted backups of the database and Redis</section>
</div>`;
}

const workers = (pools: readonly PlanHost[]): Html => html`<p class="way back">tailnet: ${TAILNET_PORTS}</p>
<section class="box" aria-label="DigitalOcean, worker account">
<h3>DigitalOcean, worker account</h3>
${pools.map(machine)}
</section>`;

function machine(host: PlanHost): Html {
  const { size, vcpus, cpu, memoryMiB, services, sidekiq } = host;
  const runs = [
    ...services.map((service) => service.replace(/ \(.*/, "")),
    ...sidekiq.map(({ queues, replicas }) => `Sidekiq${replicas === 1 ? "" : ` × ${replicas}`}: ${queues}`),
  ];
  return html`<div class="host"><strong>${named(host)}</strong>: ${size}
<div class="muted">${vcpus} ${cpu} vCPU${vcpus === 1 ? "" : "s"}, ${gib(memoryMiB)}</div>
<ul>${runs.map((what) => html`<li>${what}</li>`)}</ul>
</div>`;
}
