/** Mastodon's streaming server. */
import { answers, type Container, LOOPBACK } from "./compose";
import type { MainInputs } from "./inputs";
import { service } from "./service";
import type { MainSizes } from "./sizes";

/**
 * The variables of Rails that streaming reads (mastodon/mastodon:streaming/{index,database,redis,logging}.js): no keys, no mail and no
 * storage. It is the one program here to which people's connections stay open.
 */
const STREAMING_READS =
  /^(DB_(HOST|PORT|NAME|USER|PASS)|REDIS_(HOST|PORT|PASSWORD)|LOG_LEVEL|TRUSTED_PROXY_IP|NODE_EXTRA_CA_CERTS|OTEL_\w+|TZ)$/;

function container({ memoryMiB }: MainSizes["streaming"]): Container {
  return {
    image: "mastodon-streaming",
    command: ["node", "./streaming/index.js"],
    memoryMiB,
    environment: { BIND: LOOPBACK, PORT: "4000" },
    reads: STREAMING_READS,
    // This also succeeds while the database is down: a restart would not help then.
    healthcheck: answers("http://127.0.0.1:4000/api/v1/streaming/health"),
    stopGraceSeconds: 10,
  };
}

/** The size of its pool if DB_POOL is unset (docs.joinmastodon.org/admin/scaling). */
const CONNECTIONS = 10;

export const streaming = service({
  name: "streaming",
  containers: ({ sizing }: MainInputs) => ({ streaming: container(sizing.streaming) }),
  memory: ({ streaming }: MainSizes) => [{ item: "streaming", mib: streaming.needMiB }],
  connections: () => [{ item: "streaming", connections: CONNECTIONS }],
  ready: [
    { missing: "! get http://127.0.0.1:4000/api/v1/streaming/health", what: "streaming on 4000" },
    { missing: "! streams", what: "streaming to reach the database" },
  ],
  shown: () => "streaming",
});
