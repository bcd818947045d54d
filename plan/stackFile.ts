/**
 * Reads a stack's configuration from Pulumi.yaml and Pulumi.STACK.yaml by the engine's own rules, for the preview
 * that runs without the engine. tests/plan/parity has what the engine itself made of each case.
 *
 * Values under `secure:` need the stack's key and stay unread. Nothing is guessed: what the engine accepts and
 * this reader does not understand (`!!int`, a date as a default, an environment) is refused, with what to write.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isCollection, isScalar, parseAllDocuments, type ScalarTag, visit } from "yaml";
import { z } from "zod";

export interface StackConfig {
  project: string;
  stack: string;
  /** Full key ("mastodon-hosting:domain") → the string that the engine puts into PULUMI_CONFIG. */
  config: Record<string, string>;
  /** What the engine would put into PULUMI_CONFIG_SECRET_KEYS, sorted. */
  secretKeys: string[];
  /** Keys with a `secure:` anywhere in their value: set, but absent from `config`. The engine's secretKeys are these. */
  encrypted: string[];
}

/** Everything that is wrong with the two files, one line a problem: file, key, what to write. */
export class StackFileError extends Error {
  constructor(
    stack: string,
    readonly problems: string[],
  ) {
    super(`The configuration of stack ${stack} cannot be used:\n${problems.map((p) => `- ${p}`).join("\n")}`);
    this.name = "StackFileError";
  }
}

/** @throws StackFileError where the engine would refuse to start the program. */
export function readStackConfig(projectDir: string, stack: string): StackConfig {
  const problems: string[] = [];
  // The engine's own rule for stack names; a slash would read another folder.
  if (!/^[\w.-]{1,100}$/.test(stack)) {
    throw new StackFileError(stack, [
      `"${stack}" is not a stack name: write letters, digits, and any of - _ . (such as prod)`,
    ]);
  }
  const project = readProject(join(projectDir, "Pulumi.yaml"), problems);
  const path = join(projectDir, project.stackConfigDir, `Pulumi.${stack}.yaml`);
  const values = readStack(path, project.name, problems);
  // A file that could not be read would only add a false "is missing" for each of its keys.
  if (problems.length === 0) problems.push(...valueProblems(project, values, stack, path));
  if (problems.length > 0) throw new StackFileError(stack, problems);

  const merged = new Map(values);
  for (const { key, fallback } of project.declarations) {
    if (!merged.has(key) && fallback !== undefined) merged.set(key, fallback);
  }
  const keys = [...merged.keys()].sort(byBytes);
  const encrypted = keys.filter((key) => hasSecure(merged.get(key)));
  const plain = keys.filter((key) => !encrypted.includes(key));
  const config = Object.fromEntries(plain.map((key) => [key, goText(merged.get(key))]));
  return { project: project.name, stack, config, secretKeys: [...encrypted], encrypted };
}

// ---- Pulumi.yaml ----

const TYPES = ["string", "integer", "boolean", "array", "object"] as const;
type Type = (typeof TYPES)[number];
interface Items {
  type: Type;
  items?: Items;
}
interface Declaration {
  key: string;
  type?: Type;
  items?: Items;
  secret?: boolean;
  /** The default, or the value that the project sets. */
  fallback?: unknown;
}
interface Project {
  name: string;
  stackConfigDir: string;
  declarations: Declaration[];
}

// The engine's JSON schema of Pulumi.yaml (sdk/go/common/workspace/project.json), as far as it is about config.
const fields = (value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value);
const itemsSchema: z.ZodType<Items> = z.lazy(() =>
  z
    .preprocess(fields, z.object({ type: z.enum(TYPES), items: itemsSchema.optional() }))
    .refine(hasItems, NO_ITEMS),
);
const hasItems = (array: { type?: Type; items?: Items }) =>
  array.type !== "array" || array.items !== undefined;
