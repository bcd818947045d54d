/** The settings' documentation, derived from the schema: Pulumi.yaml, the tables of docs/settings.md, the editors' JSON schema. */

import { stringify } from "yaml";
import { z } from "zod";
import { markdownTable } from "../report/markdownTable";
import { settingsSchema } from "../settings/schema";
import { isDecimal } from "../settings/schema/types";
import { settingType, unwrap } from "../settings/schema/values";
import { SECRET_NAMES, SECRETS } from "../settings/secrets";

const PROJECT = "mastodon-hosting";

/** One line of the documentation. */
export interface SettingRow {
  /** As the stack file spells it: `main.size`, `workers[].count`. */
  key: string;
  type: string;
  /** JSON of the default; empty if there is none; undefined if the setting is required. */
  default: string | undefined;
  description: string;
}

const descriptionOf = (schema: z.ZodType) =>
  (schema.meta() as { description?: string } | undefined)?.description ?? "";

/** The value of a setting that the stack does not set; undefined if the setting is required or computed. */
function defaultOf(schema: z.ZodType): unknown {
  const parsed = schema.safeParse(undefined);
  return parsed.success ? parsed.data : undefined;
}

function typeName(schema: z.ZodType): string {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${option}\``).join(", ");
  if (inner instanceof z.ZodArray) return "list";
  if (isDecimal(schema)) return "number";
  const type = settingType(schema);
  return type === "object" ? "map" : type;
}

/** A setting and, if they have separate descriptions, the settings inside it. */
function rowsOf(key: string, schema: z.ZodType): SettingRow[] {
  const inner = unwrap(schema);
  const fields =
    inner instanceof z.ZodObject
      ? Object.entries(inner.shape).map(([name, field]) => [`${key}.${name}`, field as z.ZodType] as const)
      : inner instanceof z.ZodArray && inner.element instanceof z.ZodObject
        ? Object.entries(inner.element.shape).map(
            ([name, field]) => [`${key}[].${name}`, field as z.ZodType] as const,
          )
        : [];
  const described = fields.filter(([, field]) => descriptionOf(field));
  const value = defaultOf(schema);
  const own: SettingRow = {
    key,
    type: typeName(schema),
    // A map is described by its fields.
    default:
      (described.length > 0 && inner instanceof z.ZodObject) || schema instanceof z.ZodOptional
        ? ""
        : value === undefined
          ? undefined
          : JSON.stringify(value),
    description: descriptionOf(schema),
  };
  return [own, ...described.flatMap(([name, field]) => rowsOf(name, field))];
}

const schemas = () => Object.entries(settingsSchema.shape) as [string, z.ZodType][];

export const settingRows = (): SettingRow[] => schemas().flatMap(([key, schema]) => rowsOf(key, schema));

/** Pulumi.yaml: the catalogue in the engine's form. */
export function pulumiYaml(): string {
  const config: Record<string, unknown> = {
    // A resource on a default provider could end up in the wrong account, so it is an error instead.
    "pulumi:disable-default-providers": { value: ["*"] },
  };
  for (const [key, schema] of schemas()) {
    const inner = unwrap(schema);
    const fields = rowsOf(key, schema).slice(1);
    const value = defaultOf(schema);
    config[key] = {
      type: settingType(schema),
      ...(inner instanceof z.ZodArray ? { items: { type: settingType(inner.element as z.ZodType) } } : {}),
      description: [
        `${value === undefined && settingType(schema) === "string" ? "Required. " : ""}${descriptionOf(schema)}`,
        ...fields.map((row) => `- ${row.key}: ${row.description}${showDefault(row)}`),
      ].join("\n"),
      // The program fills in the inside of a map. A required setting also has an empty default: without one, the engine would refuse it
      // before the program can report everything else that is wrong.
      default: inner instanceof z.ZodObject ? {} : (value ?? ""),
    };
  }
  const head = stringify({
    name: PROJECT,
    description:
      "One Mastodon instance: main droplet, workers in a second account, S3 media, a tailnet between them",
    runtime: { name: "nodejs", options: { typescript: true, packagemanager: "npm" } },
  });
  const secrets = SECRET_NAMES.map((name) => `#   ${name}: ${SECRETS[name].description}\n`).join("");
  return [
    "# The catalogue of settings. Generated from settings/schema/ by `npm run settings`: change them there.\n",
    head,
    "# Secrets, set with `pulumi config set --secret NAME` (the engine knows no optional ones, so they are not declared):\n",
    secrets,
    stringify({ config }, { lineWidth: 110 }),
  ].join("");
}

function showDefault(row: SettingRow): string {
  if (row.default === undefined) return " (required)";
  return ["", '""', "{}"].includes(row.default) ? "" : ` (default ${row.default})`;
}

/** The table of plain settings, from the same rows as Pulumi.yaml. */
export function settingsTable(): string {
  const rows = settingRows().map((row) => [`\`${row.key}\``, row.type, shownDefault(row), row.description]);
  return markdownTable(["setting", "type", "default", "meaning"], rows).join("\n");
}

function shownDefault({ key, default: value }: SettingRow): string {
  if (value === undefined) return "**required**";
  if (isComputed(key, value)) return "computed";
  return ["", '""'].includes(value) ? "" : `\`${value}\``;
}

/** Maps of main that are empty by default: the program computes their fields from the droplet's size. */
function isComputed(key: string, value: string): boolean {
  return key.startsWith("main.") && value === "{}";
}

/** The table of secrets. */
export function secretsTable(): string {
  const rows = SECRET_NAMES.map((name) => {
    const { requiredWhen, description, format } = SECRETS[name];
    const what = format ? `${description}; ${format.words}` : description;
    return [`\`${name}\``, requiredWhen ? "yes" : "no", what];
  });
  return markdownTable(["secret", "you must set it", "what"], rows).join("\n");
}

/** `pulumi config set protect false` writes "false" in quotes, and the engine accepts that. Below a path it writes a boolean. */
function asConfigSetWrites(value: object): object {
  const { type, ...rest } = value as { type?: string };
  return type === "boolean"
    ? { ...rest, anyOf: [{ type }, { type: "string", enum: ["true", "false"] }] }
    : value;
}

/** JSON schema of a stack file, for completion and checks in an editor. */
export function stackFileSchema(): object {
  const { $schema, properties = {} } = z.toJSONSchema(settingsSchema, { io: "input" }) as {
    $schema?: string;
    properties?: Record<string, object>;
  };
  const qualified = (entries: [string, object][]) =>
    Object.fromEntries(entries.map(([key, value]) => [`${PROJECT}:${key}`, value]));
  return {
    $schema,
    title: "A stack of mastodon-hosting",
    type: "object",
    properties: {
      secretsprovider: { type: "string" },
      encryptedkey: { type: "string" },
      encryptionsalt: { type: "string" },
      config: {
        type: "object",
        properties: {
          ...qualified(Object.entries(properties).map(([key, value]) => [key, asConfigSetWrites(value)])),
          ...qualified(
            SECRET_NAMES.map((name) => [
              name,
              {
                description: SECRETS[name].description,
                type: "object",
                properties: { secure: { type: "string" } },
                required: ["secure"],
                additionalProperties: false,
              },
            ]),
          ),
        },
        propertyNames: {
          pattern: `^(${PROJECT}:(${[...Object.keys(properties), ...SECRET_NAMES].join("|")})|(?!${PROJECT}:).*)$`,
        },
      },
    },
  };
}
