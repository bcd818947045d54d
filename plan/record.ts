/** Runs the program with the engine's mocks and records what it registers: the preview that asks no account. */
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

/** One registered resource or component. */
export interface RecordedResource {
  urn: string;
  type: string;
  name: string;
  /** URN of the parent; empty for a resource at the top. */
  parent: string;
  /** Name of the provider resource; empty for components and for providers. */
  provider: string;
  component: boolean;
  /** Inputs as plain values; UNKNOWN for what only an `up` can know. */
  inputs: Record<string, unknown>;
  /** Inputs that are secret or contain a secret. */
  secretInputs: string[];
  options: RecordedOptions;
}

/** The options that decide about a resource's life; an option with its default value is absent. */
export interface RecordedOptions {
  protect?: true;
  retainOnDelete?: true;
  deleteBeforeReplace?: true;
  ignoreChanges?: string[];
  replacementTrigger?: unknown;
  /** URNs. */
  replaceWith?: string[];
  /** URNs. */
  dependsOn: string[];
  additionalSecretOutputs?: string[];
  customTimeouts?: Record<string, string>;
}

export interface Recording {
  resources: RecordedResource[];
  /** The stack's outputs, secrets included. */
  outputs: Record<string, unknown>;
  warnings: string[];
}

export interface RecordArgs {
  project: string;
  stack: string;
  /** Full key → the string that the engine would hand over. */
  config: Readonly<Record<string, string>>;
  secretKeys?: readonly string[];
  /** Whether unknown outputs stay unknown, as in a preview. */
  preview: boolean;
  mocks: pulumi.runtime.Mocks;
}

/** The SDK's own marker for a value that only an `up` can know. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** @throws what the program throws: a RunError for a configuration that it refuses */
export async function record(program: () => Promise<unknown>, args: RecordArgs): Promise<Recording> {
  const resources: RecordedResource[] = [];
  const warnings: string[] = [];
  const restore = [
    // Parents, providers and options are in the request, which mocks do not see.
    replaced(
      MockMonitor.prototype as unknown as Monitor,
      "registerResource",
      (original) =>
        async function (this: Monitor, request, callback) {
          await original.call(this, request, (error, response) => {
            if (response) resources.push(describe(request, response.getUrn()));
            callback(error, response);
          });
        },
    ),
    // The SDK's mocks lack this one. Hooks wait for nothing here.
    replaced(
      MockMonitor.prototype as unknown as Hooks,
      "registerResourceHook",
      () => (_request, callback) => callback(null, new Empty()),
    ),
    replaced(pulumi.log as { warn: (message: string) => Promise<void> }, "warn", () => async (message) => {
      warnings.push(message);
    }),
  ];
  try {
    pulumi.runtime.setAllConfig({ ...args.config }, [...(args.secretKeys ?? [])]);
    await pulumi.runtime.setMocks(args.mocks, args.project, args.stack, args.preview, "organization");
    let refused: { error: unknown } | undefined;
    const outputs = (await pulumi.runtime.runInPulumiStack(() =>
      // The SDK turns one rejection into several, and nobody could catch them all.
      program().catch((error: unknown) => {
        refused = { error };
        return {};
      }),
    )) as Record<string, unknown>;
    await pulumi.runtime.disconnect();
    if (refused) throw refused.error;
    return {
      resources: resources.filter(({ type }) => type !== "pulumi:pulumi:Stack"),
      outputs: await plainOutputs(outputs),
      warnings,
    };
  } finally {
    for (const undo of restore) undo();
  }
}

type Callback = (error: unknown, response?: { getUrn(): string }) => void;
interface Monitor {
  registerResource(request: RegisterResourceRequest, callback: Callback): Promise<void>;
}

interface Hooks {
  registerResourceHook(request: unknown, callback: (error: unknown, response: Empty) => void): void;
}

/** Replaces a function of an object; returns a function that restores it. */
function replaced<T, K extends keyof T>(target: T, key: K, wrap: (original: T[K]) => T[K]): () => void {
  const original = target[key];
  target[key] = wrap(original);
  return () => {
    target[key] = original;
  };
}

function describe(request: RegisterResourceRequest, urn: string): RecordedResource {
  const raw = (request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>;
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    parent: isStack(request.getParent()) ? "" : request.getParent(),
    // A reference consists of the provider's URN and id.
    provider: request.getProvider().split("::").at(-2) ?? "",
    component: !request.getCustom(),
    inputs: unwrapped(raw) as Record<string, unknown>,
    secretInputs: Object.keys(raw).filter((key) => hasSecret(raw[key])),
    options: optionsOf(request),
  };
}

const isStack = (urn: string) => urn.includes("::pulumi:pulumi:Stack::");

function optionsOf(request: RegisterResourceRequest): RecordedOptions {
  const timeouts = request.getCustomtimeouts()?.toObject() ?? {};
  const trigger = request.getReplacementTrigger()?.toJavaScript();
  const list = (values: string[]) => (values.length > 0 ? values : undefined);
  return withoutUndefined({
    protect: request.getProtect() || undefined,
    retainOnDelete: request.getRetainondelete() || undefined,
    deleteBeforeReplace: request.getDeletebeforereplace() || undefined,
    ignoreChanges: list(request.getIgnorechangesList()),
    replacementTrigger: trigger === null ? undefined : unwrapped(trigger),
    replaceWith: list(request.getReplaceWithList()),
    dependsOn: request.getDependenciesList(),
    additionalSecretOutputs: list(request.getAdditionalsecretoutputsList()),
    customTimeouts: Object.values(timeouts).some(Boolean) ? withoutUndefined(onlyText(timeouts)) : undefined,
  }) as RecordedOptions;
}

const onlyText = (values: object) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => typeof value === "string" && value !== ""));

const withoutUndefined = (values: object) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

function isSecret(value: object): value is { value: unknown } {
  return (value as Record<string, unknown>)[SIGNATURE] === SECRET_SIGNATURE;
}

function hasSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isSecret(value) || Object.values(value).some(hasSecret);
}

function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== "object" || value === null) return value;
  if (isSecret(value)) return unwrapped(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}

/** Awaits each output; UNKNOWN if only an `up` knows it. */
async function plainOutputs(value: unknown): Promise<Record<string, unknown>> {
  return (await plain(value)) as Record<string, unknown>;
}

async function plain(value: unknown): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) {
    const output = value as unknown as { promise(): Promise<unknown>; isKnown: Promise<boolean> };
    return (await output.isKnown) ? plain(await output.promise()) : UNKNOWN;
  }
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    await Promise.all(Object.entries(value).map(async ([key, inner]) => [key, await plain(inner)] as const)),
  );
}