const NO_ITEMS = "an array needs items, such as items: {type: string}";
const declarationSchema = z
  .strictObject({
    type: z.enum(TYPES).optional(),
    items: itemsSchema.optional(),
    description: z.string().optional(),
    secret: z.boolean().optional(),
    default: z.unknown().optional(),
    value: z.unknown().optional(),
  })
  .refine(hasItems, NO_ITEMS);

function readProject(path: string, problems: string[]): Project {
  const file = basename(path);
  const project: Project = { name: "", stackConfigDir: "", declarations: [] };
  if (!existsSync(path)) problems.push(`${path} does not exist`);
  const root = parseFile(path, problems);
  const name = root?.get("name");
  if (typeof name === "string" && name !== "") project.name = name;
  else if (root) problems.push(`${file}: name is missing: write name: and the project's name`);
  const config = root?.get("config") ?? new Map();
  // `config: folder` is the old spelling of stackConfigDir.
  const folder = typeof config === "string" ? config : root?.get("stackConfigDir");
  if (typeof folder === "string") project.stackConfigDir = folder;
  if (config instanceof Map) {
    for (const [rawName, raw] of config) {
      const declaration = readDeclaration(file, project.name, rawName, raw, problems);
      if (declaration) project.declarations.push(declaration);
    }
    refuseTwice(file, project.declarations, problems);
  } else if (typeof config !== "string") problems.push(`${file}: config must be a map of keys`);
  return project;
}

