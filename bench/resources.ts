/** A stack's resources written out, from its state: the bare program creates these. */
import { partsOf } from "../doubles/values";

export interface Written {
  urn: string;
  type: string;
  name: string;
  /** URNs; empty if there are none. */
  parent: string;
  provider: string;
  protect: boolean;
  inputs: Record<string, unknown>;
}

/** As in an export that has its secrets in plain text. */
interface Exported {
  urn: string;
  type: string;
  parent?: string;
  provider?: string;
  protect?: boolean;
  inputs?: Record<string, unknown>;
}

const PROVIDER = "pulumi:providers:";
/** The engine's own resources: the stack, and its reference to itself. */
const ENGINES = ["pulumi:pulumi:", `${PROVIDER}pulumi`];

/** In the state's order: a resource comes after those that it depends on. */
export const writtenOut = (state: readonly Exported[]): Written[] =>
  state
    .filter(({ type }) => !ENGINES.some((prefix) => type.startsWith(prefix)))
    .map(({ urn, type, parent = "", provider = "", protect = false, inputs = {} }) => ({
      urn,
      ...partsOf(urn),
      parent,
      provider: provider.slice(0, provider.lastIndexOf("::")),
      protect,
      inputs: {
        ...(plain(type.startsWith(PROVIDER) ? decoded(inputs) : inputs) as object),
        ...("userData" in inputs ? { userData: "#cloud-config\n" } : {}),
        ...("stdin" in inputs ? { stdin: "{}" } : {}),
      },
    }));

/** A provider's own inputs are kept as JSON in strings, unless they are strings. */
const decoded = (inputs: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [
      key,
      typeof value === "string" && /^([[{]|true$|false$)/.test(value) ? JSON.parse(value) : value,
    ]),
  );

/** Without the engine's annotations; secrets as plain values. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const object = value as Record<string, unknown>;
  if (typeof object.plaintext === "string") return plain(JSON.parse(object.plaintext));
  return Object.fromEntries(
    Object.entries(object)
      .filter(([key]) => !["__defaults", "__internal", "version"].includes(key))
      .map(([key, inner]) => [key, plain(inner)]),
  );
}
