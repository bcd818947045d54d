import type { Run } from "../../doubles/engine/engineStack";
import type { Report } from "../report";
import type { Needs, World } from "../world";

/** What a step gets: the parts of the world that it needs, and where to report. */
export type Inputs<Parts extends keyof World> = Needs<Parts> & { report: Report };

export type StepInputs = World & { report: Report; event?: RegExp | undefined };

/** @returns false if the following steps make no sense */
export type Step = (world: StepInputs) => Promise<boolean>;

/** @throws Error with the engine's errors, if it failed */
export function succeeded(run: Run): Run {
  const errors = run.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
  if (!run.ok) throw new Error(errors.join("\n") || run.output.slice(-3000));
  return run;
}

/** Replaces main as docs/operations.md says. */
export async function newMain({ stack, firewalls }: Needs<"firewalls" | "stack">): Promise<void> {
  stack.engine.edit(({ main }) => {
    main.generation = Number(main.generation ?? 1) + 1;
  });
  succeeded(await stack.engine.up());
  await stack.read();
  await firewalls.sync();
}
