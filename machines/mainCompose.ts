/** Mastodon's containers on main: web, streaming and main's own Sidekiq processes. */
import { composeYaml, mastodonEnvironment, PORTS, type Service, sidekiqServices } from "./compose";
import type { MainHostInputs } from "./inputs";

const LOOPBACK = "127.0.0.1";

/** The images' curl; a proxy from extraEnv is not for the loopback. */
const answers = (url: string) => ["curl", "-fsS", "--noproxy", LOOPBACK, "-o", "/dev/null", url];

/** The image's own BIND is 0.0.0.0, and on the host's network nothing else would stand between it and the internet. */
function web({ processes, threads, memoryMiB }: MainHostInputs["sizing"]["web"]): Service {
  return {
    image: "mastodon",
    command: ["bundle", "exec", "puma", "-C", "config/puma.rb"],
    memoryMiB,
    environment: {
      BIND: LOOPBACK,
      PORT: "3000",
      WEB_CONCURRENCY: String(processes),
      MAX_THREADS: String(threads),
    },
    healthcheck: answers("http://127.0.0.1:3000/health"),
    stopGraceSeconds: 35,
  };
}

/**
 * Of what Rails needs streaming reads this (mastodon/mastodon:streaming/{index,database,redis,logging}.js): none of the keys, no mail
 * and no storage. It is the one program here that people's connections stay open to.
 */
const STREAMING_READS =
  /^(DB_(HOST|PORT|NAME|USER|PASS)|REDIS_(HOST|PORT|PASSWORD)|LOG_LEVEL|TRUSTED_PROXY_IP|NODE_EXTRA_CA_CERTS|OTEL_\w+|TZ)$/;

function streaming({ memoryMiB }: MainHostInputs["sizing"]["streaming"]): Service {
  return {
    image: "mastodon-streaming",
    command: ["node", "./streaming/index.js"],
    memoryMiB,
    environment: { BIND: LOOPBACK, PORT: "4000" },
    reads: STREAMING_READS,
    // It answers with the database down, too: a restart would not help then.
    healthcheck: answers("http://127.0.0.1:4000/api/v1/streaming/health"),
    stopGraceSeconds: 10,
  };
}

/** One-off jobs (db:prepare, tootctl, consoles): `mastodon-compose run tools …`, within a limit of their own. */
const tools = ({ memoryMiB }: MainHostInputs["sizing"]["tools"]): Service => ({
  image: "mastodon",
  command: ["bin/rails", "console"],
  memoryMiB,
  // Of the image's own kind there is none, and `run` waits for nothing.
  healthcheck: ["true"],
  profile: "tools",
  stopGraceSeconds: 10,
});

export interface MainCompose {
  text: string;
  /** How many Sidekiq processes register themselves in Redis. */
  sidekiqProcesses: number;
}

export function mainCompose({ settings, names, secrets, sizing }: MainHostInputs): MainCompose {
  const environment = mastodonEnvironment(settings, names, secrets, {
    databaseHost: LOOPBACK,
    databasePort: PORTS.pgbouncer,
    redisHost: LOOPBACK,
    redisPort: PORTS.redis,
    cacheRedisHost: LOOPBACK,
    cacheRedisPort: PORTS.cacheRedis,
  });
  const sidekiq = sidekiqServices(settings.main.sidekiq, sizing.sidekiq);
  return {
    text: composeYaml({
      environment,
      services: {
        web: web(sizing.web),
        streaming: streaming(sizing.streaming),
        ...sidekiq,
        tools: tools(sizing.tools),
      },
    }),
    sidekiqProcesses: Object.keys(sidekiq).length,
  };
}
