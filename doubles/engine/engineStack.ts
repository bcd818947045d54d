/** A stack of this project under the real engine, in its own copy of the project: the CLI writes into stack files. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type EngineEvent, LocalWorkspace, Stack } from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";
import { type Example, exampleFile } from "../../settings/stackFile/examples";
import { attempt, type Result } from "../../tools/run";
import { partsOf } from "../values";
import { pulumiCli } from "./cli";
import { LanguageHost } from "./languageHost";

const ROOT = join(__dirname, "../..");
const PROJECT = "mastodon-hosting";
/** The files of the program, its policy pack and what CI runs. */
const PROGRAM = [
  "index.ts",
  "catalogue",
  "checks",
  "components",
  "fleet",
  "github",
  "machines",
  "operations",
  "plan",
  "policy",
  "report",
  "services",
  "settings",
  "tools",
  "package.json",
  "tsconfig.json",
  "Pulumi.yaml",
];
const PASSPHRASE = "rehearsal";

export interface EngineStackArgs {
  stack: string;
  /** The example whose settings it has; if absent, the stack has its example's name. */
  example?: Example;
  /** Doubles, in the form that PULUMI_DEBUG_PROVIDERS takes, and the addresses of the accounts' own APIs. */
  cloud: { addresses: string; apiUrl: string };
  secrets: Readonly<Record<string, string>>;
  /** Further environment variables for the CLI. */
  environment?: Readonly<Record<string, string>>;
  /** Further environment variables for the program. */
  programEnvironment?: Readonly<Record<string, string>>;
}

/** What an operation of the engine did to one resource. */
export interface Step {
  /** `create`, `update`, `replace`, `create-replacement`, `delete-replaced`, `delete`, `read`, `same`, `refresh` … */
  op: string;
  type: string;
  name: string;
  /** Properties that differ, if the engine names them. */
  diffs: readonly string[];
}

/** An operation of the engine. */
export interface Run {
  ok: boolean;
  /** The CLI's whole output. */
  output: string;
  steps: Step[];
  /** Errors and warnings of the program and the providers. */
  diagnostics: { severity: string; message: string }[];
  events: EngineEvent[];
  seconds: number;
}

type Operation = "up" | "preview" | "refresh" | "destroy";
interface Options {
  /** Fail if there is anything to change. */
  expectNoChanges?: boolean;
  refresh?: boolean;
  replace?: string[];
  target?: string[];
  parallel?: number;
  /** Print every property. */
  diff?: boolean;
  policyPacks?: string[];
}

export class EngineStack {
  private constructor(
    private readonly folder: string,
    private readonly host: LanguageHost,
    readonly stack: Stack,
    private readonly name: string,
  ) {}

  private get stackFile(): string {
    return join(this.folder, "project", `Pulumi.${this.name}.yaml`);
  }

  static async create(args: EngineStackArgs): Promise<EngineStack> {
    const { stack: name, cloud, secrets, environment, programEnvironment } = args;
    const { example = name as Example } = args;
    const command = await pulumiCli();
    const host = new LanguageHost({
      DIGITALOCEAN_API_URL: cloud.apiUrl,
      MASTODON_REGISTRY_URL: cloud.apiUrl,
      ...programEnvironment,
    });
    const port = await host.start();
    const folder = mkdtempSync(join(tmpdir(), "engine-stack-"));
    const workDir = join(folder, "project");
    for (const part of PROGRAM) cpSync(join(ROOT, part), join(workDir, part), { recursive: true });
    cpSync(exampleFile(example), join(workDir, `Pulumi.${name}.yaml`));
    symlinkSync(join(ROOT, "node_modules"), join(workDir, "node_modules"));
    for (const part of ["home", "state"]) mkdirSync(join(folder, part));
    const workspace = await LocalWorkspace.create({
      workDir,
      pulumiHome: join(folder, "home"),
      pulumiCommand: command,
      envVars: {
        PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
        PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DEBUG_LANGUAGES: `nodejs:${port}`,
        PULUMI_DEBUG_PROVIDERS: cloud.addresses,
        // If a double is missing, this fails instead of starting a real plugin against the real cloud.
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
        // The log of events is for debugging.
        PULUMI_DEBUG_COMMANDS: "true",
        ...environment,
      },
    });
    const engineStack = new EngineStack(folder, host, await Stack.create(name, workspace), name);
    await engineStack.setSecrets(secrets);
    return engineStack;
  }

