/**
 * Reads a stack's configuration from Pulumi.yaml and Pulumi.STACK.yaml by the engine's own rules, for the preview that runs without the
 * engine. tests/settings/parity has what the engine itself made of each case.
 *
 * Values under `secure:` need the stack's key and stay unread. The reader guesses nothing: what the engine accepts and this reader does not
 * understand (`!!int`, a date as a default, an environment) is refused, and the message says what to write.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { encryptedProblems } from "./encrypted";
import { byBytes, goText, some, unrepresentable } from "./goJson";
import { isInt64, type PlainScalar, parseGoYaml, Timestamp } from "./goYaml";

export interface StackConfig {
  project: string;
  stack: string;
  /** Full key ("mastodon-hosting:domain") → the string that the engine puts into PULUMI_CONFIG. */
  config: Record<string, string>;
  /** Keys with a `secure:` anywhere in their value: set, but absent from `config`. The engine calls them secretKeys. */
  encrypted: string[];
  /** Where in those keys: `mastodon-hosting:tailnet.oauthClientId`. */
  encryptedAt: string[];
  /** Plain scalars that reach the program as something other than what is written. */
  reread: Reread[];
}

/** `0755` without quotes, which YAML reads as 493. */
export interface Reread {
  /** `mastodon-hosting:extraEnv.UMASK`. */
  at: string;
  written: string;
  read: string;
}

/** The project's own keys without their prefix: setting → string. */
export const unqualified = (config: Readonly<Record<string, string>>, project: string) =>
  Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(`${project}:`))
      .map(([key, value]) => [key.slice(project.length + 1), value]),
  );

/** Everything that is wrong with the two files, one line per problem: file, key, what to write. */
export class StackFileError extends Error {
  constructor(
    stack: string,
    readonly problems: string[],
  ) {
    super(`The configuration of stack ${stack} cannot be used:\n${problems.map((p) => `- ${p}`).join("\n")}`);
    this.name = "StackFileError";
  }
}

/**
 * @param folder folder of the stack file, if it is not the project's own
 * @throws StackFileError if the engine would refuse to start the program
 */
export function readStackConfig(projectDir: string, stack: string, folder?: string): StackConfig {
  const problems: string[] = [];
  // The engine's own rule for stack names; a name with a slash would read another folder.
  if (!/^[\w.-]{1,100}$/.test(stack)) {
    throw new StackFileError(stack, [
      `"${stack}" is not a stack name: write letters, digits, and any of - _ . (such as prod)`,
    ]);
  }
  const project = readProject(join(projectDir, "Pulumi.yaml"), problems);
  const path = join(projectDir, folder ?? project.stackConfigDir, `Pulumi.${stack}.yaml`);
  const { values, reread } = readStack(path, project.name, problems);
  // For a file that could not be read, this would only add a false "is missing" for each of its keys.
  if (problems.length === 0) problems.push(...valueProblems(project, values, stack, path));
  if (problems.length > 0) throw new StackFileError(stack, problems);

  const merged = new Map(values);
  for (const { key, fallback } of project.declarations) {
    if (!merged.has(key) && fallback !== undefined) merged.set(key, fallback);
  }
  return { project: project.name, stack, ...textsOf(merged), reread };
}

function textsOf(values: ReadonlyMap<string, unknown>): Omit<StackConfig, "project" | "stack" | "reread"> {
  const keys = [...values.keys()].sort(byBytes);
  const encrypted = keys.filter((key) => hasSecure(values.get(key)));
  const plain = keys.filter((key) => !encrypted.includes(key));
  return {
    config: Object.fromEntries(plain.map((key) => [key, goText(values.get(key))])),
    encrypted,
    encryptedAt: encrypted.flatMap((key) => securePaths(values.get(key)).map((path) => key + path)),
  };
}

/** What a stack's file says, if the engine has already checked it. */
export type OwnFile = Pick<StackConfig, "config" | "encryptedAt" | "reread">;

/**
 * The stack's file alone, without the defaults of Pulumi.yaml: parsing that file takes longer than all the rest.
 *
 * @returns undefined if this reader cannot read it
 */
export function readStackFile(folder: string, project: string, stack: string): OwnFile | undefined {
  const problems: string[] = [];
  const { values, reread } = readStack(join(folder, `Pulumi.${stack}.yaml`), project, problems);
  return problems.length > 0 ? undefined : { ...textsOf(values), reread };
}

// ---- Pulumi.yaml ----

const TYPES = ["string", "integer", "boolean", "array", "object"] as const;
type Type = (typeof TYPES)[number];
interface Items {
  type: Type;
  items?: Items | undefined;
}
interface Declaration {
  key: string;
  type?: Type | undefined;
  items?: Items | undefined;
  secret?: boolean | undefined;
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
const hasItems = (array: Pick<Declaration, "type" | "items">) =>
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
  const root = parseFile(path, problems)?.root;
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
  // Here, and only here, the engine reads a name as a path into an object.
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
  if (hasOddKey(fallback)) return "has a key that is not a string: quote it";
  if (hasTimestamp(fallback)) return "has a date, which the engine rewrites: quote it";
  return unrepresentable(fallback);
}

