/** The plain settings, each checked by itself: the one reader for the program, the plan, the policy pack and `size`. */
import type { z } from "zod";
import { plainSecretProblems, rereadProblems, rewrittenProblems } from "./plainValues";
import type { Problem } from "./problem";
import { headOf } from "./schema/paths";
import { settingType } from "./schema/types";
import { decode, type ParsedValues, parseValues, quiet } from "./schema/values";
import { SECRET_NAMES, SECRETS } from "./secrets";
import { encryptedProblems } from "./stackFile/encrypted";
import { foreignProblems } from "./stackFile/foreignKeys";
import type { Notes } from "./stackFile/notes";

const NO_NOTES: Notes = { project: "", foreign: {}, encrypted: [], reread: [] };

/**
 * @param raw name → string as the engine hands it over; secrets.ts reads the secrets
 * @param shape the settings to read: all of settings/schema/, or some
 */
export function plainSettings<S extends Readonly<Record<string, z.ZodType>>>(
  raw: Readonly<Record<string, string>>,
  shape: S,
  notes: Notes = NO_NOTES,
): ParsedValues<S> {
  const typeOf = (name: string) => {
    const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
    return schema && settingType(schema);
  };
  // Not every reader knows its value, so no reader checks it.
  const unread = notes.encrypted.map(headOf).filter((name) => Object.hasOwn(shape, name));
  const names = [...Object.keys(raw), ...notes.encrypted.map(headOf).filter((name) => !name.includes(":"))];
  const plain = names.filter((name) => !Object.hasOwn(SECRETS, name)).map((name) => [name, raw[name] ?? ""]);
  const parsed = parseValues(Object.fromEntries(plain), shape, SECRET_NAMES, unread);
  const problems = [
    ...foreignProblems(notes.foreign, notes.encrypted, notes.project),
    ...encryptedProblems(notes.encrypted, typeOf),
    ...Object.entries(shape).flatMap(([name, schema]) => {
      const text = Object.hasOwn(raw, name) && !unread.includes(name) ? raw[name] : undefined;
      if (text === undefined) return [];
      const value = decode(text, schema);
      return [
        ...plainSecretProblems(name, value),
        ...notes.reread
          .filter(({ at }) => headOf(at) === name)
          .flatMap((note) => rereadProblems(note, schema, quiet.has(schema))),
        ...rewrittenProblems(name, schema, value),
      ];
    }),
    ...parsed.problems,
  ];
  return { settings: parsed.settings, problems: onePerKey(problems) };
}

/** One mistake gets one line: for a number that is too large, zod also reports that it is not an integer. */
const onePerKey = (problems: readonly Problem[]) =>
  problems.filter(({ key }, i) => problems.findIndex((other) => other.key === key) === i);
