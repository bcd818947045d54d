/** From the strings that the engine hands over to values that the schema can judge. */
import { z } from "zod";
import type { Problem } from "../problem";
import { describeIssue, type GivenSetting, unknownSetting } from "./issues";
import { settingType } from "./types";

export { type SettingType, settingType, unwrap } from "./types";

type Shape = Readonly<Record<string, z.ZodType>>;

/** Settings whose values no message repeats: what lands there by mistake is a private key or a password. */
export const quiet = z.registry<{ why: string }>();

/** One setting from its string: JSON where it is not a text, and the string itself where that is no JSON. */
export function decode(raw: string, schema: z.ZodType): unknown {
  if (settingType(schema) === "string" && !/^[[{]/.test(raw)) return raw;
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

/** What could be read: the settings that are right, and everything that is wrong with the others. */
export interface ParsedValues<S extends Shape> {
  settings: { [K in keyof S]?: z.output<S[K]> };
  problems: Problem[];
}

/**
 * Parses each setting by its own schema, so that one wrong setting hides no problem of another.
 *
 * @param raw setting's name → string, secrets left out
 * @param otherKeys names that are allowed besides the shape's (the secrets), for the guess at a misspelt key
 * @param unread settings whose value is not known, and not missing either
 */
export function parseValues<S extends Shape>(
  raw: Readonly<Record<string, string>>,
  shape: S,
  otherKeys: readonly string[],
  unread: readonly string[] = [],
): ParsedValues<S> {
  const problems: Problem[] = Object.keys(raw)
    .filter((key) => !Object.hasOwn(shape, key))
    .map((key) => unknownSetting(key, shape, otherKeys));
  const settings: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(shape)) {
    if (unread.includes(key)) continue;
    const text = Object.hasOwn(raw, key) ? raw[key] : undefined;
    const value = text === undefined ? undefined : decode(text, schema);
    const parsed = schema.safeParse(value);
    if (parsed.success) settings[key] = parsed.data;
    else {
      const given: GivenSetting = { key, schema, value, quiet: quiet.has(schema) };
      // A whole number beyond a setting's most may also be too large to be whole: one fault, one line.
      const issues = parsed.error.issues.filter(
        (issue, _, all) =>
          all.length === 1 || issue.code !== "too_big" || issue.maximum !== Number.MAX_SAFE_INTEGER,
      );
      problems.push(...issues.flatMap((issue) => describeIssue(given, issue)));
    }
  }
  return { settings: settings as ParsedValues<S>["settings"], problems };
}
