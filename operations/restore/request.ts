/** What `npm run restore` asks main for: a command line of `mastodon-restore`. */
import { UsageError } from "../../tools/commandLine";

export interface Options {
  time?: string | undefined;
  to?: string | undefined;
  redis?: boolean | undefined;
  "as-of"?: string | undefined;
  /** An export of the accounts, which goes to main's standard input. */
  federation?: string | undefined;
  yes?: boolean | undefined;
}

/** Words that end a restore, or undo it. */
export const WORDS = ["back", "confirm", "drop-copy"] as const;

/** In UTC, as Postgres reads it. */
const UTC = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(Z|\+00(:?00)?)$/;

function moment(option: string, text: string): string {
  if (UTC.test(text) && !Number.isNaN(Date.parse(text.replace(/\+00$/, "Z")))) return text;
  throw new UsageError(`--${option} is ${text}; write a time in UTC, such as "2026-11-29 12:34:56+00".`);
}

/**
 * @param word what ends or undoes a restore; undefined without one
 * @throws UsageError for options that do not belong together
 */
export function request(
  word: string | undefined,
  { time, to, redis, "as-of": asOf, federation, yes }: Options,
): string[] {
  const agreed = yes ? ["--yes"] : [];
  if (word) {
    if (time || to || redis || asOf || federation)
      throw new UsageError(`${word} is about the last restore: only --yes goes with it.`);
    return word === "back" ? [word, ...agreed] : [word];
  }
  if (federation) {
    if (time || to || redis || asOf)
      throw new UsageError("--federation is a file with all that it restores: only --yes goes with it.");
    return ["federation", "-", ...agreed];
  }
  if (!time && !to) {
    if (redis || asOf || yes) throw new UsageError("Say what to restore: --time and --to.");
    return ["status"];
  }
  if (!time) throw new UsageError('Say to which second: --time latest, or --time "2026-11-29 12:34:56+00".');
  const when = time === "latest" ? time : moment("time", time);
  const bucket = asOf ? ["--as-of", moment("as-of", asOf)] : [];
  if (to === "copy") {
    if (redis) throw new UsageError("--redis is for --to main: a copy is only of the database.");
    return ["copy", when, ...bucket];
  }
  if (to !== "main")
    throw new UsageError(
      `Say where to: --to main puts it in the place of the database in use, --to copy next to it${to ? `; --to is ${to}` : ""}.`,
    );
  return [
    ...(when === "latest" ? [when] : ["time", when]),
    ...(redis ? ["--redis"] : []),
    ...bucket,
    ...agreed,
  ];
}
