/** Turns the strings that the engine hands over into values that the schema can check. */
import { z } from "zod";
import type { Problem } from "../problem";
import { describeIssue, type GivenSetting, unknownSetting } from "./issues";
import { settingType } from "./types";

export { type SettingType, settingType, unwrap } from "./types";

// zod compiles a parser for each map. Here each map is parsed once, so that took 9 ms more than it saved.
z.config({ jitless: true });

type Shape = Readonly<Record<string, z.ZodType>>;

/** Settings whose values no message repeats: people put private keys or passwords there by mistake. */
export const quiet = z.registry<{ why: string }>();

/** Reads one setting from its string: JSON if it is not a string setting, and the string itself if that is not JSON. */
export function decode(raw: string, schema: z.ZodType): unknown {
  if (settingType(schema) === "string" && !/^[[{]/.test(raw)) return raw;
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

/** The result: the settings that are correct, and everything that is wrong with the others. */
export interface ParsedValues<S extends Shape> {
  settings: { [K in keyof S]?: z.output<S[K]> };
  problems: Problem[];
}

/**
 * Parses each setting with its own schema, so that one wrong setting hides no problem of another.
 *
 * @param raw setting's name → string, without secrets
 * @param otherKeys names that are allowed in addition to the shape's (the secrets), for guesses at a misspelled key
 * @param unread settings whose value is unknown but not missing
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
      // An integer above a setting's maximum may also be too large for an integer: one mistake, one line.
      const issues = parsed.error.issues.filter(
        (issue, _, all) =>
          all.length === 1 || issue.code !== "too_big" || issue.maximum !== Number.MAX_SAFE_INTEGER,
      );
      problems.push(...issues.flatMap((issue) => describeIssue(given, issue)));
    }
  }
  return { settings: settings as ParsedValues<S>["settings"], problems };
}
