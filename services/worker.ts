/** A worker's supervisor: it waits for main and its release, and drains before the end. Nothing there holds data. */
import { command, step, unit } from "./hostFile";
import type { HostInputs, WorkerInputs } from "./inputs";
import { REDIS_PORT } from "./redis";
import { service } from "./service";

/** The pool and the port are the supervisor's; the services between them have their own. */
export const pool = service({
  name: "pool",
  hostEnv: ({ pool }: WorkerInputs) => ({ POOL: pool.name }),
});

export const worker = service({
  name: "worker",
  hostEnv: () => ({ REDIS_PORT }),
  files: (_: HostInputs, { ready }) => [
    step("worker/50-worker"),
    command("worker/mastodon-worker"),
    command("worker/mastodon-drain"),
    command("worker/mastodon-ready", {
      // What else runs there, after Sidekiq.
      CHECKS:
        ready.map(({ missing, what }) => `if ${missing}; then what="${what}"; return 1; fi`).join("\n  ") ||
        "true",
    }),
    unit("worker/mastodon-worker.service"),
  ],
});
