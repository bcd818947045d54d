/** Turns zod's issues into problems with this program's messages. */
import { closest, distance } from "fastest-levenshtein";
import { stringify } from "yaml";
import { z } from "zod";
import type { Problem } from "../problem";
import { corrections } from "./corrections";
import { quoted, stepsOf } from "./paths";
import { shown, shownName } from "./shown";
import { isDecimal, settingType, unwrap } from "./types";

/** A setting as it was given: its name, the schema that refused it, and whether messages may repeat its value. */
export interface GivenSetting {
  key: string;
  schema: z.ZodType;
  value: unknown;
  quiet: boolean;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** The schema that a path inside a setting leads to; undefined if the path leaves the schema. */
export function schemaAt(schema: z.ZodType, path: Path): z.ZodType | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) {
    return inner.options.map((option) => schemaAt(option as z.ZodType, path)).find(Boolean);
  }
  const next = childSchema(inner, step);
  return next && schemaAt(next, rest);
}

function childSchema(schema: z.ZodType, step: PropertyKey): z.ZodType | undefined {
  if (schema instanceof z.ZodObject && Object.hasOwn(schema.shape, step)) return schema.shape[String(step)];
  if (schema instanceof z.ZodArray && typeof step === "number") return schema.element as z.ZodType;
  if (schema instanceof z.ZodRecord && typeof step === "string") return schema.valueType as z.ZodType;
  return undefined;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (at as Record<PropertyKey, unknown> | null | undefined)?.[step],
    value,
  );
}

export function nameAt(key: string, path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : `${text}.${shownName(String(step))}`),
    key,
  );
}

/** @param list what else could be written, as a clause */
export function unknownKey(prefix: string, name: string, known: readonly string[], list: string): Problem {
  const near = closest(name, [...known]);
  return {
    key: prefix + shownName(name),
    message: `is not a setting; ${isSlip(name, near) ? `did you mean ${prefix}${near}?` : list}`,
  };
}

/** A third of the letters: close enough for a typo, too far for another word. */
const isSlip = (name: string, near: string) => distance(name, near) <= Math.max(2, name.length / 3);

type Shape = Readonly<Record<string, z.ZodType>>;

/** A top-level key that is not a setting: a path, a name from within a map, or a typo. */
export function unknownSetting(name: string, shape: Shape, otherNames: readonly string[]): Problem {
  const key = shownName(name);
  const path = stepsOf(name.replaceAll(/\["([^"]*)"\]/g, ".$1"));
  const [head, ...inside] = path;
  const schema = typeof head === "string" && Object.hasOwn(shape, head) ? shape[head] : undefined;
  const isShown = shownName(name.replaceAll(/[[\]"]/g, "")) === name.replaceAll(/[[\]"]/g, "");
  if (schema && inside.length > 0 && isShown) {
    if (schemaAt(schema, inside))
      return {
        key: name,
        message: `is written as one key, which nothing reads; write ${typeof inside.at(-1) === "number" ? "it" : inside.at(-1)} below ${head}, or run: pulumi config rm ${quoted(name)} && pulumi config set --path ${quoted(name)} VALUE`,
      };
    return { key: name, message: `is not a setting; ${head} takes ${keysOf(schema).join(", ")}` };
  }
  const homes = Object.entries(shape)
    .filter(([, holder]) => keysOf(holder).includes(name))
    .map(([holder]) => holder);
  const known = [...Object.keys(shape), ...otherNames];
  if (homes.length > 0 && distance(name, closest(name, known)) > 1)
    return {
      key,
      message: `is not a setting by itself; did you mean ${homes.map((home) => `${home}.${name}`).join(" or ")}? Write it below ${homes.join(" or ")}`,
    };
  return unknownKey("", name, known, "remove it, or look for its name in docs/settings.md");
}

function unknownKeys({ key, schema }: GivenSetting, path: Path, names: readonly string[]): Problem[] {
  const parent = nameAt(key, path);
  const place = schemaAt(schema, path);
  const known = place ? keysOf(place) : [];
  return names.map((name) =>
    name === "region"
      ? {
          key: `${parent}.region`,
          message: "is not a setting: both accounts use the stack's `region`; remove it",
        }
      : unknownKey(`${parent}.`, name, known, `${parent} takes ${known.join(", ")}`),
  );
}

/** Names that a map accepts; empty if it accepts any. */
function keysOf(schema: z.ZodType): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) return inner.options.flatMap((option) => keysOf(option as z.ZodType));
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  if (inner instanceof z.ZodArray) return keysOf(inner.element as z.ZodType);
  if (inner instanceof z.ZodRecord && inner.keyType instanceof z.ZodEnum)
    return inner.keyType.options.map(String);
  return [];
}

const metaOf = (schema: z.ZodType | undefined) =>
  (schema?.meta() ?? {}) as { description?: string; examples?: unknown[] };

/** "; write …": the value that was meant, or an example, as YAML that every reader reads as the right type. */
function advice(schema: z.ZodType | undefined, given?: unknown): string {
  const meant = schema && typeof given === "string" ? correctionOf(schema, given) : undefined;
  if (meant !== undefined) return `; write ${yamlOf(meant)}`;
  const [example] = metaOf(schema).examples ?? [];
  return example === undefined ? "" : `; write, for example, ${yamlOf(example)}`;
}

