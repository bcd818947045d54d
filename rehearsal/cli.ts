/** `sudo npm run rehearse`: `pulumi up` with the real program, and working machines on this one. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pulumiCli } from "../doubles/engine/cli";
import { IMAGES, type Images, REGISTRY } from "../lab/images";
import { INTERNET } from "../lab/internet/addresses";
import { Network } from "../lab/network";
import { PULLING_COMMANDS, REHEARSAL_COMMANDS, requireHostTools } from "../lab/requirements";
import { headscaleProgram, pebbleProgram } from "../lab/tailnetTools";
import { settingsSchema } from "../settings/schema";
import { readCommandLine } from "../tools/commandLine";
import { Report } from "./report";
import { boot } from "./steps/boot";
import { catchesUp } from "./steps/catchesUp";
import { closed } from "./steps/closed";
import { destroy } from "./steps/destroy";
import { escrow } from "./steps/escrow";
import { fromBare } from "./steps/fromBare";
import { movesIn } from "./steps/movesIn";
import { postgres } from "./steps/postgres";
import { reboot } from "./steps/reboot";
import { recovers } from "./steps/recovers";
import { scales } from "./steps/scales";
import type { Step } from "./steps/step";
import { survives } from "./steps/survives/survives";
import { tailnetCost } from "./steps/tailnetCost";
import { up } from "./steps/up";
import { upgrade } from "./steps/upgrade";
import { works } from "./steps/works/works";
import { createWorld, prepare, type WorldArgs } from "./world";

const INSIDE = "MASTODON_REHEARSAL_NETWORK";
const RELEASE = settingsSchema.shape.mastodonVersion.parse(undefined);

/** In separate namespaces, names resolve in the lab, and mounts end with the rehearsal. */
const OWN_RESOLVER = `resolver=$(mktemp); echo "nameserver ${INTERNET.dns}" >"$resolver"
mount --bind "$resolver" /etc/resolv.conf; rm "$resolver"; exec "$@"`;

/** Outside of the namespaces: everything that needs a package server. Then the same command inside of them. */
async function enter(options: Options): Promise<number> {
  await requireHostTools({ ...REHEARSAL_COMMANDS, ...(options.images === "real" ? PULLING_COMMANDS : {}) });
  await pulumiCli();
  await headscaleProgram();
  await pebbleProgram();
  for (const { args } of worlds(options)) await prepare(args);
  const network = await Network.create(`rehearsal-${process.pid}`);
  try {
    const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    const shell = ["unshare", "--mount", "bash", "-ec", OWN_RESOLVER, "bash"];
    const [file = "", ...rest] = network.inside([...shell, ...again]);
    const { status } = spawnSync(file, rest, {
      stdio: "inherit",
      env: { ...process.env, [INSIDE]: network.namespace },
    });
    return status ?? 1;
  } finally {
    await network.remove();
  }
}

const STEPS = {
  up,
  works,
  boot,
  closed,
  reboot,
  upgrade,
  survives,
  scales,
  catchesUp,
  tailnetCost,
  recovers,
  destroy,
  fromBare,
  escrow,
  movesIn,
  postgres,
} as const satisfies Record<string, Step>;
type StepName = keyof typeof STEPS;

/** The report of the last complete run. */
const KEPT = join(__dirname, "../docs/rehearsal-report.md");

/** Steps that take long: run with `--all`, or if they are named. */
const LONG: readonly StepName[] = [
  "survives",
  "scales",
  "catchesUp",
  "tailnetCost",
  "recovers",
  "fromBare",
  "escrow",
  "movesIn",
  "postgres",
];

/** Steps that need other machines. Each creates a separate world and starts with its own `up`. */
const APART: readonly StepName[] = ["fromBare", "escrow", "movesIn", "postgres"];

/** Steps that need nothing that only the stand-ins answer; `survives` then posts instead of asking for measured jobs. */
const ANY_IMAGES: readonly StepName[] = ["up", "works", "closed", "reboot", "survives", "destroy"];

/** The steps to run: the short ones, all, or those that `--only` names; `up` comes before steps that need it. */
function chosen({ only, all: everything, images }: Options): StepName[] {
  const all = (Object.keys(STEPS) as StepName[]).filter(
    (name) => images === "stand-ins" || ANY_IMAGES.includes(name),
  );
  if (only === undefined) return all.filter((name) => everything || !LONG.includes(name));
  const wanted = only.split(",");
  const unknown = wanted.filter((name) => !all.some((known) => known === name));
  if (unknown.length > 0)
    throw new Error(
      `--only ${unknown.join(",")}: the steps ${images === "real" ? "with --images real " : ""}are ${all.join(", ")}`,
    );
  const alone = wanted.every((name) => APART.some((apart) => apart === name));
  return all.filter((name) => (name === "up" && !alone) || wanted.includes(name));
}

