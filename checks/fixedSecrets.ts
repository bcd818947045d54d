/** Secrets that must never change. With other values, encrypted columns, sessions or web push would be lost. */
import { createHash } from "node:crypto";
import type { Problem } from "../settings/problem";
import { SECRET_NAMES, SECRETS } from "../settings/secrets";

const FIXED = SECRET_NAMES.flatMap((name) => {
  const { fixed } = SECRETS[name];
  return fixed ? [[name, fixed] as const] : [];
});

/** Where a fixed secret comes from: `generated`, or the start of its SHA-256 if it was set. That hash reveals nothing about the secret. */
export type SecretMarks = Record<string, string>;

/** @param given secret's name → value */
export function secretMarks(given: Readonly<Record<string, string>>): SecretMarks {
  const mark = (value: string | undefined) =>
    value ? createHash("sha256").update(value).digest("hex").slice(0, 16) : "generated";
  return Object.fromEntries(FIXED.map(([name]) => [name, mark(given[name])]));
}

/** @param before what the stack's last run recorded; undefined before the first run */
export function fixedSecretProblems(before: SecretMarks | undefined, now: SecretMarks): Problem[] {
  if (!before) return [];
  return FIXED.flatMap(([name, loss]) => {
    const [was, is] = [before[name], now[name]];
    if (was === undefined || was === is) return [];
    const what =
      was === "generated"
        ? "is set, but this stack uses the one that it generated"
        : is === "generated"
          ? "is no longer set"
          : "has changed";
    const remedy = was === "generated" ? `run: pulumi config rm ${name}` : "set the old one again";
    return [{ key: name, message: `${what}: ${loss}; ${remedy}` }];
  });
}
