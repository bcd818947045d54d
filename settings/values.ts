/** From the strings that the engine hands over to values that the schema can judge. */
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import type { Problem } from "../capacity/problem";

type Shape = Readonly<Record<string, z.ZodType>>;

/** What a setting holds in the stack file, as Pulumi.yaml's `type` names it. */
export type SettingType = "string" | "integer" | "boolean" | "array" | "object";

/** Takes off defaults and optionality: the schema of what a user writes. */
export function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
    ? unwrap(schema.unwrap() as z.ZodType)
    : schema;
}

export function settingType(schema: z.ZodType): SettingType {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodBoolean) return "boolean";
  if (inner instanceof z.ZodNumber) return "integer";
  if (inner instanceof z.ZodArray) return "array";
  if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) return "object";
  return "string";
}

/** What a description says to write: the `example` in the schema's metadata. */
function example(schema: z.ZodType | undefined): string | undefined {
  return (schema?.meta() as { example?: string } | undefined)?.example;
}

/** The schema that a path inside a setting leads to; undefined where the path leaves the schema. */
function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  return path.reduce<z.ZodType | undefined>((at, step) => {
    const inner = at && unwrap(at);
    if (inner instanceof z.ZodObject) return inner.shape[String(step)] as z.ZodType | undefined;
    if (inner instanceof z.ZodArray) return inner.element as z.ZodType;
    return undefined;
  }, schema);
}

function at(key: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : `${text}.${String(step)}`),
    key,
  );
}

function unknownKey(key: string, name: string, known: readonly string[], where: string): Problem {
  const near = closest(name, known as string[]);
  // A third of the letters: close enough for a slip, too far for another word.
  const guess =
    distance(name, near) <= Math.max(2, name.length / 3)
      ? `did you mean ${near}?`
      : `${where} are ${known.join(", ")}`;
  return { key, message: `is not a setting; ${guess}` };
}

function describeIssue(key: string, schema: z.ZodType, issue: z.core.$ZodIssue, value: unknown): Problem[] {
  const place = schemaAt(schema, issue.path);
  const name = at(key, issue.path);
  const hint = example(place);
  const write = hint ? `; write, for example, ${hint}` : "";
  const given = issue.path.reduce<unknown>(
    (v, step) => (v as Record<PropertyKey, unknown> | undefined)?.[step],
    value,
  );
  const description = (place?.meta() as { description?: string } | undefined)?.description;
  if (given === undefined || given === "") {
    return [{ key: name, message: `is missing${description ? ` (${description})` : ""}${write}` }];
  }
  if (issue.code === "unrecognized_keys") {
    const inner = place && unwrap(place);
    const known = inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
    return issue.keys.map((extra) =>
      extra === "region"
        ? {
            key: `${name}.${extra}`,
            message: "is not a setting: both accounts are in the stack's one `region`; remove it",
          }
        : unknownKey(`${name}.${extra}`, extra, known, "its settings"),
    );
  }
  const shown = JSON.stringify(given);
  if (issue.code === "invalid_type")
    return [{ key: name, message: `is ${shown}, not ${article(issue.expected)}${write}` }];
  if (issue.code === "invalid_value") {
    return [{ key: name, message: `is ${shown}; write one of ${issue.values.map(String).join(", ")}` }];
  }
  if (issue.code === "too_small")
    return [{ key: name, message: `is ${shown}; write at least ${issue.minimum}` }];
  if (issue.code === "too_big")
    return [{ key: name, message: `is ${shown}; write at most ${issue.maximum}` }];
  // What is left are unions and formats, whose own text says what is wrong.
  const text =
    issue.code === "invalid_union" ? (issue.errors.flat().at(-1)?.message ?? issue.message) : issue.message;
  const own = issue.message === "Invalid input" ? text : issue.message;
  return [
    { key: name, message: own.startsWith("write") ? `is ${shown}; ${own}` : `${own}: ${shown}${write}` },
  ];
}

const article = (type: string) =>
  ({
    int: "a whole number",
    number: "a number",
    string: "a text (quote it)",
    boolean: "true or false",
    array: "a list",
    object: "a map",
    record: "a map",
  })[type] ?? type;

/** One setting from its string; undefined, with the problem noted, where it does not have its type. */
function decode(key: string, raw: string, schema: z.ZodType, problems: Problem[]): unknown {
  const type = settingType(schema);
  if (type === "string") return raw;
  try {
    return JSON.parse(raw);
  } catch {
    problems.push({
      key,
      message: `is ${JSON.stringify(raw)}, not ${article(type === "integer" ? "int" : type)}`,
    });
    return undefined;
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
 */
export function parseValues<S extends Shape>(
  raw: Readonly<Record<string, string>>,
  shape: S,
  otherKeys: readonly string[],
): ParsedValues<S> {
  const problems: Problem[] = Object.keys(raw)
    .filter((key) => !(key in shape))
    .map((key) => unknownKey(key, key, [...Object.keys(shape), ...otherKeys], "the settings"));
  const settings: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(shape)) {
    const text = raw[key];
    const before = problems.length;
    const value = text === undefined ? undefined : decode(key, text, schema, problems);
    if (problems.length > before) continue;
    const parsed = schema.safeParse(value);
    if (parsed.success) settings[key] = parsed.data;
    else
      problems.push(
        ...parsed.error.issues.flatMap((issue) => describeIssue(key, schema, issue, value ?? {})),
      );
  }
  return { settings: settings as ParsedValues<S>["settings"], problems };
}
