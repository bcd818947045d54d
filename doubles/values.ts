/** Property values as the engine and its providers exchange them. */

/** A resource's inputs or outputs: plain JSON, with unknown values in previews. */
export type Values = Record<string, unknown>;

/** Stands for a string that is not known before the resource exists (sdk/go/common/resource/plugin/rpc.go, UnknownStringValue). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** A value that the engine encrypts in the state. */
export const secret = (value: unknown) => ({ [SIGNATURE]: SECRET, value });

/** The same without marks of secrecy. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const object = value as Values;
  if (object[SIGNATURE] === SECRET) return plain(object.value);
  return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, plain(inner)]));
}

/** Whether a value, or anything in it, is still unknown. */
export function isUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return value !== null && typeof value === "object" && Object.values(value).some(isUnknown);
}

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  const [left, right] = [a as Values, b as Values];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return Array.isArray(a) === Array.isArray(b) && [...keys].every((key) => same(left[key], right[key]));
}

/** `TYPE` and `NAME` of a resource's URN. */
export function partsOf(urn: string): { type: string; name: string } {
  const [types = "", name = ""] = urn.split("::").slice(2);
  return { type: types.split("$").at(-1) ?? "", name };
}