function readDeclaration(file: string, project: string, name: unknown, raw: unknown, problems: string[]) {
  const at = `${file}, config, ${String(name)}`;
  const key = fullKey(project, name);
  // Here (and only here) the engine takes a name as a path into an object.
  if (key === undefined || /[.[\]"]/.test(key)) {
    return void problems.push(`${at}: is not a usable key: write a plain name or NAMESPACE:NAME`);
  }
  const own = key.startsWith(`${project}:`);
  const short = typeof raw === "string" || typeof raw === "boolean" || isInt64(raw) || Array.isArray(raw);
  const parsed = declarationSchema.safeParse(short ? { [own ? "default" : "value"]: raw } : fields(raw));
  if (!parsed.success) {
    const what = parsed.error.issues.map((issue) => [...issue.path, issue.message].join(": ")).join("; ");
    return void problems.push(`${at}: ${what}: write type, default, description, secret or value below it`);
  }
  const { type, items, secret } = parsed.data;
  const preset = parsed.data.default ?? undefined;
  const fallback = preset ?? parsed.data.value ?? undefined;
  const refused = presetProblem(own, {
    type,
    items,
    preset,
    value: parsed.data.value ?? undefined,
    fallback,
  });
  if (refused) return void problems.push(`${at}: ${refused}`);
  return { key, type, items, secret, fallback };
}

function presetProblem(
  own: boolean,
  { type, items, preset, value, fallback }: Omit<Declaration, "key"> & { preset?: unknown; value?: unknown },
): string | undefined {
  if (preset !== undefined && value !== undefined) return "has both default and value: write one of them";
  if (!own && (type || preset !== undefined || value === undefined)) {
    return "belongs to another namespace: write value: and neither type nor default";
  }
  if (preset !== undefined && type && !fits(type, items, preset)) {
    return `default is not of type ${typeName(type, items)}: ${HINTS[type]}`;
  }
  if (hasSecure(fallback)) return "has secure: below it: write the secret in the stack file";
  if (hasOddKey(fallback)) return "has a key that is not text: quote it";
  if (hasTimestamp(fallback)) return "has a date, which the engine rewrites: quote it";
  return unrepresentable(fallback);
}

function refuseTwice(file: string, declarations: Declaration[], problems: string[]) {
  const keys = declarations.map(({ key }) => key);
  const twice = keys.filter((key, i) => keys.indexOf(key) !== i);
  problems.push(
    ...twice.map((key) => `${file}: ${key} is there twice, with and without namespace: keep one`),
  );
}

// ---- Pulumi.STACK.yaml ----

/** A stack without a file is one that sets nothing: so says the engine. */
function readStack(path: string, project: string, problems: string[]): Map<string, unknown> {
  const file = basename(path);
  const root = parseFile(path, problems);
  if (root?.get("environment")) {
    problems.push(`${file}: environment is only resolved by Pulumi Cloud: write the values under config`);
  }
  const values = new Map<string, unknown>();
  const config = root?.get("config") ?? new Map();
  if (!(config instanceof Map)) problems.push(`${file}: config must be a map of keys`);
  for (const [name, value] of config instanceof Map ? config : []) {
    const key = fullKey(project, name);
    const wrong = key === undefined ? "is not a key: write NAMESPACE:NAME" : unrepresentable(value);
    if (wrong) problems.push(`${file}, ${String(name)}: ${wrong}`);
    else if (values.has(key as string)) problems.push(`${file}, ${key}: is there twice: keep one`);
    else values.set(key as string, value);
  }
  return values;
}

function fullKey(project: string, name: unknown): string | undefined {
  if (typeof name !== "string") return undefined;
  if (!name.includes(":")) return `${project}:${name}`;
  const old = /^([^:]+):config:([^:]+)$/.exec(name);
  if (old) return `${old[1]}:${old[2]}`;
  return /^[^:]*:[^:]*$/.test(name) ? name : undefined;
}

function valueProblems(
  project: Project,
  values: Map<string, unknown>,
  stack: string,
  path: string,
): string[] {
  const file = existsSync(path) ? basename(path) : `${basename(path)} (which does not exist)`;
  return project.declarations.flatMap(({ key, type, items, secret, fallback }) => {
    if (!values.has(key) && fallback === undefined) {
      const set = `pulumi config set ${secret ? "--secret " : ""}--stack ${stack} ${key}`;
      return [`${file}, ${key}: is missing and has no default: write it, or run ${set}`];
    }
    if (!type) return [];
    const value = values.has(key) ? values.get(key) : fallback;
    const at = values.has(key) ? `${file}, ${key}` : `Pulumi.yaml, config, ${key}`;
    if (secret && !hasSecure(value)) {
      return [`${at}: is a secret in plain text: run pulumi config set --secret --stack ${stack} ${key}`];
    }
    // A scalar of the stack is text to the engine, while Pulumi.yaml's fractions stay numbers.
    const whole = typeof value === "object" && value !== null && !(value instanceof Timestamp);
    const content = whole || (typeof value === "number" && !values.has(key)) ? value : goText(value);
    return fits(type, items, content)
      ? []
      : [`${at}: is not of type ${typeName(type, items)}: ${HINTS[type]}`];
  });
}

// ---- Types ----

const HINTS: Record<Type, string> = {
  string: "write text (a number or a date in quotes)",
  integer: "write a whole number, such as 4",
  boolean: "write true or false",
  array: "write a list, such as [a, b], of that type",
  object: "write fields below it, such as {size: c-4}",
};

const typeName = (type: Type, items?: Items): string =>
  items ? `array<${typeName(items.type, items.items)}>` : type;

/** A value is what the program gets, hence "true" for a boolean; a secret may be any text. */
function fits(type: Type, items: Items | undefined, value: unknown): boolean {
  if (type === "array") {
    return (
      Array.isArray(value) && items !== undefined && value.every((v) => fits(items.type, items.items, v))
    );
  }
  if (type === "object") return value instanceof Map && !isSecure(value);
  if (isSecure(value)) return true;
  const text = value instanceof Timestamp ? String(value) : value;
  if (type === "string") return typeof text === "string";
  if (type === "boolean") return typeof text === "boolean" || text === "true" || text === "false";
  if (typeof text === "number") return Number.isInteger(text);
  return (
    typeof text === "bigint" || (typeof text === "string" && /^[-+]?\d+$/.test(text) && isInt64(BigInt(text)))
  );
}

/** `secure: ciphertext` and nothing else; any other map with such a field is a map. */
const isSecure = (value: unknown) =>
  value instanceof Map && value.size === 1 && typeof value.get("secure") === "string";

function some(value: unknown, test: (value: unknown) => boolean): boolean {
  if (test(value)) return true;
  const children = value instanceof Map ? [...value.values()] : Array.isArray(value) ? value : [];
  return children.some((child) => some(child, test));
}
const hasSecure = (value: unknown) => some(value, isSecure);
const hasTimestamp = (value: unknown) => some(value, (v) => v instanceof Timestamp);
const hasOddKey = (value: unknown) =>
  some(value, (v) => v instanceof Map && [...v.keys()].some((key) => typeof key !== "string"));

// ---- YAML as Go's yaml.v3 reads it ----

/** One resolver for every plain scalar: Go's rules are neither YAML 1.1's nor 1.2's (yes is text, 012 is 10). */
const plainScalar: ScalarTag = { tag: "!plain", default: true, test: /(?:)/, resolve: readPlain };

function parseFile(path: string, problems: string[]): Map<unknown, unknown> | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const root = parseGo(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)));
    if (root instanceof Map && [...root.keys()].every((key) => typeof key === "string")) return root;
    throw new Error("must be a map of names: write config: and the keys below it");
  } catch (error) {
    problems.push(`${basename(path)}: ${(error as Error).message.split("\n")[0]?.replace(/:$/, "")}`);
    return undefined;
  }
}

