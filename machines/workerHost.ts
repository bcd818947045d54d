/** A worker: Docker, a supervisor that waits for main, and the pool's Sidekiq processes. Nothing here holds data. */
import type { HostBundle } from "./bundle";
import { COMPOSE_PATH, command, commonFiles, commonPackages, secretFile, step } from "./common";
import { composeYaml, mastodonEnvironment, PORTS, sidekiqServices } from "./compose";
import type { WorkerHostInputs } from "./inputs";
import { hostFile } from "./template";

/** Filled in on the machine, each time main is found: its address changes with each main droplet. */
const MAIN = { variable: "MAIN_ADDRESS" };

function composeFile({ settings, names, secrets, pool, sizing }: WorkerHostInputs) {
  const environment = mastodonEnvironment(settings, names, secrets, {
    databaseHost: MAIN,
    databasePort: PORTS.pgbouncer,
    redisHost: MAIN,
    redisPort: PORTS.redis,
    cacheRedisHost: MAIN,
    cacheRedisPort: PORTS.cacheRedis,
  });
  const services = sidekiqServices(pool.sidekiq, sizing.sidekiq);
  return { text: composeYaml({ environment, services }), count: Object.keys(services).length };
}

/** Everything that a worker droplet of a pool is made of. */
export function workerHost(inputs: WorkerHostInputs): HostBundle {
  const { stack, settings, names, deployKey, pool, sizing, secrets } = inputs;
  const compose = composeFile(inputs);
  return {
    role: "worker",
    packages: commonPackages,
    files: [
      ...commonFiles({
        role: "worker",
        stack,
        settings,
        names,
        deployKey,
        swapMiB: sizing.swapMiB,
        hostEnv: { POOL: pool.name, SIDEKIQ_PROCESSES: compose.count, REDIS_PORT: PORTS.redis },
      }),
      secretFile("redis-password", secrets.redisPassword),
      { path: COMPOSE_PATH, content: compose.text, mode: "0600" },
      ...["mastodon-worker", "mastodon-ready", "mastodon-drain"].map((name) => command("worker", name)),
      step("worker", "50-worker"),
      {
        path: "/etc/systemd/system/mastodon-worker.service",
        content: hostFile("worker/etc/mastodon-worker.service"),
      },
    ],
  };
}
