/** Values as the engine hands them to the program: strings unchanged, everything else as Go's encoding/json writes it. */
import { isInt64, Timestamp } from "./goYaml";

export const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** A top-level value: a string unchanged, "" for null. */
export function goText(value: unknown): string {
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
  // Inside JSON the engine knows only signed integers and floats.
  if (typeof value === "bigint") return String(isInt64(value) ? value : Number(value));
  const json = JSON.stringify(value instanceof Timestamp ? String(value) : value);
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const keyText = (key: unknown) => (key === null ? "<nil>" : String(key));

/** What the engine would change or refuse; undefined if it takes the value unchanged. */
export function unrepresentable(value: unknown): string | undefined {
  if (some(value, (v) => typeof v === "number" && !Number.isFinite(v))) return "has a .inf or .nan: quote it";
  // The engine rewrites the file before it finally reads it, and loses the first line break of a string.
  if (some(value, (v) => typeof v === "string" && /^(\s*\n|\t[\s\S]*\n)/.test(v))) {
    return "has a string that begins with an empty line: remove that line";
  }
  const keys = (v: unknown) => (v instanceof Map ? [...v.keys()] : []);
  const odd = some(value, (v) =>
    keys(v).some((k) => typeof k === "number" || (typeof k === "object" && k !== null)),
  );
  return odd ? "has a key that is not a string: quote it" : undefined;
}

/** Whether a value, or anything inside it, passes a test. */
export function some(value: unknown, test: (value: unknown) => boolean): boolean {
  if (test(value)) return true;
  const children = value instanceof Map ? [...value.values()] : Array.isArray(value) ? value : [];
  return children.some((child) => some(child, test));
}
