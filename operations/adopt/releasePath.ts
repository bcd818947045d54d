/** Which releases an instance has to run before it can move. */
import { UPSTREAM_MINORS, type UpstreamMinor } from "../../catalogue/olderReleases";
import { versionOf } from "../../catalogue/releases";

export type ReleasePath =
  | { kind: "same" | "one minor before" | "newer" | "unknown" }
  /** Releases in their order; the old server runs each of them once. */
  | { kind: "older"; through: UpstreamMinor[] };

const indexOf = (minor: string) => UPSTREAM_MINORS.findIndex((one) => one.minor === minor);

/**
 * One release of every minor has to run on the way (upstream's notes). The last step may happen here: main's own release migrates the
 * restored database.
 *
 * @param old "4.2.10", "4.6.5+glitch"
 * @param target the stack's `mastodonVersion`: "v4.7.3"
 */
export function releasePath(old: string, target: string): ReleasePath {
  const [, number] = /^(\d+\.\d+\.\d+)/.exec(old) ?? [];
  if (number === undefined) return { kind: "unknown" };
  const [was, will] = [versionOf(`v${number}`), versionOf(target)];
  const [from, to] = [indexOf(was.minor), indexOf(will.minor)];
  if (to < 0) return { kind: "unknown" };
  // Before 3.0, or after the newest that is known.
  if (from < 0)
    return Number(was.minor.split(".")[0]) < 3
      ? { kind: "older", through: UPSTREAM_MINORS.slice(0, to) }
      : { kind: "newer" };
  if (from > to || (from === to && was.patch > will.patch)) return { kind: "newer" };
  if (from === to) return { kind: "same" };
  if (from === to - 1) return { kind: "one minor before" };
  return { kind: "older", through: UPSTREAM_MINORS.slice(from + 1, to) };
}