/** The nearest valid value, if there is one. */
function correctionOf(schema: z.ZodType, given: string): string | undefined {
  const inner = unwrap(schema);
  const parts = inner instanceof z.ZodUnion ? (inner.options as z.ZodType[]) : [schema, inner];
  const meant = parts.map((part) => corrections.get(part)?.correct(given)).find(Boolean);
  return meant !== undefined && meant !== given && schema.safeParse(meant).success ? meant : undefined;
}

function yamlOf(example: unknown): string {
  // YAML 1.1 quotes what some readers take for a number: "02:30".
  const yaml = stringify(example, { version: "1.1", collectionStyle: "flow", flowCollectionPadding: false });
  return yaml.trim();
}

/** A value that is missing, or is `null` or "" although that has no meaning. */
function emptyMessage({ schema }: GivenSetting, path: Path): string {
  const place = schemaAt(schema, path);
  const parent = path.length > 0 ? schemaAt(schema, path.slice(0, -1)) : undefined;
  const holder = parent && unwrap(parent);
  if (holder instanceof z.ZodArray || holder instanceof z.ZodRecord)
    return "is empty; write a value, or remove it";
  if (place?.safeParse(undefined).success) return `is empty; write ${kindOf(place)}, or leave it out`;
  const { description } = metaOf(place);
  return `is missing${description ? ` (${description})` : ""}${advice(place)}`;
}

function kindOf(schema: z.ZodType): string {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodEnum) return `one of ${inner.options.join(", ")}`;
  return isDecimal(schema) ? "a number" : article(settingType(schema));
}

/** Everything that an issue says, each with its path and what to write there. */
export function describeIssue(setting: GivenSetting, issue: Issue): Problem[] {
  const { key, schema, value, quiet } = setting;
  if (issue.code === "unrecognized_keys") return unknownKeys(setting, issue.path, issue.keys);
  const place = schemaAt(schema, issue.path);
  const given = valueAt(value, issue.path);
  const name = nameAt(key, issue.path);
  if (issue.code === "invalid_key") {
    // The name is wrong, not its value.
    const [own] = issue.issues;
    return [{ key: name, message: own ? own.message : "is not a known name" }];
  }
  if (given === undefined || given === null || given === "")
    return [{ key: name, message: emptyMessage(setting, issue.path) }];
  if (issue.code === "invalid_union") {
    const nearer = nearestOption(issue);
    if (nearer) {
      return nearer.flatMap((inner) =>
        describeIssue(setting, { ...inner, path: [...issue.path, ...inner.path] } as Issue),
      );
    }
  }
  const is = quiet ? undefined : `is ${shown(given)}`;
  return [{ key: name, message: sentence(issue, is, given, advice(place, given)) }];
}

/**
 * The option of a union that the value was meant for: the only one with the same type. If there is none, and the union has no message, the
 * last option is used.
 */
function nearestOption(issue: z.core.$ZodIssueInvalidUnion): Issue[] | undefined {
  const ofKind = issue.errors.filter(
    ([first]) =>
      first && !(first.path.length === 0 && ["invalid_type", "invalid_value"].includes(first.code)),
  );
  if (ofKind.length === 1) return ofKind[0];
  return isOwn(issue.message) ? undefined : issue.errors.at(-1);
}

/** The schema's own messages are clauses; zod's begin with a capital letter. */
const isOwn = (message: string) => /^[a-z]/.test(message);

/**
 * @param is "is VALUE"; undefined if the value must not be shown
 * @param write "; write …", or empty
 */
function sentence(issue: Issue, is: string | undefined, given: unknown, write: string): string {
  const not = (what: string) => `${is ? `${is}, not` : "is not"} ${what}${write}`;
  const but = (clause: string) => `${is ?? "cannot be used"}; ${clause}`;
  if (issue.code === "invalid_type" && typeof given === "string" && isOfType(issue.expected, given) && is)
    return `${is}, a string; write it without quotes`;
  if (isOwn(issue.message)) {
    const { message } = issue;
    if (message.startsWith("is not ")) return not(message.slice("is not ".length));
    return message.startsWith("write ") ? but(message) : message;
  }
  switch (issue.code) {
    case "invalid_type": {
      const isBare = typeof given === "number" || typeof given === "boolean";
      if (issue.expected === "string" && isBare && is)
        return `is the ${typeof given} ${given}, not a string; put it in quotes`;
      return not(article(issue.expected));
    }
    case "invalid_value": {
      const meant =
        typeof given === "string" && issue.values.find((one) => one === given.trim().toLowerCase());
      if (meant) return but(`write ${String(meant)}`);
      return but(`write one of ${issue.values.map(String).join(", ")}`);
    }
    case "too_small":
      return issue.origin === "array"
        ? "has no entries; write at least one"
        : but(`write at least ${issue.minimum}`);
    case "too_big":
      return but(`write at most ${issue.maximum}`);
    default:
      return not("what belongs here");
  }
}

/** Whether a string would be valid without its quotes. */
const isOfType = (expected: string, text: string) =>
  expected === "boolean"
    ? /^(true|false)$/.test(text)
    : /^(int|number)$/.test(expected) && /^-?\d+(\.\d+)?$/.test(text);

/** Zod's and Pulumi.yaml's names of types, in words. */
export function article(type: string): string {
  return (
    {
      int: "a whole number",
      integer: "a whole number",
      number: "a whole number",
      string: "a string",
      boolean: "true or false",
      array: "a list",
      object: "a map",
      record: "a map",
    }[type] ?? type
  );
}
