/** Our reader against one case of the table. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readStackConfig, StackFileError } from "../../../settings/stackFile/stackFile";
import { type Outcome, type ParityCase, STACK, writeCase } from "./cases";

export function readWithOurs(parityCase: ParityCase): Outcome {
  const dir = mkdtempSync(join(tmpdir(), "parity-"));
  try {
    writeCase(parityCase, dir);
    const { config, encrypted } = readStackConfig(dir, STACK);
    return { config, secretKeys: encrypted };
  } catch (error) {
    if (error instanceof StackFileError) return { refuses: error.message };
    throw error;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** What our reader does differently from the recorded outcome: "" for nothing. A refusal's words are each one's own. */
export function disagreement(parityCase: ParityCase): string {
  const ours = readWithOurs(parityCase);
  const { engine, stricter } = parityCase;
  if (!engine) return "not recorded yet: run record.ts";
  if ("refuses" in ours && (stricter || "refuses" in engine)) {
    return stricter && "refuses" in engine ? "the engine refuses too: drop `stricter`" : "";
  }
  const readable =
    "refuses" in engine
      ? engine
      : {
          ...engine,
          config: Object.fromEntries(
            Object.entries(engine.config).filter(([key]) => !engine.secretKeys.includes(key)),
          ),
        };
  return isDeepStrictEqual(ours, readable) && !stricter
    ? ""
    : `ours ${JSON.stringify(ours)}\n  engine ${JSON.stringify(readable)}`;
}
