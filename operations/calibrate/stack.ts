/** What the stack's own file says: by it measurements are read, and what it says about the load stays where nothing was learned. */
import { settingsSchema } from "../../settings/schema";
import { partOf } from "../../settings/stackFile/partOf";
import { readStackConfig, type StackConfig } from "../../settings/stackFile/stackFile";
import { checkStackName } from "../../settings/stackFile/stackNames";
import { PROJECT_FOLDER } from "../stackState";
import type { StackSettings } from "./sample";

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
  const { settings, raw } = partOf(stack, SHAPE);
  const written = (key: string) => JSON.parse(raw[key] || "{}") as Written;
  return {
    settings: settings as StackSettings,
    written: { workload: written("workload"), assumptions: written("assumptions") },
  };
}

/** By its full or its own name. @throws StackFileError that says what is wrong */
export function readKnownStack(name: string): KnownStack {
  const own = name.split("/").at(-1) ?? name;
  checkStackName(PROJECT_FOLDER, own);
  return knownStack(readStackConfig(PROJECT_FOLDER, own));
}
