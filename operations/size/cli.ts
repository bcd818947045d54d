/** `npm run size`: the cheapest fleet that the capacity model accepts, as YAML for a stack file. */
import { join } from "node:path";
import { dropletSize, dropletSlugs } from "../../catalogue/droplets";
import { propose, type Wanted } from "../../fleet/proposal/propose";
import { situationOf } from "../../fleet/situation";
import { redisMaxMemoryMiB, redisNeedOf, volumeForAYear } from "../../fleet/sizing/state";
import { plainSettings } from "../../settings/plain";
import { settingsSchema } from "../../settings/schema";
import { headOf } from "../../settings/schema/paths";
import { notesOf } from "../../settings/stackFile/notes";
import {
  readStackConfig,
  type StackConfig,
  StackFileError,
  unqualified,
} from "../../settings/stackFile/stackFile";
import { checkStackName } from "../../settings/stackFile/stackNames";
import { readCommandLine, UsageError, wholeNumber } from "../../tools/commandLine";
import { type Choice, fleetText, type SizeSettings, usd } from "./text";

const ROOT = join(__dirname, "../..");

const HELP = `npm run size -- --active-users N [options]
npm run size -- --stack STACK [options]

Proposes the cheapest fleet that the capacity model accepts (docs/capacity.md), as YAML for a stack file.

  --active-users N    people who use the instance in a month
  --stack STACK       take workload, recovery, assumptions and main's settings from Pulumi.STACK.yaml
  --catch-up 1h       how fast to catch up after an outage (1h, 90m; default: the stack's, or 2h)
  --outage 2h         the outage to plan for (default: the stack's, or 2h)
  --budget USD        the most to spend per month on droplets and volume
  --volume GiB        data volume (default: room for the first year's database, and at least the stack's)
  --main-memory GiB   the least memory of main: a large database needs more than the formulas ask for
  --help              show this help
`;

const OPTIONS = {
  "active-users": { type: "string" },
  stack: { type: "string" },
  "catch-up": { type: "string" },
  outage: { type: "string" },
  budget: { type: "string" },
  volume: { type: "string" },
  "main-memory": { type: "string" },
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
  const raw = stack ? relevant(unqualified(stack.config, stack.project)) : {};
  const notes = stack && notesOf(stack);
  const { settings, problems } = plainSettings(
    raw,
    SHAPE,
    notes && { ...notes, foreign: {}, encrypted: notes.encrypted.filter((at) => headOf(at) in SHAPE) },
  );
  if (problems.length > 0)
    throw new StackFileError(
      stack?.stack ?? "",
      problems.map(({ key, message }) => `${key} ${message}`),
    );
  return { ...(settings as SizeSettings), written: JSON.parse(raw.main || "{}") as Record<string, unknown> };
}

const relevant = (raw: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(raw).filter(([key]) => key in SHAPE));

/** "1h", "90m", or hours as a number. */
function hoursOf(option: string, text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(h|m|min)?$/.exec(text) ?? [];
  const hours = Number(amount) / (unit?.startsWith("m") ? 60 : 1);
  if (amount === undefined || hours < 0.1 || hours > 48)
    throw new UsageError(`--${option} is ${text}; write a time from 6m to 48h, such as 1h or 90m.`);
  return hours;
}

interface Asked {
  settings: SizeSettings;
  wanted: Wanted;
  budgetUsd: number | undefined;
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
      mainMemoryMiB: (whole("main-memory", 1, 1024) ?? 0) * 1024,
    },
    budgetUsd: whole("budget", 1, 1_000_000),
  };
}

/** A volume with room for the first year's database; volumes never shrink. */
function lasting(
  { workload, outage }: Wanted["situation"],
  { redis, volumeGiB }: SizeSettings["main"],
): number {
  const maxMemoryMiB = redis.maxMemoryMiB ?? redisMaxMemoryMiB(redisNeedOf(workload, outage));
  return Math.min(Math.max(volumeGiB, volumeForAYear(workload.activeUsers, { maxMemoryMiB })), 16_384);
}

/**
 * The cheapest fleet without a warning if the budget allows it, otherwise the cheapest that is accepted at all; and the alternative to it.
 */
function choose(wanted: Wanted, budgetUsd = Number.POSITIVE_INFINITY): Choice {
  const clean = propose(wanted);
  const accepted = propose(wanted, true);
  if (!accepted) throw new UsageError(beyond(wanted));
  if (clean && clean.monthlyUsd <= budgetUsd)
    return accepted.monthlyUsd < clean.monthlyUsd ? { ...clean, cheaper: accepted } : clean;
  if (accepted.monthlyUsd > budgetUsd)
    throw new UsageError(
      `${usd(budgetUsd)} a month is not enough: the cheapest fleet that the model accepts costs ${usd(accepted.monthlyUsd)}, ` +
        `with warnings${clean ? `, and the cheapest without ${usd(clean.monthlyUsd)}` : ""}. A longer --catch-up needs less.`,
    );
  return clean ? { ...accepted, clean } : accepted;
}

function beyond({ situation, mainMemoryMiB }: Wanted): string {
  const { webCores } = situation.workload;
  const sizes = dropletSlugs()
    .flatMap((slug) => dropletSize(slug) ?? [])
    .filter(({ memoryMiB }) => memoryMiB >= (mainMemoryMiB ?? 0));
  const cores = Math.max(0, ...sizes.map(({ vcpus }) => vcpus));
  const less = webCores < cores ? " A longer --catch-up needs less." : "";
  return `No fleet with one main droplet is enough: web and its queries take ${webCores.toFixed(1)} vCPUs there at the busy hour, the database of every job comes on top, and the largest size that fits has ${cores}.${less}`;
}

export function size(args: string[], read = stackConfig): string {
  const given = readArguments(args, read);
  if (!given) return HELP;
  const { settings, wanted, budgetUsd } = given;
  return fleetText(settings, wanted, choose(wanted, budgetUsd));
}

if (require.main === module)
  try {
    process.stdout.write(size(process.argv.slice(2)));
  } catch (error) {
    const ours = error instanceof UsageError || error instanceof StackFileError;
    process.stderr.write(`${ours ? (error as Error).message.trimEnd() : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
