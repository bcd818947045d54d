/** The doubles' own table beside a provider's schema. */
import type { Account } from "../../doubles/account";
import type { Input } from "../../doubles/inputs";
import type { Kind } from "../../doubles/provider";

interface Property {
  type: string;
  required?: boolean;
  replaces?: boolean;
  secret?: boolean;
}

/** A resource as its provider describes it. */
export interface Reference {
  inputs: { [name: string]: Property };
  computed: { [name: string]: Property };
}

/** A property as `pulumi package get-schema` prints it. */
interface Printed {
  type?: string;
  $ref?: string;
  items?: object;
  secret?: boolean;
  willReplaceOnChanges?: boolean;
  replaceOnChanges?: boolean;
}
interface PrintedResource {
  inputProperties?: { [name: string]: Printed };
  requiredInputs?: string[];
  properties?: { [name: string]: Printed };
}

/** Resource's type → what the schema says, which may be Pulumi's own or an extract in the form of `Reference`. */
export function references(schema: {
  resources: { [type: string]: Reference | PrintedResource };
}): Map<string, Reference> {
  return new Map(
    Object.entries(schema.resources).map(([type, resource]) => [
      type,
      "inputs" in resource ? resource : extract(resource),
    ]),
  );
}

function extract({ inputProperties = {}, requiredInputs = [], properties = {} }: PrintedResource): Reference {
  const property = (name: string, { type, secret, ...printed }: Printed): [string, Property] => [
    name,
    {
      type: type === "array" ? "[]" : type === undefined || type === "object" ? "map" : type,
      ...(requiredInputs.includes(name) ? { required: true } : {}),
      ...(printed.willReplaceOnChanges || printed.replaceOnChanges ? { replaces: true } : {}),
      ...(secret ? { secret } : {}),
    },
  ];
  const all = (printed: { [name: string]: Printed }) =>
    Object.fromEntries(Object.entries(printed).map(([name, one]) => property(name, one)));
  return {
    inputs: all(inputProperties),
    computed: all(
      Object.fromEntries(Object.entries(properties).filter(([name]) => !(name in inputProperties))),
    ),
  };
}

function typeOf({ type }: Property): Input["type"] {
  if (type.endsWith("[]")) return "list";
  return ["string", "boolean", "integer", "number"].includes(type) ? (type as Input["type"]) : "map";
}

/**
 * What the doubles say otherwise, one line each. An optional input may be missing there: they refuse it as unknown.
 * Schemas of newer providers name no input that replaces; then nothing is said of that.
 */
export function deviations<A extends Account>(
  kinds: Readonly<{ [type: string]: Kind<A> }>,
  schema: ReadonlyMap<string, Reference>,
): string[] {
  const namesReplacing = [...schema.values()].some(({ inputs }) =>
    Object.values(inputs).some(({ replaces }) => replaces),
  );
  return Object.entries(kinds).flatMap(([type, kind]) => {
    const reference = schema.get(type);
    const where = type.split(":").at(-1);
    if (!reference) return [`${where} is not in the schema`];
    return [
      ...Object.entries(reference.inputs)
        .filter(([name, { required }]) => required && !kind.inputs[name])
        .map(([name]) => `${where}.${name} is required, and unknown to the double`),
      ...Object.entries(kind.inputs).flatMap(([name, input]) =>
        inputDeviations(`${where}.${name}`, input, reference.inputs[name], namesReplacing),
      ),
      ...kind.computed.flatMap((name) => {
        // Some inputs are filled in by the provider where they are left out.
        const property = reference.computed[name] ?? reference.inputs[name];
        if (!property) return [`${where}.${name} is no output`];
        const secret = kind.secrets?.includes(name) ?? false;
        return (property.secret ?? false) === secret
          ? []
          : [`${where}.${name} is ${secret ? "no secret" : "secret"}`];
      }),
    ];
  });
}

function inputDeviations(
  where: string,
  input: Input,
  property: Property | undefined,
  namesReplacing: boolean,
) {
  if (!property) return [`${where} is no input`];
  const [required, replaces] = [property.required ?? false, property.replaces ?? false];
  return [
    ...(typeOf(property) === input.type ? [] : [`${where} is of type ${property.type}, not ${input.type}`]),
    ...(required === (input.required ?? false) ? [] : [`${where} is ${required ? "" : "not "}required`]),
    ...(namesReplacing && replaces !== (input.replaces ?? false)
      ? [`${where} ${replaces ? "replaces" : "does not replace"}`]
      : []),
  ];
}
