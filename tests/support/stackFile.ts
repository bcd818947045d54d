/** A stack's configuration as the engine hands it over, and what the program says to it. */
import * as pulumi from "@pulumi/pulumi";
import { parseConfiguration } from "../../checks/configuration";
import type { Recorded } from "../../checks/identity";
import type { Settings } from "../../settings/schema";
import type { SecretName } from "../../settings/secrets";

/** What a stack file says: `null` is a key with nothing behind it, `undefined` one that is not there. */
export type StackFile = Record<string, unknown>;

export interface Run {
  stack?: string;
  before?: Partial<Recorded>;
  isEncrypted?: (name: SecretName) => boolean;
}

/** The least that a stack must say. */
export const REQUIRED = {
  domain: "social.example.org",
  region: "nyc3",
  owner: { email: "you@example.org" },
  smtp: { server: "smtp.example.org" },
  aws: { accountId: "123456789012" },
  tailnet: { oauthClientId: "kAbCdEfCNTRL" },
  digitaloceanToken: "token-of-the-main-account",
  digitaloceanWorkerToken: "token-of-the-worker-account",
  tailscaleOauthClientSecret: "secret-of-the-client",
} as const;

/** Key → string, by the engine's rule: texts as they are, everything else as JSON. */
export function asTheEngine(file: StackFile): Record<string, string> {
  return Object.fromEntries(
    Object.entries(file)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [
        key,
        typeof value === "string" ? value : value === null ? "" : JSON.stringify(value),
      ]),
  );
}

export function parse(
  changes: StackFile = {},
  { stack = "prod", before, isEncrypted = () => true }: Run = {},
): Settings {
  return parseConfiguration(asTheEngine({ ...REQUIRED, ...changes }), stack, { before, isEncrypted })
    .settings;
}

/** The whole message with which a stack file is refused. */
export function refusal(changes: StackFile, run?: Run): string {
  try {
    parse(changes, run);
  } catch (error) {
    if (pulumi.RunError.isInstance(error)) return error.message;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

/** Its problems, a line each. */
export function problems(changes: StackFile, run?: Run): string[] {
  const [, ...lines] = refusal(changes, run).split("\n");
  return lines.map((line) => line.replace(/^ {2}- /, ""));
}

/** One bad stack file: what it says, and the lines that it must get. */
export type BadCase = [title: string, changes: StackFile, ...lines: string[]];
