/** The table of cases.yaml: two files, and what the engine made of them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const PROJECT = "mastodon-hosting";
export const STACK = "test";
export const TABLE = join(__dirname, "cases.yaml");

export type Outcome = { config: Record<string, string>; secretKeys: string[] } | { refuses: string };

export interface ParityCase {
  name: string;
  /** What stands below `config:` in Pulumi.yaml; the whole file where it starts with "name:". */
  project?: string;
  /** The stack file; absent: there is none. */
  stack?: string;
  /** Why our reader refuses what the engine accepts. */
  stricter?: string;
  /** Recorded from the engine by record.ts; absent in a new case. */
  engine?: Outcome;
}

export const readCases = (): ParityCase[] => parse(readFileSync(TABLE, "utf8"));

/** Writes the two files of a case. */
export function writeCase({ project, stack }: ParityCase, dir: string): void {
  const block = project === undefined ? "" : `config:\n${project.replace(/^(?=.)/gm, "  ")}`;
  const whole = project?.startsWith("name:") ? project : `name: ${PROJECT}\nruntime: nodejs\n${block}`;
  writeFileSync(join(dir, "Pulumi.yaml"), whole);
  if (stack !== undefined) writeFileSync(join(dir, `Pulumi.${STACK}.yaml`), stack);
}
