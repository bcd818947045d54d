/** Checks of plain values that no schema can make: secrets that anybody could read, and values that YAML changed. */
import type { z } from "zod";
import { refusedVariable } from "./managedVariables";
import type { Problem } from "./problem";
import { nameAt, schemaAt } from "./schema/issues";
import { stepsOf } from "./schema/paths";
import { settingType } from "./schema/types";
import { secretKind } from "./secretKinds";
import { type SecretName, setCommand } from "./secrets";
import type { Reread } from "./stackFile/stackFile";

type Path = readonly (string | number)[];
interface Leaf {
  path: Path;
  value: unknown;
}

/** Every string, number and boolean of a value. */
export function leavesOf(value: unknown, path: Path = []): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((inner, i) => leavesOf(inner, [...path, i]));
  if (typeof value !== "object" || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...path, name]));
}

/** `extraSecretEnv` holds all secret variables at once. */
export const setVariable = (name: string) => `${setCommand("extraSecretEnv")} '{"${name}": "VALUE"}'`;

/** A name that says that its value is secret, rather than where a secret is or how long it lasts. */
const SECRET_NAME =
  /(SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIALS?|PRIVATE_KEY|API_?KEY|_KEY|_PASS)(_BASE)?$/;
const PUBLIC_NAME = /PUBLIC_KEY$|SITE_?KEY$/;

/** Secrets in plain settings: one problem each; the message does not repeat them. */
export function plainSecretProblems(setting: string, value: unknown): Problem[] {
  return leavesOf(value).flatMap(({ path, value: leaf }) => {
    if (typeof leaf !== "string") return [];
    const key = nameAt(setting, path);
    const variable = setting === "extraEnv" && typeof path[0] === "string" ? path[0] : undefined;
    if (variable !== undefined && refusedVariable(variable)) return [];
    const kind = secretKind(leaf, key);
    const isNamed =
      variable !== undefined && SECRET_NAME.test(variable) && !PUBLIC_NAME.test(variable) && leaf !== "";
    if (!kind && !isNamed) return [];
    const what = kind?.what ?? "a secret";
    const remedy =
      variable !== undefined
        ? setVariable(nameAt("", path).slice(1))
        : kind?.secret && setCommand(kind.secret as SecretName);
    return [
      {
        key,
        message: `holds ${what} in plain text; revoke it, ${remedy ? `remove it here, and run: ${remedy}` : "and remove it"}`,
      },
    ];
  });
}

/** A date as Go prints it: the program never sees what was written. */
const GO_DATE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [-+]\d{4} (UTC|[-+]\d{4})$/;

/** Variables that differ from what was written, as far as the value itself reveals it. */
export function rewrittenProblems(setting: string, schema: z.ZodType, value: unknown): Problem[] {
  return leavesOf(value).flatMap(({ path, value: leaf }) => {
    const isDate = typeof leaf === "string" && GO_DATE.test(leaf);
    const isHuge =
      setting === "extraEnv" && typeof leaf === "number" && Math.abs(leaf) > Number.MAX_SAFE_INTEGER;
    const place = schemaAt(schema, path);
    return (isDate || isHuge) && place && settingType(place) === "string"
      ? [{ key: nameAt(setting, path), message: CHANGED }]
      : [];
  });
}

const CHANGED = "is a value that YAML changes when it is read; put it in quotes";

/**
 * What the stack's file tells about scalars without quotes.
 *
 * @param isQuiet whether messages must not repeat values of the setting
 */
export function rereadProblems(
  { at, written, read }: Reread,
  schema: z.ZodType,
  isQuiet: boolean,
): Problem[] {
  const place = schemaAt(schema, stepsOf(at).slice(1));
  const type = place && settingType(place);
  if (type === "boolean") return [];
  // 1_000 and 0x10 mean what they look like; 0755 does not.
  if (type === "integer" && Number(written.replaceAll("_", "")) === Number(read)) return [];
  const remedy = type === "integer" ? `write ${read}` : `write "${written}"`;
  return [{ key: at, message: isQuiet ? CHANGED : `is ${written}, which YAML reads as ${read}; ${remedy}` }];
}
