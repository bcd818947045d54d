/** What CI needs from the Pulumi CLI, through its Automation API. */
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type EngineEvent, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { type Preview, previewOf, stepsOf } from "./changes";

const ROOT = join(__dirname, "..");

/** ORGANIZATION/STACK at Pulumi Cloud, STACK elsewhere. */
export function qualified(stack: string): string {
  const organization = process.env.PULUMI_ORGANIZATION;
  return organization ? `${organization}/${stack}` : stack;
}

export interface Previewed extends Preview {
  failed: boolean;
  /** Everything that the engine would do. */
  steps: string[];
}

/**
 * Runs the preview with the policy pack. Its output goes to the log. A failure is part of the result, even a missing stack, an unreachable
 * backend or a failed login.
 */
export async function previewed(name: string, { refresh = false } = {}): Promise<Previewed> {
  const events: EngineEvent[] = [];
  const failure = await select(name)
    .then((stack) =>
      stack.preview({
        color: "never",
        refresh,
        policyPacks: ["policy/run"],
        onEvent: (event) => void events.push(event),
        onOutput: (text) => void process.stdout.write(text),
        onError: (text) => void process.stderr.write(text),
      }),
    )
    .then(
      () => undefined,
      (error: Error) => error,
    );
  const said = previewOf(events);
  if (failure && said.problems.length === 0) said.problems.push(...wordsOf(failure, name));
  return { ...said, steps: stepsOf(events), failed: failure !== undefined };
}

/** A file with the output of `pulumi config --json`: environments are resolved, and it contains no secrets. */
export async function resolvedConfig(name: string): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), "config-")), "config.json");
  writeFileSync(file, await cli("config", "--json", "--stack", qualified(name)));
  return file;
}

/** How many resources a stack has; none if the stack does not exist. */
export async function resourcesOf(name: string): Promise<number> {
  const stacks = await (await LocalWorkspace.create({ workDir: ROOT })).listStacks();
  const found = stacks.find((stack) => stack.name === name || stack.name.endsWith(`/${name}`));
  return found?.resourceCount ?? 0;
}

/** What distinguishes one state of a stack from another, and whether an operation in it is unfinished. */
export async function stateOf(name: string): Promise<{ written: string; pending: string[] }> {
  const { deployment } = JSON.parse(await cli("stack", "export", "--stack", qualified(name))) as Export;
  return {
    written: deployment?.manifest?.time ?? "",
    pending: (deployment?.pending_operations ?? []).map(
      ({ type, resource }) => `${type} ${resource.urn.split("::").at(-1)}`,
    ),
  };
}

interface Export {
  deployment?: {
    manifest?: { time?: string };
    pending_operations?: { type: string; resource: { urn: string } }[] | null;
  };
}

const select = (name: string): Promise<Stack> =>
  LocalWorkspace.selectStack({ stackName: qualified(name), workDir: ROOT });

const cli = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)("pulumi", args, { cwd: ROOT, maxBuffer: 256 * 1024 * 1024 })).stdout;

/** The CLI's own errors, out of everything that the Automation API prints with them. */
function wordsOf({ message }: Error, stack: string): string[] {
  if (/no stack named .* found/.test(message))
    return [`There is no stack ${stack} in the backend. Run: pulumi stack init ${stack}`];
  const errors = [...message.matchAll(/^\s*(?:stderr: )?error: (.+)$/gm)].map(([, text = ""]) => text);
  return errors.length > 0 ? [...new Set(errors)] : [message.split("\n")[0] ?? ""];
}
