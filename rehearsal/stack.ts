/** The stack that is rehearsed, under the real engine. */
import type { EngineStack, Run } from "../doubles/engine/engineStack";
import { type Names, namesOf } from "../settings/names";
import { type Settings, settingsSchema } from "../settings/schema";
import { parseValues } from "../settings/schema/values";
import { SECRETS } from "../settings/secrets";

export interface Site {
  /** Reserved addresses. */
  ipv4: string;
  ipv6: string | undefined;
  /** Names in the tailnet. */
  hostnames: { main: string; workers: readonly string[] };
}

export class RehearsedStack {
  /** Names and addresses of the instance; no step changes them. */
  readonly names: Names;
  private outputs: Site | undefined;

  constructor(
    readonly name: string,
    readonly engine: EngineStack,
  ) {
    this.names = namesOf(this.settings, name);
  }

  /** The settings with their defaults. The CLI rewrites the file, and scalars become strings. */
  get settings(): Settings {
    const raw = Object.entries(this.engine.settings())
      .filter(([name]) => !Object.hasOwn(SECRETS, name))
      .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
    // The program itself reports what is wrong with them, all at once.
    return parseValues(Object.fromEntries(raw), settingsSchema.shape, []).settings as Settings;
  }

  /** The value that `read` found. */
  get site(): Site {
    if (!this.outputs) throw new Error("the stack was not up yet");
    return this.outputs;
  }

  /** What the stack's outputs say about the instance, after an up. */
  async read(): Promise<void> {
    const outputs = await this.engine.stack.outputs();
    const output = <T>(name: string) => {
      const found = outputs[name];
      if (!found) throw new Error(`the stack has no output ${name}`);
      return found.value as T;
    };
    const { main, workers } = output<{ main: string; workers: Record<string, string[]> }>("tailnetHosts");
    this.outputs = {
      ipv4: output<string>("ipv4"),
      ipv6: outputs.ipv6?.value as string | undefined,
      hostnames: { main, workers: Object.values(workers).flat() },
    };
  }

  /** Replaces the first worker as the runbook says; returns when that is done. */
  async replaceWorker(): Promise<Run> {
    const key = (await this.engine.urns()).find((urn) => /::workers-\w+-1-auth-key$/.test(urn)) ?? "";
    return this.engine.up({ replace: [key] });
  }
}
