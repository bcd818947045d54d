/** People who look at every picture, all the time. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Needs } from "../world";

export interface Seen {
  asked: number;
  /** Files that were got at least once, whole. */
  seen: number;
  failures: number;
  /** The first of them. */
  failed: string[];
}

/** @returns what ends it and says what they saw */
export function lookAt(
  { outside, stack: { site, names } }: Needs<"outside" | "stack">,
  paths: readonly string[],
  perSecond: number,
): () => Promise<Seen> {
  const [file = "", ...rest] = outside.command(["python3", "-B", join(__dirname, "pictures.py")]);
  const child = spawn(file, rest, { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.stdin.write(`${JSON.stringify({ address: site.ipv4, name: names.media, paths, perSecond })}\n`);
  // Once more is the same.
  return async () => {
    child.stdin.end();
    await ended;
    return JSON.parse(text) as Seen;
  };
}
