/** A proposed fleet as YAML for a stack file, with the arithmetic as comments above it. */
import { Document, isMap, isSeq, visit } from "yaml";
import { CATALOGUE_CHECKED, dropletSlugs, VOLUME_USD_PER_GIB_MONTH } from "../../catalogue/droplets";
import type { SidekiqProcess } from "../../catalogue/queues";
import { type Evaluation, evaluate, type Situation } from "../../fleet/model/evaluate";
import { type Fleet, hostOf, poolsOf } from "../../fleet/model/fleet";
import { jobsPerMonth, jobsPerSecond } from "../../fleet/model/workload";
import { type Burst, burstText } from "../../fleet/proposal/burst";
import {
  FLEET_KINDS,
  type FleetKind,
  type Proposal,
  type Wanted,
  withOneWorkerLess,
} from "../../fleet/proposal/propose";
import { hostedProcesses, placementWarnings } from "../../fleet/verdict/redundancy";
import { judge } from "../../fleet/verdict/verdict";
import { duration } from "../../plan/figures";
import { table } from "../../report/terminal";
import type { Settings } from "../../settings/schema";

export type SizeSettings = Pick<Settings, "workload" | "recovery" | "assumptions" | "main"> & {
  /** What the stack's file sets for main, and what stays. */
  written?: Readonly<Record<string, unknown>> | undefined;
};

/** The proposals, and which of them is shown. */
export interface Choice {
  kind: FleetKind;
  proposals: Readonly<Record<FleetKind, Proposal | undefined>>;
}

/** A fleet that has more time, with more workers for one catch-up. */
export interface ForAnHour {
  fleet: Fleet;
  monthlyUsd: number;
  burst: Burst;
}

export const usd = (amount: number) => `$${amount.toFixed(2)}`;
const hours = (amount: number) => `${Number(amount.toFixed(2))} h`;

export function fleetText(
  settings: SizeSettings,
  { situation, volumeGiB }: Wanted,
  { kind, proposals }: Choice,
  hour: ForAnHour | undefined,
): string {
  const shown = proposals[kind];
  if (!shown) throw new Error(`a fleet that is ${kind} was chosen, and there is none`);
  const { fleet, evaluation, monthlyUsd } = shown;
  const comments = [
    ...load(settings, situation.workload),
    "",
    ...kinds(proposals, situation),
    "",
    ...(hour ? [...forAnHour(hour), ""] : []),
    `The ${kind} one:`,
    ...prices(fleet, volumeGiB, monthlyUsd, evaluation),
    "",
    ...queues(evaluation, settings),
    "",
    ...cpu(evaluation),
    "",
    ...givesUp(kind, fleet, situation),
    `It is the cheapest of its form (main, and at most one pool) over ${dropletSlugs().length} sizes at the list prices of ${CATALOGUE_CHECKED}; not every region`,
    "has every size.",
  ];
  return `${comments.map((line) => `# ${line}`.trimEnd()).join("\n")}\n${yaml(settings, fleet)}`;
}

const machines = ({ hosts }: Fleet) =>
  hosts.map(({ name, count, size }) => `${name} ${count === 1 ? "" : `${count} × `}${size.slug}`).join(", ");

const drainOf = ({ queues }: Pick<Evaluation, "queues">) =>
  Math.max(...queues.map(({ drainHours }) => drainHours ?? Number.POSITIVE_INFINITY));

/** One line for each kind. */
function kinds(proposals: Choice["proposals"], situation: Situation): string[] {
  const afterLoss = (fleet: Fleet) => {
    if (poolsOf(fleet.hosts).length === 0) return "nothing is left";
    const hours = drainOf(evaluate(withOneWorkerLess(fleet), situation));
    return Number.isFinite(hours) ? duration(hours) : "never";
  };
  return table([
    ["fleet", "a month", "machines", "empty after", "with a worker lost"],
    ...FLEET_KINDS.map((kind) => {
      const proposal = proposals[kind];
      return proposal
        ? [
            kind,
            usd(proposal.monthlyUsd),
            machines(proposal.fleet),
            duration(drainOf(proposal.evaluation)),
            afterLoss(proposal.fleet),
          ]
        : [kind, "none", "no fleet of its form is large enough", "", ""];
    }),
  ]);
}