/** @throws Error with the place in the file */
function parseGo(text: string): unknown {
  // Line breaks to yaml.v3 and letters to other parsers, or refused by yaml.v3.
  const odd =
    /[\x85\u2028\u2029]|[^\t\n\r -~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u.exec(text);
  if (odd) {
    const code = odd[0].codePointAt(0)?.toString(16).padStart(4, "0");
    throw new Error(`has the character U+${code}: write "\\u${code}" in double quotes`);
  }
  // A second document is ignored by the engine too.
  const [document] = parseAllDocuments(text, {
    schema: "failsafe",
    customTags: [plainScalar, "merge"],
    resolveKnownTags: false,
    uniqueKeys: (a, b) => isScalar(a) && isScalar(b) && a.source === b.source,
  });
  if (!document) return new Map();
  const error =
    document.errors[0] ?? document.warnings.find(({ message }) => message.includes("tag:yaml.org,2002:"));
  if (error) throw error;
  visit(document, {
    Alias: (_, alias, above) => {
      const named = alias.resolve(document);
      if (named && above.includes(named))
        throw new Error(`*${alias.source} is inside the value that it names`);
    },
    Scalar: (_, scalar, above) => {
      if (scalar.type !== "PLAIN") return;
      const [start, end] = scalar.range ?? [0, 0];
      // Within brackets yaml.v3 takes "a:" for a text, and refuses ":a" and "a?".
      if (
        /^:|\?|:[,\]}]$/.test(text.slice(start, end + 2)) &&
        above.some((node) => isCollection(node) && node.flow)
      ) {
        throw new Error(`${scalar.source} is within brackets: quote it`);
      }
      // yaml.v3 overlooks a lone "!".
      if (scalar.tag === "!") scalar.value = readPlain(scalar.source ?? "");
    },
  });
  return document.toJS({ mapAsMap: true }) ?? new Map();
}

function readPlain(text: string): unknown {
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return null;
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) return text[0]?.toLowerCase() === "t";
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) return text[0] === "-" ? -Infinity : Infinity;
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return NaN;
  if (!/^[-+.\d]/.test(text)) return text;
  return Timestamp.parse(text) ?? readNumber(text);
}