function refuseTwice(file: string, declarations: Declaration[], problems: string[]) {
  const keys = declarations.map(({ key }) => key);
  const twice = keys.filter((key, i) => keys.indexOf(key) !== i);
  problems.push(...twice.map((key) => `${file}: ${key} appears twice, with and without namespace: keep one`));
}

// ---- Pulumi.STACK.yaml ----

/** For the engine, a stack without a file is a stack that sets nothing. */
function readStack(path: string, project: string, problems: string[]) {
  const file = basename(path);
  const { root, scalars } = parseFile(path, problems) ?? {};
  if (root?.get("environment")) {
    problems.push(
      `${file}: environment is resolved by Pulumi alone; run: pulumi config --json --stack ${stackOf(file)} | npm run plan -- --stack ${stackOf(file)} --config -`,
    );
  }
  const values = new Map<string, unknown>();
  const config = root?.get("config") ?? new Map();
  if (!(config instanceof Map)) problems.push(`${file}: config must be a map of keys`);
  for (const [name, value] of config instanceof Map ? config : []) {
    const key = fullKey(project, name);
    const wrong = key === undefined ? "is not a key: write NAMESPACE:NAME" : unrepresentable(value);
    if (wrong) problems.push(`${file}, ${String(name)}: ${wrong}`);
    else if (values.has(key as string)) problems.push(`${file}, ${key}: appears twice: keep one`);
    else values.set(key as string, value);
  }
  return { values, reread: scalars ? rereadOf(scalars(), project) : [] };
}

/** Numbers, dates and the like. */
function rereadOf(scalars: readonly PlainScalar[], project: string): Reread[] {
  return scalars.flatMap(({ path: [root, name, ...inside], source, value }) => {
    const key = root === "config" && fullKey(project, name);
    // Within a map the engine writes JSON. An empty value is a separate problem.
    const read =
      inside.length > 0 && !(value instanceof Timestamp) ? goText([value]).slice(1, -1) : goText(value);
    return key && value !== null && read !== source
      ? [{ at: key + pathText(inside), written: source, read }]
      : [];
  });
}

const pathText = (path: readonly (string | number)[]) =>
  path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");

/** `.oauthClientId` and the like for every encrypted value; "" for one that is encrypted as a whole. */
function securePaths(value: unknown): string[] {
  if (isSecure(value)) return [""];
  const children: [string | number, unknown][] =
    value instanceof Map
      ? [...value].map(([key, child]) => [String(key), child])
      : Array.isArray(value)
        ? [...value.entries()]
        : [];
  return children.flatMap(([step, child]) => securePaths(child).map((rest) => pathText([step]) + rest));
}

const stackOf = (file: string) => file.replace(/^Pulumi\.|\.yaml$/g, "");

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
    // The engine reads a scalar of the stack file as a string, while fractions in Pulumi.yaml stay numbers.
    const whole = typeof value === "object" && value !== null && !(value instanceof Timestamp);
    const content = whole || (typeof value === "number" && !values.has(key)) ? value : goText(value);
    if (fits(type, items, content)) return [];
    const [encrypted] = isSecure(value)
      ? encryptedProblems([key.slice(project.name.length + 1)], () => type)
      : [];
    return [`${at}: ${encrypted?.message ?? `is not of type ${typeName(type, items)}: ${HINTS[type]}`}`];
  });
}

// ---- Types ----

const HINTS: Record<Type, string> = {
  string: "write a string (quote a number or a date)",
  integer: "write a whole number, such as 4",
  boolean: "write true or false",
  array: "write a list, such as [a, b], of that type",
  object: "write fields below it, such as {size: c-4}",
};

const typeName = (type: Type, items?: Items): string =>
  items ? `array<${typeName(items.type, items.items)}>` : type;

/** A value as the program gets it, hence "true" for a boolean; a secret may be any string. */
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

/** `secure: ciphertext` and nothing else; any other map with such a field is an ordinary map. */
const isSecure = (value: unknown) =>
  value instanceof Map && value.size === 1 && typeof value.get("secure") === "string";

const hasSecure = (value: unknown) => some(value, isSecure);
const hasTimestamp = (value: unknown) => some(value, (v) => v instanceof Timestamp);
const hasOddKey = (value: unknown) =>
  some(value, (v) => v instanceof Map && [...v.keys()].some((key) => typeof key !== "string"));

interface ParsedFile {
  root: Map<unknown, unknown>;
  scalars: () => PlainScalar[];
}

function parseFile(path: string, problems: string[]): ParsedFile | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { root, scalars } = parseGoYaml(
      new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)),
    );
    if (root instanceof Map && [...root.keys()].every((key) => typeof key === "string"))
      return { root, scalars };
    throw new Error("must be a map of names: write config: and the keys below it");
  } catch (error) {
    problems.push(`${basename(path)}: ${(error as Error).message.split("\n")[0]?.replace(/:$/, "")}`);
    return undefined;
  }
}
