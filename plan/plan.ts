/** From a stack's files to its plan: the real program under the engine's mocks, and the verdict on its fleet. */

import { CATALOGUE_CHECKED, dropletSize } from "../catalogue/droplets";
import { NOT_COUNTED } from "../catalogue/price";
import { QUEUE_NAMES, type SidekiqProcess } from "../catalogue/queues";
import { type Checked, parseConfiguration } from "../checks/configuration";
import { deployerPolicies } from "../components/deployerPolicies";
import { policyText, tailnetPolicy } from "../components/tailnetPolicy";
import type { Assessment } from "../fleet/assess";
import type { Evaluation, HostResult } from "../fleet/model/evaluate";
import { fleetOf } from "../fleet/model/fleet";
import { jobsPerMonth, jobsPerSecond, type Workload } from "../fleet/model/workload";
import { type Burst, burst } from "../fleet/proposal/burst";
import { situationOf } from "../fleet/situation";
import { databaseAfterAYearGiB, dumpHours, restoreHours, volumeForTwo } from "../fleet/sizing/database";
import type { MainSizing } from "../fleet/sizing/sizing";
import { type PlannedHost, plannedHosts } from "../machines/planned";
import { mainServices, workerServices } from "../services/roles";
import { shownOf } from "../services/service";
import { hasWorkerAccount } from "../settings/fleet";
import { namesOf } from "../settings/names";
import { plainSettings } from "../settings/plain";
import { type Settings, settingsSchema } from "../settings/schema";
import {
  missingSecrets,
  placeholder,
  SECRET_NAMES,
  SECRETS,
  type SecretName,
  setCommand,
} from "../settings/secrets";
import { notesOf } from "../settings/stackFile/notes";
import { type StackConfig, unqualified } from "../settings/stackFile/stackFile";
import { exampleValues } from "../settings/warnings";
import { previewMocks } from "./mocks";
import { type RecordedResource, record, UNKNOWN } from "./record";
import type { Plan, PlanHost, PlannedResource } from "./schema";

export interface PlanResult {
  plan: Plan;
  /** File name → cloud-config with every secret redacted. */
  cloudConfigs: Record<string, string>;
  /** Text to merge into the tailnet's policy file before the first up, so that keys with these tags can be created. */
  tailnetPolicy: string;
  /** IAM policies to paste into AWS, for the user or role that runs `pulumi`. */
  iamPolicies: { deploy: string; preview: string };
}

/** @throws pulumi.RunError with every problem of the configuration */
export async function makePlan(
  stackConfig: StackConfig,
  program: (already: Checked) => Promise<unknown>,
): Promise<PlanResult> {
  const { project, stack } = stackConfig;
  const { config, toSet } = withPlaceholders(stackConfig);
  const secretKeys = SECRET_NAMES.map((name) => `${project}:${name}`).filter(
    (key) => !(key in stackConfig.config),
  );
  const checked = parseConfiguration(unqualified(config, project), stack, {
    isEncrypted: (name) => secretKeys.includes(`${project}:${name}`),
    notes: notesOf(stackConfig),
  });
  const { settings, assessment } = checked;
  const recording = await record(() => program(checked), {
    project,
    stack,
    config,
    secretKeys,
    preview: true,
    mocks: previewMocks,
  });

  const names = namesOf(settings, stack);
  const hosts = plannedHosts(settings, stack, assessment);
  const plan: Plan = {
    resources: recording.resources.filter(({ type }) => !type.startsWith("pulumi:pulumi:")).map(planned),
    project,
    stack,
    domain: settings.domain,
    web: names.web,
    media: names.media,
    region: settings.region,
    mastodonVersion: settings.mastodonVersion,
    hosts: hosts.map((host, h) => planHost(host, h, settings, assessment)),
    connections: assessment.main.connections,
    capacity: planCapacity(settings, assessment.capacity.evaluation),
    price: {
      ...assessment.price,
      perMillionJobsUsd: rounded(assessment.capacity.evaluation.price.perMillionJobsUsd, 2),
      catalogueChecked: CATALOGUE_CHECKED,
      notCounted: NOT_COUNTED,
    },
    warnings: assessment.warnings,
    toSetBeforeUp: {
      examples: exampleValues(settings),
      secrets: toSet.map((name) => ({
        key: name,
        description: SECRETS[name].description,
        command: `${setCommand(name)} --stack ${stack}`,
      })),
      elsewhere: elsewhere(settings, stack),
    },
  };
  return {
    plan,
    cloudConfigs: Object.fromEntries(hosts.map((host) => [cloudConfigFile(host), host.cloudConfig()])),
    tailnetPolicy: policyText(tailnetPolicy(names.tags, settings.tailnet.admins, settings)),
    iamPolicies: deployerPolicies({ ...names, accountId: settings.aws.accountId }),
  };
}

/** What the accounts need before the first up; the policies are written next to the plan. */
function elsewhere({ tailnet }: Settings, stack: string): Plan["toSetBeforeUp"]["elsewhere"] {
  const folder = `plan/${stack}`;
  return [
    {
      where: "AWS",
      what: `attach the policy \`${folder}/${DEPLOY_POLICY_FILE}\` to the user or role that runs \`pulumi up\`, and \`${folder}/${PREVIEW_POLICY_FILE}\` to the one that only previews`,
    },
    ...(tailnet.managePolicy
      ? []
      : [
          {
            where: "Tailscale",
            what: `merge \`${folder}/tailnet-policy.json\` into the tailnet's policy file, then make the OAuth client with the tags in it`,
          },
        ]),
  ];
}

/** Files next to the plan: IAM policies to paste. */
export const DEPLOY_POLICY_FILE = "iam-policy.json";
export const PREVIEW_POLICY_FILE = "iam-policy-preview.json";

