/** `npm run size`: the cheapest fleets that the capacity model accepts, one as YAML for a stack file. */
import { join } from "node:path";
import { dropletSize, dropletSlugs } from "../../catalogue/droplets";
import { monthlyUsd } from "../../fleet/model/fleet";
import { burst } from "../../fleet/proposal/burst";
import {
  FLEET_KINDS,
  type FleetKind,
  type Proposal,
  propose,
  type Wanted,
  withWorkers,
} from "../../fleet/proposal/propose";
import { situationOf } from "../../fleet/situation";
import { volumeForAYear } from "../../fleet/sizing/database";
import { redisMaxMemoryMiB, redisNeedOf } from "../../fleet/sizing/state";
import { settingsSchema } from "../../settings/schema";
import { partOf } from "../../settings/stackFile/partOf";
import { readStackConfig, type StackConfig, StackFileError } from "../../settings/stackFile/stackFile";
import { checkStackName } from "../../settings/stackFile/stackNames";
import { readCommandLine, UsageError, wholeNumber } from "../../tools/commandLine";
import { type Choice, type ForAnHour, fleetText, type SizeSettings, usd } from "./text";

const ROOT = join(__dirname, "../..");

const HELP = `npm run size -- --active-users N [options]
npm run size -- --stack STACK [options]

Proposes the cheapest fleets that the capacity model accepts (docs/capacity.md), and prints one as YAML for a stack file:
thrifty (one droplet), standard (workers apart, no warning) and resilient (any worker may be lost).

  --active-users N    people who use the instance in a month
  --stack STACK       take load, recovery, assumptions and what main is set to from Pulumi.STACK.yaml
  --catch-up 1h       time to catch up in after an outage (1h, 90m; without it the stack's, or 2h)
  --outage 2h         the outage to plan for (without it the stack's, or 2h)
  --fleet KIND        print the thrifty, standard or resilient one (without it standard, or thrifty if only that fits the budget)
  --budget USD        at most so much a month for droplets and volume
  --volume GiB        data volume (without it what the database of the first year takes, and at least the stack's)
  --help              this
`;

const OPTIONS = {
  "active-users": { type: "string" },
  stack: { type: "string" },
  "catch-up": { type: "string" },
  outage: { type: "string" },
  fleet: { type: "string" },
  budget: { type: "string" },
  volume: { type: "string" },
} as const;

const { shape } = settingsSchema;
const SHAPE = {
  workload: shape.workload,
  recovery: shape.recovery,
  assumptions: shape.assumptions,
  main: shape.main,
};

function stackConfig(stack: string): StackConfig {
  checkStackName(ROOT, stack);
  return readStackConfig(ROOT, stack);
}

/** The stack's own settings, or the defaults. */
function settingsOf(stack: StackConfig | undefined): SizeSettings {
  const { settings, raw } = partOf(stack, SHAPE);
  return { ...(settings as SizeSettings), written: JSON.parse(raw.main || "{}") as Record<string, unknown> };
}

/** "1h", "90m", or hours as a number. */
function hoursOf(option: string, text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(h|m|min)?$/.exec(text) ?? [];
  // A third of an hour ends nowhere, and is written into a stack file.
  const hours = Math.ceil((Number(amount) / (unit?.startsWith("m") ? 60 : 1)) * 1e4) / 1e4;
  if (amount === undefined || hours < 0.1 || hours > 48)
    throw new UsageError(`--${option} is ${text}; write a time from 6m to 48h, such as 1h or 90m.`);
  return hours;
}

interface Asked {
  settings: SizeSettings;
  wanted: Wanted;
  budgetUsd: number | undefined;
  kind: FleetKind | undefined;
  /** As the stack has it, or the default: what the fleet would have to do without --catch-up. */
  usualCatchUpHours: number;
}

function kindOf(text: string | undefined): FleetKind | undefined {
  const kind = FLEET_KINDS.find((one) => one === text);
  if (text !== undefined && !kind)
    throw new UsageError(
      `--fleet is ${text}; write ${FLEET_KINDS.slice(0, -1).join(", ")} or ${FLEET_KINDS.at(-1)}.`,
    );
  return kind;
}

/** undefined if only help was asked for. */
function readArguments(args: string[], read: typeof stackConfig): Asked | undefined {
  const line = readCommandLine(args, { help: HELP, options: OPTIONS });
  if (!line) return undefined;
  const { values } = line;
  if (values["active-users"] === undefined && values.stack === undefined)
    throw new UsageError(`Say how many people use it: --active-users N, or --stack STACK.\n\n${HELP}`);
  type Option = Exclude<keyof typeof OPTIONS, "help">;
  const whole = (option: Option, least: number, most: number) =>
    values[option] === undefined ? undefined : wholeNumber(option, values[option], least, most);
  const hours = (option: Option) =>
    values[option] === undefined ? undefined : hoursOf(option, values[option]);

  const stack = values.stack === undefined ? undefined : read(values.stack);
  const { workload, recovery, assumptions, main, written } = settingsOf(stack);
  const asked = {
    workload: { ...workload, activeUsers: whole("active-users", 1, 10_000_000) ?? workload.activeUsers },
    recovery: {
      outageHours: hours("outage") ?? recovery.outageHours,
      catchUpHours: hours("catch-up") ?? recovery.catchUpHours,
    },
    assumptions,
  };
  const situation = situationOf(asked);
  const volumeGiB = whole("volume", 10, 16_384) ?? lasting(situation, main);
  const settings: SizeSettings = { ...asked, main: { ...main, volumeGiB }, written };
  return {
    settings,
    wanted: {
      situation,
      volumeGiB: settings.main.volumeGiB,
      overrides: settings.main,
    },
    budgetUsd: whole("budget", 1, 1_000_000),
    kind: kindOf(values.fleet),
    usualCatchUpHours: recovery.catchUpHours,
  };
}

