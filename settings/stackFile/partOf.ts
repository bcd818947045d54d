/** Some of a stack file's settings, for commands that do not need all of them. */
import type { z } from "zod";
import { plainSettings } from "../plain";
import { headOf } from "../schema/paths";
import { notesOf } from "./notes";
import { type StackConfig, StackFileError, unqualified } from "./stackFile";

type Shape = Readonly<Record<string, z.ZodType>>;

/**
 * @param stack the defaults if absent
 * @param shape the settings to read
 * @returns `settings` with their defaults, and `raw`, as the file has them: name → text
 * @throws StackFileError that says what is wrong with these settings
 */
export function partOf<S extends Shape>(stack: StackConfig | undefined, shape: S) {
  const all = stack ? unqualified(stack.config, stack.project) : {};
  const raw: Record<string, string> = Object.fromEntries(
    Object.entries(all).filter(([name]) => Object.hasOwn(shape, name)),
  );
  const notes = stack && notesOf(stack);
  const encrypted = notes?.encrypted.filter((at) => Object.hasOwn(shape, headOf(at))) ?? [];
  const { settings, problems } = plainSettings(raw, shape, notes && { ...notes, foreign: {}, encrypted });
  if (problems.length > 0)
    throw new StackFileError(
      stack?.stack ?? "",
      problems.map(({ key, message }) => `${key} ${message}`),
    );
  return { settings, raw };
}