function readNumber(text: string): bigint | number | string {
  // Go drops every underscore, but where the text begins with a point it must separate digits.
  if (/^\.(?!\d+(_\d+)*(e|$))/i.test(text)) return text;
  const digits = text.replaceAll("_", "");
  const whole = /^([-+]?)(0x[\da-f]+|0b[01]+|0o?[0-7]+|0|[1-9]\d*)$/i.exec(digits);
  if (whole) {
    const size = BigInt((whole[2] as string).replace(/^0o?(?=\d)/i, "0o"));
    const integer = whole[1] === "-" ? -size : size;
    // Beyond 64 bits Go goes on to read a float, and a hexadecimal one is text.
    if (isInt64(integer) || (whole[1] === "" && integer < 2n ** 64n)) return integer;
  }
  if (!/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(digits) || !Number.isFinite(Number(digits)))
    return text;
  const float = Number(digits);
  // The engine writes the file anew before it reads it for good: 1.0 becomes 1, while 1e6 is written as 1e+06.
  return Number.isInteger(float) && Math.abs(float) < 1e6 ? BigInt(float) : float;
}

const isInt64 = (value: unknown): value is bigint =>
  typeof value === "bigint" && BigInt.asIntN(64, value) === value;

/** A plain date or time, which the program gets as Go prints it: 2026-11-23 → "2026-11-23 00:00:00 +0000 UTC". */
class Timestamp {
  private constructor(private readonly text: string) {}

  static parse(text: string): Timestamp | undefined {
    const match =
      /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](?=.*(?:Z|[-+]\d\d:\d\d)$)| +(?!.*(?:Z|[-+]\d\d:\d\d)$))(\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?(?:Z|([-+]\d\d):(\d\d))?)?$/.exec(
        text,
      );
    if (!match) return undefined;
    const [year, month, day, hour, minute, second] = match.slice(1, 7).map((n) => Number(n ?? 0)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
    if (month < 1 || month > 12 || day < 1 || day > lastDay || hour > 23 || minute > 59 || second > 59)
      return undefined;
    const two = (n: number) => String(n).padStart(2, "0");
    const fraction = (match[7] ?? "").slice(0, 9).replace(/0+$/, "");
    const offset = `${match[8] ?? "+00"}${match[9] ?? "00"}`;
    const zone = /^[-+]0000$/.test(offset) ? "+0000 UTC" : `${offset} ${offset}`;
    const clock = `${two(hour)}:${two(minute)}:${two(second)}${fraction && `.${fraction}`}`;
    return new Timestamp(`${match[1]}-${two(month)}-${two(day)} ${clock} ${zone}`);
  }

  toString(): string {
    return this.text;
  }
}

// ---- JSON as Go's encoding/json writes it ----

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** A value on its own: text as it is, "" for null. */
function goText(value: unknown): string {
  if (value === null) return "";
  return Array.isArray(value) || value instanceof Map || typeof value === "number"
    ? goJson(value)
    : String(value);
}

function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(",")}]`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, field]) => [keyText(key), field] as const);
    const sorted = entries.sort(([a], [b]) => byBytes(a, b));
    return `{${sorted.map(([key, field]) => `${goJson(key)}:${goJson(field)}`).join(",")}}`;
  }
  // Inside JSON the engine has signed integers and floats only.
  if (typeof value === "bigint") return String(isInt64(value) ? value : Number(value));
  const json = JSON.stringify(value instanceof Timestamp ? String(value) : value);
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const keyText = (key: unknown) => (key === null ? "<nil>" : String(key));

function unrepresentable(value: unknown): string | undefined {
  if (some(value, (v) => typeof v === "number" && !Number.isFinite(v))) return "has a .inf or .nan: quote it";
  // The engine writes the file anew before it reads it for good, and loses the first line break of a text.
  if (some(value, (v) => typeof v === "string" && /^(\s*\n|\t[\s\S]*\n)/.test(v))) {
    return "has a text that begins with an empty line: write it without";
  }
  const keys = (v: unknown) => (v instanceof Map ? [...v.keys()] : []);
  const odd = some(value, (v) =>
    keys(v).some((k) => typeof k === "number" || (typeof k === "object" && k !== null)),
  );
  return odd ? "has a key that is not text: quote it" : undefined;
}