/** What the fleet does not have. Main is one machine in each: without it nothing works. */
function givesUp(kind: FleetKind, fleet: Fleet, situation: Situation): string[] {
  const warnings = [
    ...placementWarnings(hostedProcesses(fleet)),
    ...judge(fleet, situation).warnings.map(({ key, message }) => `${key} ${message}`),
  ];
  const one = "main is one machine: while it is down, so is the instance";
  const given = {
    thrifty: warnings,
    standard: ["with a worker lost it takes longer to catch up (above)", one],
    resilient: [one],
  }[kind];
  return [
    ...(warnings.length === 0
      ? ["The model accepts it without a warning."]
      : ["The model accepts it, with warnings."]),
    "It gives up:",
    ...given.map((line) => `  - ${line}`),
  ];
}

const forAnHour = ({ fleet, monthlyUsd, burst }: ForAnHour): string[] => [
  `Or with more workers only after an outage: ${machines(fleet)} costs ${usd(monthlyUsd)} a month. Then`,
  `${burstText(burst)} (docs/operations.md, "More workers for an hour").`,
];

function load({ workload, assumptions }: SizeSettings, modelled: Wanted["situation"]["workload"]): string[] {
  return [
    `${workload.activeUsers} active users: ${jobsPerSecond(modelled).toFixed(1)} jobs/s at the busy hour, ${(jobsPerMonth(modelled) / 1e6).toFixed(1)} million a month, and ${modelled.webCores.toFixed(1)} vCPUs for web.`,
    `Below, CPU is reckoned ${assumptions.safetyFactor} times (assumptions.safetyFactor).`,
  ];
}

function prices({ hosts }: Fleet, volumeGiB: number, monthlyUsd: number, { price }: Evaluation): string[] {
  const machines = hosts.map(({ name, count, size }) => [
    name,
    `${count === 1 ? "" : `${count} × `}${size.slug}`,
    `${size.vcpus} ${size.cpu} vCPU${size.vcpus === 1 ? "" : "s"}, ${size.memoryMiB / 1024} GiB`,
    usd(size.priceMonthly * count),
  ]);
  return [
    ...table([
      ...machines,
      ["volume", `${volumeGiB} GiB`, "", usd(volumeGiB * VOLUME_USD_PER_GIB_MONTH)],
      ["a month, S3 not included", "", "", usd(monthlyUsd)],
    ]),
    `  ${usd(price.perMillionJobsUsd)} per million jobs`,
  ];
}

function queues({ queues: results }: Evaluation, { recovery }: SizeSettings): string[] {
  return table([
    ["queue", "jobs/s", "can do", "used", `empty after ${hours(recovery.outageHours)} down, at the busiest`],
    ...results.map(({ queue, arrivals, capacity, utilization, drainHours }) => [
      queue,
      arrivals.toFixed(2),
      capacity.toFixed(1),
      `${Math.round(utilization * 100)} %`,
      drainHours === undefined ? "never" : `${hours(drainHours)} of ${hours(recovery.catchUpHours)}`,
    ]),
  ]);
}

const cpu = ({ hosts }: Evaluation) =>
  table([
    ["CPU at the busy hour", "", ""],
    ...hosts.map(({ name, cores, web, jobs }) => [
      name,
      `${(web + jobs).toFixed(1)} of ${cores.toFixed(1)} vCPUs`,
      web > 0 ? `web ${web.toFixed(1)}, jobs and their database ${jobs.toFixed(1)}` : "jobs",
    ]),
  ]);

function yaml({ workload, recovery, written = {} }: SizeSettings, { hosts, volumeGiB }: Fleet): string {
  const main = hostOf(hosts, "database");
  const process = ({ queues, threads, replicas }: SidekiqProcess) => ({
    queues,
    threads,
    ...(replicas === 1 ? {} : { replicas }),
  });
  const { queues: measured, nightPercent, databaseGiB, ...rest } = workload;
  const document = new Document({
    config: {
      "mastodon-hosting:workload": {
        ...rest,
        ...(databaseGiB === 0 ? {} : { databaseGiB }),
        ...(nightPercent === 20 ? {} : { nightPercent }),
        ...(Object.keys(measured).length === 0 ? {} : { queues: measured }),
      },
      "mastodon-hosting:recovery": recovery,
      "mastodon-hosting:main": {
        ...written,
        size: main.size.slug,
        volumeGiB,
        sidekiq: main.sidekiq.map(process),
      },
      "mastodon-hosting:workers": poolsOf(hosts).map(({ name, count, size, sidekiq }) => ({
        name,
        count,
        size: size.slug,
        sidekiq: sidekiq.map(process),
      })),
    },
  });
  // Queues on one line, for readability.
  visit(document, {
    Pair: (_, { key, value }) => {
      if (String(key) === "queues" && (isMap(value) || isSeq(value))) value.flow = true;
    },
  });
  return document.toString({ lineWidth: 110 });
}