/** A volume with room for the first year's database; volumes never shrink. */
function lasting(
  { workload, outage }: Wanted["situation"],
  { redis, volumeGiB }: SizeSettings["main"],
): number {
  const maxMemoryMiB = redis.maxMemoryMiB ?? redisMaxMemoryMiB(redisNeedOf(workload, outage));
  return Math.min(Math.max(volumeGiB, volumeForAYear(workload, { maxMemoryMiB })), 16_384);
}

/** All kinds, and the one to show: the one that is asked for, or else the standard one, within the budget. */
function choose(
  wanted: Wanted,
  { kind, budgetUsd = Number.POSITIVE_INFINITY }: Pick<Asked, "kind" | "budgetUsd">,
): Choice {
  const proposals = Object.fromEntries(
    FLEET_KINDS.map((one) => [one, propose(wanted, one)]),
  ) as Choice["proposals"];
  if (FLEET_KINDS.every((one) => !proposals[one])) throw new UsageError(beyond(wanted));
  const affordable = (kind ? [kind] : PREFERRED).find(
    (one) => (proposals[one]?.monthlyUsd ?? Number.POSITIVE_INFINITY) <= budgetUsd,
  );
  if (affordable) return { kind: affordable, proposals };
  const prices = FLEET_KINDS.map(
    (one) => `${one} ${proposals[one] ? usd(proposals[one].monthlyUsd) : "does not exist"}`,
  );
  const why = kind && !proposals[kind] ? `No fleet is ${kind}` : `${usd(budgetUsd)} a month are not enough`;
  throw new UsageError(
    `${why}: the cheapest of each kind: ${prices.join(", ")}. A longer --catch-up asks for less.`,
  );
}

/** What is shown without --fleet: the first that the budget allows. */
const PREFERRED: readonly FleetKind[] = ["standard", "thrifty"];

function beyond({ situation }: Wanted): string {
  const webCores = situation.workload.webCores * situation.conditions.safetyFactor;
  const cores = Math.max(0, ...dropletSlugs().map((slug) => dropletSize(slug)?.vcpus ?? 0));
  const less = webCores < cores ? " A longer --catch-up asks for less." : "";
  return `No fleet with one main droplet is enough: web and its queries take ${webCores.toFixed(1)} vCPUs there at the busy hour, the database of every job comes on top, and the largest size has ${cores}.${less}`;
}

/** How much of the additional time a standing fleet is tried with: all of it first, which is cheapest. */
const MORE_TIME = [1, 0.75, 0.5, 0.25];

/**
 * The cheapest standing fleet that more workers make as fast for the length of one catch-up, where it is cheaper than the one for good: one that
 * has more time, or else the one for good with a single worker.
 */
function forAnHour(wanted: Wanted, usualHours: number, forGood: Proposal | undefined): ForAnHour | undefined {
  const { catchUpHours } = wanted.situation;
  if (usualHours <= catchUpHours || !forGood) return undefined;
  const patient = MORE_TIME.map((share) => catchUpHours + (usualHours - catchUpHours) * share).flatMap(
    (hours) => propose({ ...wanted, situation: { ...wanted.situation, catchUpHours: hours } })?.fleet ?? [],
  );
  for (const fleet of [...patient, withWorkers(forGood.fleet, 1)]) {
    const cheaper = monthlyUsd(fleet);
    const more = cheaper < forGood.monthlyUsd ? burst(fleet, wanted.situation, catchUpHours) : undefined;
    if (more && more.otherwiseHours <= usualHours) return { fleet, monthlyUsd: cheaper, burst: more };
  }
  return undefined;
}

export function size(args: string[], read = stackConfig): string {
  const given = readArguments(args, read);
  if (!given) return HELP;
  const { settings, wanted, usualCatchUpHours } = given;
  const choice = choose(wanted, given);
  const { standard } = choice.proposals;
  return fleetText(settings, wanted, choice, forAnHour(wanted, usualCatchUpHours, standard));
}

if (require.main === module)
  try {
    process.stdout.write(size(process.argv.slice(2)));
  } catch (error) {
    const ours = error instanceof UsageError || error instanceof StackFileError;
    process.stderr.write(`${ours ? (error as Error).message.trimEnd() : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
