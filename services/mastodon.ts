/** Mastodon on main as one unit: its releases, its restarts under traffic, and commands for administrators. */
import type { Container } from "./compose";
import { command, file, internal, LIBRARY, secretFile, step, unit } from "./hostFile";
import type { MainInputs } from "./inputs";
import { PGBOUNCER_PORT } from "./pgbouncer";
import { POSTGRES_UNITS } from "./postgres";
import { CACHE_REDIS_PORT, REDIS_PORT } from "./redis";
import { type ReadyCheck, service } from "./service";

/** One-off jobs (db:prepare, tootctl, consoles): `mastodon-compose run tools …`, with a separate memory limit. */
const tools = ({ memoryMiB }: { memoryMiB: number }): Container => ({
  image: "mastodon",
  command: ["bin/rails", "console"],
  memoryMiB,
  // The image has no health check for this, and `run` waits for nothing.
  healthcheck: ["true"],
  profile: "tools",
  stopGraceSeconds: 10,
});

const PORTS = { PGBOUNCER: PGBOUNCER_PORT, REDIS: REDIS_PORT };

/** A chain of conditions: the script checks them in this order, and reports the first that is not met. */
function chain(ready: readonly ReadyCheck[]) {
  const before = ready.slice(0, -1).map(({ missing, what }) => `${missing}; then echo "${what}"\n  elif `);
  const last = ready.at(-1);
  return { CHECKS: before.join("") + (last?.missing ?? "false"), LAST: last?.what ?? "" };
}

export const mastodon = service({
  name: "Mastodon",
  containers: ({ sizing }: MainInputs) => ({ tools: tools(sizing.tools) }),
  hostEnv: ({ settings }: MainInputs) => ({ UPGRADE_FINISH: settings.upgrade.finish }),
  files: ({ secrets }: MainInputs, { ready }) => [
    step("mastodon/05-upgrade"),
    step("mastodon/75-mastodon"),
    step("mastodon/80-timers"),
    command("mastodon/mastodon-ready", { ...PORTS, ...chain(ready) }),
    { ...file("/usr/local/bin/tootctl", "mastodon/tootctl"), mode: "0755" },
    file(`${LIBRARY}/releases.sh`, "mastodon/releases.sh"),
    file(`${LIBRARY}/upgrades.sh`, "mastodon/upgrades.sh"),
    internal("mastodon/release"),
    command("mastodon/mastodon-upgrade"),
    unit("mastodon/mastodon-upgrade.service"),
    internal("mastodon/traffic", { ...PORTS, CACHE_REDIS: CACHE_REDIS_PORT }),
    internal("mastodon/waiting-room"),
    ...["mastodon", "mastodon-traffic", "mastodon-release"].map((name) =>
      unit(`mastodon/${name}.service`, { POSTGRES: POSTGRES_UNITS }),
    ),
    unit("mastodon/mastodon-watch.service"),
    unit("mastodon/mastodon-waiting-room.service"),
    secretFile("console-password", secrets.consolePassword),
  ],
});