  /** As `pulumi config set --secret` does. */
  async setSecrets(secrets: Readonly<Record<string, string>>): Promise<void> {
    await this.stack.setAllConfig(
      Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, { value, secret: true }])),
    );
  }

  /** The stack file's settings. */
  settings(): Settings {
    const { config } = parse(readFileSync(this.stackFile, "utf8")) as { config: Record<string, unknown> };
    return Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key.slice(PROJECT.length + 1), value]),
    ) as Settings;
  }

  restore(settings: Settings): void {
    const config = Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`${PROJECT}:${key}`, value]),
    );
    writeFileSync(this.stackFile, stringify({ ...parse(readFileSync(this.stackFile, "utf8")), config }));
  }

  /** Edits the stack file. */
  edit(change: (settings: Settings) => void): void {
    const settings = this.settings();
    change(settings);
    this.restore(settings);
  }

  /** Puts a file into the copied program. */
  write(file: string, content: string): void {
    writeFileSync(join(this.folder, "project", file), content);
  }

  /** Edits a file of the copied program; the returned function restores it. */
  editProgram(file: string, from: string, to: string): () => void {
    const path = join(this.folder, "project", file);
    const before = readFileSync(path, "utf8");
    if (!before.includes(from)) throw new Error(`${file} does not say: ${from}`);
    writeFileSync(path, before.replaceAll(from, to));
    return () => writeFileSync(path, before);
  }

  up(options: Options = {}): Promise<Run> {
    return this.run("up", options);
  }

  preview(options: Options = {}): Promise<Run> {
    return this.run("preview", options);
  }

  refresh(options: Options = {}): Promise<Run> {
    return this.run("refresh", options);
  }

  destroy(options: Options = {}): Promise<Run> {
    return this.run("destroy", options);
  }

  /** A script of the project, with the CLI on its PATH. */
  script(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
    const { pulumiCommand, envVars, workDir, pulumiHome } = this.stack.workspace as LocalWorkspace;
    const PATH = `${dirname(pulumiCommand.command)}:${env.PATH ?? process.env.PATH}`;
    return attempt([process.execPath, "-r", "ts-node/register", join(workDir, file), ...args], {
      env: {
        ...process.env,
        ...envVars,
        PULUMI_HOME: pulumiHome,
        TS_NODE_PROJECT: join(workDir, "tsconfig.json"),
        ...env,
        PATH,
      },
      timeout: 1800,
    });
  }

  /** The CLI as a user types it. */
  cli(...args: string[]): Promise<Result> {
    return attempt(this.command(...args), { env: this.environment });
  }

  /** A user's command in the project's folder. */
  shell(command: string): Promise<Result> {
    const { workDir } = this.stack.workspace;
    return attempt(["bash", "-c", `cd ${workDir} && ${command}`], { env: this.environment });
  }

  /** A step of a workflow, as GitHub's runner starts it with `shell: bash`; its processes form a separate group. */
  startStep(run: string, env: NodeJS.ProcessEnv): ChildProcess {
    const file = join(this.folder, "step.sh");
    writeFileSync(file, run);
    const step = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", file], {
      cwd: this.stack.workspace.workDir,
      env: { ...this.environment, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [step.stdout, step.stderr]) stream?.resume();
    return step;
  }

  /** Operations that the state lists as pending. */
  async pending(): Promise<string[]> {
    const { deployment } = await this.stack.exportStack();
    const operations = (deployment.pending_operations ?? []) as { type: string; resource: { urn: string } }[];
    return operations.map(({ type, resource }) => `${type} ${partsOf(resource.urn).name}`);
  }

  /** The CLI, just started. */
  start(...args: string[]): ChildProcess {
    const [file = "", ...rest] = this.command(...args);
    return spawn(file, rest, { env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Process id of the program that the engine started last. */
  get programPid(): number | undefined {
    return this.host.programPid;
  }

  /** An up whose engine is killed as soon as the condition holds. */
  async killedUp(soon: () => boolean): Promise<void> {
    const engine = this.start("up", "--yes", "--skip-preview");
    for (const stream of [engine.stdout, engine.stderr]) stream?.resume();
    const ended = new Promise((resolve) => engine.on("exit", resolve));
    while (!soon() && engine.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
    engine.kill("SIGKILL");
    await ended;
  }

  private command(...args: string[]): string[] {
    const { pulumiCommand, workDir } = this.stack.workspace as LocalWorkspace;
    const flags = ["--stack", this.name, "--non-interactive", "--color", "never", "-C", workDir];
    return [pulumiCommand.command, ...args, ...flags];
  }

  private get environment(): NodeJS.ProcessEnv {
    const { pulumiCommand, envVars, pulumiHome } = this.stack.workspace as LocalWorkspace;
    const PATH = `${dirname(pulumiCommand.command)}:${process.env.PATH}`;
    return { ...process.env, ...envVars, PULUMI_HOME: pulumiHome, PATH };
  }

  /** All resources in the state. */
  async urns(): Promise<string[]> {
    const { deployment } = await this.stack.exportStack();
    return ((deployment.resources ?? []) as { urn: string }[]).map(({ urn }) => urn);
  }

  /** The state as it is stored: secrets are encrypted. */
  stored(): string {
    return readFileSync(
      join(this.folder, "state", ".pulumi", "stacks", PROJECT, `${this.name}.json`),
      "utf8",
    );
  }

  remove(): void {
    this.host.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** As the Automation API runs the CLI, but without its three extra runs for outputs and history after an up. */
  private async run(operation: Operation, options: Options): Promise<Run> {
    const log = join(this.folder, "events.jsonl");
    rmSync(log, { force: true });
    const start = Date.now();
    const unasked = operation === "preview" ? [] : ["--yes", "--skip-preview"];
    const engine = this.start(operation, ...unasked, "--event-log", log, ...flagsOf(options));
    let output = "";
    for (const stream of [engine.stdout, engine.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    const code = await new Promise((resolve, reject) => engine.on("close", resolve).on("error", reject));
    const seconds = (Date.now() - start) / 1000;
    const events = existsSync(log)
      ? readFileSync(log, "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as EngineEvent)
      : [];
    return {
      ok: code === 0,
      output,
      events,
      steps: events.flatMap(stepOf),
      diagnostics: events.flatMap(({ diagnosticEvent: e }) =>
        e && ["error", "warning"].includes(e.severity) ? [{ severity: e.severity, message: e.message }] : [],
      ),
      seconds,
    };
  }
}

const FLAGS: Record<keyof Options, string> = {
  expectNoChanges: "--expect-no-changes",
  refresh: "--refresh",
  replace: "--replace",
  target: "--target",
  parallel: "--parallel",
  diff: "--diff",
  policyPacks: "--policy-pack",
};

const flagsOf = (options: Options) =>
  Object.entries(options).flatMap(([name, value]) => {
    const flag = FLAGS[name as keyof Options];
    if (value === true) return [flag];
    return [value].flat().flatMap((one) => [flag, String(one)]);
  });

function stepOf({ resOutputsEvent, resourcePreEvent }: EngineEvent): Step[] {
  // A preview has no results, so its planned steps count. An update's results come in the order in which they end.
  const metadata =
    resOutputsEvent?.metadata ?? (resourcePreEvent?.planning ? resourcePreEvent.metadata : undefined);
  if (!metadata || (resOutputsEvent as { planning?: boolean } | undefined)?.planning) return [];
  return [{ op: metadata.op, ...partsOf(metadata.urn), diffs: metadata.diffs ?? [] }];
}

/** A stack's settings; only those that are edited here. */
export interface Settings {
  [setting: string]: unknown;
  main: Record<string, unknown>;
  workers: Record<string, unknown>[];
}