/** The worlds, created one after the other, and the steps in each. Those apart have one machine of each kind. */
function worlds(options: Options): { args: WorldArgs; steps: StepName[] }[] {
  const { stack, images, registry } = options;
  const names = chosen(options);
  const args = { stack, images, registry, release: RELEASE };
  return [
    { args, steps: names.filter((name) => !APART.includes(name)) },
    {
      args: { ...args, stack: "staging" as const, bare: true },
      steps: names.filter((name) => name === "fromBare"),
    },
    { args: { ...args, stack: "staging" as const }, steps: names.filter((name) => name === "escrow") },
    { args: { ...args, oldServer: true }, steps: names.filter((name) => name === "movesIn") },
    {
      args: { ...args, stack: "staging" as const, olderPostgres: true },
      steps: names.filter((name) => name === "postgres"),
    },
  ].filter(({ steps }) => steps.length > 0);
}

async function rehearse(namespace: string, options: Options): Promise<number> {
  const { stack, all, hold, event } = options;
  const interrupted = new Promise<never>((_, reject) =>
    process.once("SIGINT", () => reject(new Error("interrupted; taking everything down"))),
  );
  // If it comes before the steps, they see it when they begin.
  interrupted.catch(() => undefined);
  const report = new Report();
  const last = chosen(options).at(-1);
  for (const { args, steps } of worlds(options)) {
    const { world, remove } = await createWorld(args, Network.named(namespace));
    const taken = async () => {
      for (const name of steps) {
        report.begin(name);
        if (!(await STEPS[name]({ ...world, report, event })) && name === "up") break;
      }
      if (hold && steps.at(-1) === last) await held(world.folder);
    };
    try {
      await Promise.race([taken(), interrupted]);
    } finally {
      await remove();
    }
  }
  const folder = join(__dirname, "../plan", stack);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "rehearsal.md"), report.markdown(`Rehearsal of ${stack}`));
  if (all)
    writeFileSync(KEPT, report.markdown(`Rehearsal of ${stack}, ${new Date().toISOString().slice(0, 10)}`));
  writeFileSync(join(folder, "rehearsal.json"), `${JSON.stringify(report.checks, null, 2)}\n`);
  console.log(`\nWritten to plan/${stack}/: rehearsal.md, rehearsal.json\n${report.closing()}`);
  return report.failed === 0 ? 0 : 1;
}

/** Leaves everything running for inspection, until Ctrl-C. */
function held(folder: string): Promise<never> {
  console.log(
    `\nHeld until Ctrl-C. A shell in this world: nsenter -t ${process.pid} -m -n; machines and logs: ${folder}`,
  );
  return new Promise(() => undefined);
}

interface Options {
  stack: "prod" | "staging";
  only: string | undefined;
  all: boolean;
  images: Images;
  registry: string;
  hold: boolean;
  event: RegExp | undefined;
}

const HELP = `sudo npm run rehearse -- [options]

Runs pulumi up with the real program, and the machines that it creates on this one (docs/rehearsal.md).
  --stack prod|staging    the example to rehearse (default: prod)
  --only STEP,STEP        only these steps, after up
  --all                   every step, including the long ones
  --event PATTERN         of survives, only the events that match
  --images real           Mastodon's own images instead of the stand-ins
  --registry HOST         where to pull them from
  --hold                  leave the instance up until Ctrl-C
`;

/** undefined if help was asked for. */
function options(): Options | undefined {
  const line = readCommandLine(process.argv.slice(2), {
    help: HELP,
    options: {
      stack: { type: "string", default: "prod" },
      only: { type: "string" },
      all: { type: "boolean", default: false },
      images: { type: "string", default: "stand-ins" },
      registry: { type: "string", default: REGISTRY },
      event: { type: "string" },
      hold: { type: "boolean", default: false },
    },
  });
  if (!line) return undefined;
  const { values } = line;
  const { stack, only, all, registry, hold } = values;
  const images = IMAGES.find((one) => one === values.images);
  if (!images) throw new Error(`--images ${values.images}: there are ${IMAGES.join(" and ")}`);
  if (stack !== "prod" && stack !== "staging")
    throw new Error(`--stack ${stack}: only the examples prod and staging are rehearsed`);
  const event = values.event === undefined ? undefined : new RegExp(values.event);
  const options: Options = { stack, only, all, images, registry, hold, event };
  chosen(options);
  return options;
}

async function main(): Promise<number> {
  // A terminal and npm each send one, to both processes: the first ends the steps, and none of them ends the cleanup.
  process.on("SIGINT", () => undefined);
  const wanted = options();
  if (!wanted) {
    process.stdout.write(HELP);
    return 0;
  }
  const namespace = process.env[INSIDE];
  return namespace ? rehearse(namespace, wanted) : enter(wanted);
}

main().then(
  // After an interruption a step may still wait for something.
  (code) => process.exit(code),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
