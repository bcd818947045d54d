/** What the stack's own file says: by it measurements are read, and what it says about the load stays where nothing was learned. */
import { join } from "node:path";
import { plainSettings } from "../../settings/plain";
import { settingsSchema } from "../../settings/schema";
import { headOf } from "../../settings/schema/paths";
import { notesOf } from "../../settings/stackFile/notes";
import {
  readStackConfig,
  type StackConfig,
  StackFileError,
  unqualified,
} from "../../settings/stackFile/stackFile";
import { checkStackName } from "../../settings/stackFile/stackNames";
import type { StackSettings } from "./sample";

const ROOT = join(__dirname, "../..");

const { shape } = settingsSchema;
const SHAPE = {
  main: shape.main,
  workers: shape.workers,
  workload: shape.workload,
  recovery: shape.recovery,
  assumptions: shape.assumptions,
};

type Written = Readonly<Record<string, unknown>>;

export interface KnownStack {
  settings: StackSettings;
  /** As the file has them, without defaults. */
  written: { workload: Written; assumptions: Written };
}

/** @throws StackFileError that says what is wrong */
export function knownStack(stack: StackConfig): KnownStack {
  const all = unqualified(stack.config, stack.project);
  const raw = Object.fromEntries(Object.entries(all).filter(([key]) => key in SHAPE));
  const notes = notesOf(stack);
  const { settings, problems } = plainSettings(raw, SHAPE, {
    ...notes,
    foreign: {},
    encrypted: notes.encrypted.filter((at) => headOf(at) in SHAPE),
  });
  if (problems.length > 0)
    throw new StackFileError(
      stack.stack,
      problems.map(({ key, message }) => `${key} ${message}`),
    );
  const written = (key: string) => JSON.parse(raw[key] || "{}") as Written;
  return {
    settings: settings as StackSettings,
    written: { workload: written("workload"), assumptions: written("assumptions") },
  };
}

/** By its full or its own name. @throws StackFileError that says what is wrong */
export function readKnownStack(name: string): KnownStack {
  const own = name.split("/").at(-1) ?? name;
  checkStackName(ROOT, own);
  return knownStack(readStackConfig(ROOT, own));
}
