/** What a setting's schema says about the stack file. */
import { z } from "zod";

/** The type of a setting in the stack file, as Pulumi.yaml's `type` names it. */
export type SettingType = "string" | "integer" | "boolean" | "array" | "object";

/** Removes defaults and optionality: the schema of what a user writes. */
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

/** Whether a number may be a fraction. Pulumi.yaml has no name for that, and no such setting at its top level. */
export function isDecimal(schema: z.ZodType): boolean {
  const inner = unwrap(schema);
  return inner instanceof z.ZodNumber && !(inner instanceof z.ZodNumberFormat);
}
