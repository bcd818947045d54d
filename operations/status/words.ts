/** Figures of a status in a reader's words. */

const UNITS: readonly [limit: number, seconds: number, unit: string][] = [
  [90, 1, "s"],
  [90 * 60, 60, "min"],
  [36 * 3600, 3600, "h"],
  [Number.POSITIVE_INFINITY, 86_400, "days"],
];

/** A length of time: `12 ms`, `0.4 s`, `18 min`, `5 h`, `12 days`. */
export function span(seconds: number): string {
  if (seconds < 0.095) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const [, size, unit] = UNITS.find(([limit]) => seconds < limit) ?? [0, 1, "s"];
  return `${Math.round(seconds / size)} ${unit}`;
}

/** Between two times in ISO 8601. */
export const secondsBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;

export const count = (amount: number, one: string, many = `${one}s`) =>
  `${amount.toLocaleString("en-US")} ${amount === 1 ? one : many}`;

export function size(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

export const percent = (share: number) => `${Math.round(share * 100)} %`;
