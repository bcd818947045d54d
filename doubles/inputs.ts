/** What a kind of resource accepts: enough of its schema to refuse what the real provider refuses, and to know what replaces it. */
import type * as pulumi from "@pulumi/pulumi";
import { isUnknown, type Values } from "./values";

export interface Input {
  type: "string" | "boolean" | "integer" | "number" | "list" | "map";
  required?: boolean;
  /** A change replaces the resource. */
  replaces?: boolean;
  /** The provider's default. */
  default?: unknown;
  /** The state has its SHA-1 instead, as with the providers' HashStringStateFunc. */
  hashed?: boolean;
  /** The reason why the API refuses a value; undefined if it accepts it. */
  refuses?: (value: never) => string | undefined;
}

export type Inputs = Readonly<Record<string, Input>>;

type TypeOf<T> = T extends boolean
  ? "boolean"
  : T extends number
    ? "integer" | "number"
    : T extends string
      ? "string"
      : T extends readonly unknown[]
        ? "list"
        : "map";
type InputFor<T, Required extends boolean> = Omit<Input, "type" | "required"> & {
  type: TypeOf<pulumi.Unwrap<NonNullable<T>>>;
} & (Required extends true ? { required: true } : { required?: never });

/**
 * The inputs of a resource as its SDK declares them. The compiler refuses an input that the SDK does not know, one of another type, and a
 * required one that is missing. Optional inputs that the program does not use may be left out: the double refuses them as unknown.
 */
export type InputsOf<Args> = {
  [K in keyof Args as object extends Pick<Args, K> ? never : K]: InputFor<Args[K], true>;
} & { [K in keyof Args as object extends Pick<Args, K> ? K : never]?: InputFor<Args[K], false> };

/** Declares the inputs of an SDK's `…Args`. */
export const inputsOf =
  <Args>() =>
  (inputs: InputsOf<Args>): Inputs =>
    inputs as Inputs;

export interface Failure {
  property: string;
  reason: string;
}

/** Given values with the provider's defaults, and what is wrong with them. */
export function check(inputs: Inputs, given: Values): { values: Values; failures: Failure[] } {
  const values = { ...given };
  const failures: Failure[] = Object.keys(given)
    .filter((key) => !inputs[key])
    .map((property) => ({ property, reason: "is not known here" }));
  for (const [property, input] of Object.entries(inputs)) {
    if (values[property] === undefined || values[property] === null) {
      delete values[property];
      if (input.default !== undefined) values[property] = input.default;
    }
    const value = values[property];
    if (value === undefined) {
      if (input.required) failures.push({ property, reason: "is required" });
    } else if (!isUnknown(value)) {
      const reason = isOfType(value, input.type)
        ? input.refuses?.(value as never)
        : `is not of type ${input.type}: ${JSON.stringify(value)}`;
      if (reason) failures.push({ property, reason });
    }
  }
  return { values, failures };
}

function isOfType(value: unknown, type: Input["type"]): boolean {
  switch (type) {
    case "list":
      return Array.isArray(value);
    case "map":
      return typeof value === "object" && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

/** An integer between two others. */
export const between = (low: number, high: number) => (value: number) =>
  value < low || value > high ? `must be between ${low} and ${high}, not ${value}` : undefined;

export const oneOf =
  (...allowed: readonly string[]) =>
  (value: string) =>
    allowed.includes(value) ? undefined : `must be one of ${allowed.join(", ")}, not ${value}`;

export const matching = (pattern: RegExp) => (value: string) =>
  pattern.test(value) ? undefined : `must match ${pattern}, not ${JSON.stringify(value)}`;
