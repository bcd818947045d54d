/** The secrets of a stack, as settings/secretTable.ts lists them. */
import type { Settings } from "./schema";
import { type SecretSetting, table } from "./secretTable";

export type { SecretSetting };
export type SecretName = keyof typeof table;

/** Names of the secrets that machines of that kind hold. */
type On<Where> = {
  [Name in SecretName]: (typeof table)[Name] extends { on: Where } ? Name : never;
}[SecretName];
type Optional = {
  [Name in SecretName]: (typeof table)[Name] extends { optional: true } ? Name : never;
}[SecretName];

/** Values of those secrets; undefined if the stack does not use one. */
export type HeldSecrets<Where extends "every machine" | "main"> = {
  [Name in Exclude<On<Where>, Optional>]: string;
} & { [Name in Extract<On<Where>, Optional>]?: string | undefined };

export const SECRETS: Readonly<Record<SecretName, SecretSetting>> = table;
export const SECRET_NAMES = Object.keys(table) as SecretName[];

/** Names of the secrets that every machine holds, and those that only main holds. */
export const heldOn = <Where extends "every machine" | "main">(where: Where) =>
  SECRET_NAMES.filter((name) => SECRETS[name].on === where) as On<Where>[];

/** Names of the secrets that belong in the escrow file, as far as the stack uses them. */
export const ESCROWED = SECRET_NAMES.filter((name) => !SECRETS[name].reissuedBy);

/** Stands for a secret that is not set or cannot be read, when nothing is deployed. */
export const placeholder = (name: SecretName) => SECRETS[name].placeholder ?? `[placeholder-for-${name}]`;

/** The command that sets a secret, for messages. */
export const setCommand = (name: SecretName) => `pulumi config set --secret ${name}`;

/** Secrets that this stack needs but does not have, in the table's order. */
export function missingSecrets(
  settings: Partial<Settings>,
  given: Readonly<Record<string, string>>,
): SecretName[] {
  return SECRET_NAMES.filter((name) => SECRETS[name].requiredWhen?.(settings) && !given[name]);
}
