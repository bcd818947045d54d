/** The stack that takes over the secrets of an escrow file: what stands against it, and what it still lacks. */
import { stringify } from "yaml";
import { type SecretMarks, secretMarks } from "../../checks/fixedSecrets";
import { plainSettings } from "../../settings/plain";
import { settingsSchema } from "../../settings/schema";
import { decode } from "../../settings/schema/values";
import { missingSecrets, SECRETS, setCommand } from "../../settings/secrets";
import type { EscrowFile } from "./escrowFile";

export interface Target {
  stack: string;
  /** Name → value, secrets included, as `pulumi config` gives it. */
  config: Readonly<Record<string, string>>;
  /** Where its fixed secrets are from; undefined before its first run. */
  marks: SecretMarks | undefined;
  /** URNs of everything in its state. */
  urns: readonly string[];
}

const PROJECT = "mastodon-hosting";

/** Why the stack cannot take over the file's secrets, one line each: overwritten, its own would be lost. */
export function obstacles({ secrets }: EscrowFile, { stack, config, marks, urns }: Target): string[] {
  const names = Object.keys(secrets);
  const unknown = names.filter((name) => !Object.hasOwn(SECRETS, name));
  // The deploy key is generated in every stack.
  const generated = urns
    .filter((urn) => urn.includes(`${PROJECT}:index:InstanceSecrets$`) && !urn.endsWith("-deploy-key"))
    .map((urn) => urn.split("::").at(-1));
  const inFile = secretMarks(secrets);
  const running = Object.keys(marks ?? {}).filter((name) => marks?.[name] !== inFile[name]);
  const configured = names.filter((name) => config[name] && config[name] !== secrets[name]);
  return [
    ...(unknown.length > 0
      ? [`This version of the project does not know ${unknown.join(", ")}; use the one that wrote the file.`]
      : []),
    ...(generated.length > 0
      ? [`Stack ${stack} has generated secrets already (${generated.join(", ")}). ${NEW}`]
      : running.length > 0
        ? [`Stack ${stack} runs with other secrets (${running.join(", ")}). ${NEW}`]
        : configured.map(
            (name) =>
              `Stack ${stack} already has another ${name} in its configuration. If nothing needs that one: pulumi config rm ${name} --stack ${stack}`,
          )),
  ];
}

const NEW = "Take a new stack: pulumi stack init NAME";

/** Settings that the stack does not have as the file has them, as YAML for its stack file; empty if there are none. */
export function settingsToWrite({ settings }: EscrowFile, { config }: Target): string {
  const { shape } = settingsSchema;
  const decoded = (name: string, text: string): unknown =>
    Object.hasOwn(shape, name) ? decode(text, shape[name as keyof typeof shape]) : text;
  const different = Object.entries(settings)
    .map(([name, text]) => [name, withoutFingerprint(name, decoded(name, text))] as const)
    .filter(
      ([name, value]) =>
        JSON.stringify(value) !== JSON.stringify(withoutFingerprint(name, decoded(name, config[name] ?? ""))),
    );
  if (different.length === 0) return "";
  return stringify({
    config: Object.fromEntries(different.map(([name, value]) => [`${PROJECT}:${name}`, value])),
  });
}

/** A new stack has another deploy key, and so another fingerprint. */
function withoutFingerprint(name: string, value: unknown): unknown {
  if (name !== "escrow" || typeof value !== "object") return value;
  const { fingerprint: _, ...rest } = { ...value } as Record<string, unknown>;
  return rest;
}

/** Commands for the secrets that are not in the file, because somebody gives out others at any time. */
export function commandsLeft({ settings, secrets }: EscrowFile, { stack, config }: Target): string[] {
  return missingSecrets(plainSettings(settings, settingsSchema.shape).settings, {
    ...config,
    ...secrets,
  }).map((name) => `${setCommand(name)} --stack ${stack}`);
}