const cloudConfigFile = ({ name }: PlannedHost) => `${name}.cloud-config.yaml`;

/** The stack's configuration with a placeholder for each secret that is encrypted or not set yet. */
function withPlaceholders({ project, config, encrypted }: StackConfig): {
  config: Record<string, string>;
  toSet: SecretName[];
} {
  const held = SECRET_NAMES.filter((name) => encrypted.includes(`${project}:${name}`));
  const filled = {
    ...config,
    ...Object.fromEntries(held.map((name) => [`${project}:${name}`, placeholder(name)])),
  };
  const toSet = missingSecrets(conditions(unqualified(config, project)), unqualified(filled, project));
  return {
    config: {
      ...filled,
      ...Object.fromEntries(toSet.map((name) => [`${project}:${name}`, placeholder(name)])),
    },
    toSet,
  };
}

/** The settings that decide which secrets are needed; they are read before everything else is checked. */
function conditions(raw: Readonly<Record<string, string>>): Partial<Settings> {
  return plainSettings(raw, settingsSchema.shape).settings;
}

function planned({
  type,
  name,
  urn,
  provider,
  parent,
  component,
  options,
  inputs,
  secretInputs,
}: RecordedResource): PlannedResource {
  const properties = Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [
      key,
      secretInputs.includes(key) ? "[secret]" : shown(value),
    ]),
  );
  return { type, name, urn, provider, parent, component, protect: options.protect === true, properties };
}

/** What only an `up` can know, in words. */
function shown(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(UNKNOWN, "[unknown]");
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shown(inner)]));
}

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));

function planDatabase(workload: Workload, { redis }: MainSizing): Plan["capacity"]["database"] {
  const size = databaseAfterAYearGiB(workload);
  return {
    todayGiB: workload.databaseGiB,
    afterAYearGiB: rounded(size, 1),
    dumpHours: rounded(dumpHours(size), 1),
    restoreHours: rounded(restoreHours(size), 1),
    volumeForTwoGiB: volumeForTwo(size, redis),
  };
}

function planBurst(found: Burst | undefined): Plan["capacity"]["burst"] {
  if (!found) return null;
  const { otherwiseHours: _, ...shown } = found;
  return { ...shown, drainHours: rounded(found.drainHours, 3), usd: rounded(found.usd, 2) };
}

function planCapacity(settings: Settings, { queues, course, main }: Evaluation): Plan["capacity"] {
  const { workload } = situationOf(settings);
  const fleet = fleetOf(settings);
  if (!fleet) throw new Error("the sizes were checked before");
  return {
    activeUsers: settings.workload.activeUsers,
    safetyFactor: settings.assumptions.safetyFactor,
    jobsPerSecond: rounded(jobsPerSecond(workload), 2),
    jobsPerMonth: Math.round(jobsPerMonth(workload)),
    outageHours: settings.recovery.outageHours,
    catchUpHours: settings.recovery.catchUpHours,
    queues: queues.map(({ queue, ...figures }) => ({
      queue,
      arrivalsPerSecond: rounded(figures.arrivals, 3),
      capacityPerSecond: rounded(figures.capacity, 2),
      utilization: rounded(figures.utilization, 4),
      latencySeconds: figures.latencySeconds === undefined ? null : rounded(figures.latencySeconds, 3),
      drainHours: figures.drainHours === undefined ? null : rounded(figures.drainHours, 3),
      worstLatencyHours: rounded(figures.worstLatencyHours, 3),
    })),
    database: planDatabase(workload, main),
    burst: planBurst(burst(fleet, situationOf(settings))),
    course: {
      hours: course.hours.map((at) => rounded(at, 4)),
      waiting: Object.fromEntries(
        QUEUE_NAMES.map((queue, q) => [queue, (course.backlog[q] ?? []).map(Math.round)]),
      ),
    },
  };
}

/** @param h index among the fleet's hosts, main first */
function planHost(host: PlannedHost, h: number, settings: Settings, assessment: Assessment): PlanHost {
  const { main } = settings;
  const { pool, sizing } = assessment.pools.find(({ pool: { name } }) => host.name === `workers-${name}`) ?? {
    pool: undefined,
    sizing: assessment.main,
  };
  const { size } = pool ?? main;
  const droplet = dropletSize(size);
  if (!droplet) throw new Error(`${size} was checked before`);
  return {
    name: host.name,
    account: pool && hasWorkerAccount(settings) ? "workers" : "main",
    count: pool?.count ?? 1,
    size,
    vcpus: droplet.vcpus,
    cpu: droplet.cpu,
    memoryMiB: droplet.memoryMiB,
    cores: planCores(assessment.capacity.evaluation.hosts[h]),
    services: pool ? shownOf(workerServices, sizing) : shownOf(mainServices, assessment.main),
    sidekiq: sizing.sidekiq.map((process) => ({
      queues: queuesText(process),
      threads: process.threads,
      replicas: process.replicas,
      memoryMiB: process.limitMiB,
    })),
    memory: sizing.memory,
    userDataBytes: host.userDataBytes,
    cloudConfig: cloudConfigFile(host),
  };
}

function planCores(host: HostResult | undefined): PlanHost["cores"] {
  if (!host) throw new Error("the model has every host of the plan");
  const { cores, web, jobs } = host;
  return { available: rounded(cores, 2), web: rounded(web, 3), jobs: rounded(jobs, 3) };
}

/** `default > push` for strict order, `default 8, push 6 (weights)` otherwise. */
function queuesText({ queues }: SidekiqProcess): string {
  if (Array.isArray(queues)) return queues.join(" > ");
  const weighted = Object.entries(queues).sort(([, a], [, b]) => b - a);
  return `${weighted.map(([queue, weight]) => `${queue} ${weight}`).join(", ")} (weights)`;
}
