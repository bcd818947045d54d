/** A worker's supervisor: it waits for main and its release, and drains the worker before it is deleted. A worker holds no data. */
import { command, step, unit } from "./hostFile";
import type { WorkerInputs } from "./inputs";
import { REDIS_PORT } from "./redis";
import { service } from "./service";

export const supervisor = service({
  name: "supervisor",
  hostEnv: ({ pool }: WorkerInputs) => ({ POOL: pool.name, REDIS_PORT }),
  files: (_, { ready }) => [
    step("supervisor/50-worker"),
    command("supervisor/mastodon-worker"),
    command("supervisor/mastodon-drain"),
    command("supervisor/mastodon-ready", {
      // What else runs there, after Sidekiq.
      CHECKS:
        ready.map(({ missing, what }) => `if ${missing}; then what="${what}"; return 1; fi`).join("\n  ") ||
        "true",
    }),
    unit("supervisor/mastodon-worker.service"),
  ],
});
