/** Mastodon's web interface and API. */
import { answers, type Container, LOOPBACK } from "./compose";
import type { MainInputs } from "./inputs";
import { service } from "./service";
import type { MainSizes } from "./sizes";

/**
 * The preloaded code that Puma's processes share, and what each adds. Measured at 2 × 5 threads: 720 MiB, at the most 871, with eight uploads of
 * 24 to 33 megapixels at once. Published are up to 1.3 GiB, which the container's limit is above.
 */
export const WEB_SHARED_MIB = 320;
const WEB_PROCESS_MIB = 320;

export const webMemoryMiB = (processes: number): number => WEB_SHARED_MIB + WEB_PROCESS_MIB * processes;

/** It takes the requests while the first one is recreated. */
export const SECOND_WEB = "a second web during upgrades";
export const NEXT_WEB_PORT = 3002;

/** The image's own BIND is 0.0.0.0, and on the host's network nothing else would protect it from the internet. */
function container({ processes, threads, memoryMiB }: MainSizes["web"], port = 3000): Container {
  return {
    image: "mastodon",
    command: ["bundle", "exec", "puma", "-C", "config/puma.rb"],
    memoryMiB,
    environment: {
      BIND: LOOPBACK,
      PORT: String(port),
      WEB_CONCURRENCY: String(processes),
      MAX_THREADS: String(threads),
    },
    healthcheck: answers(`http://127.0.0.1:${port}/health`),
    stopGraceSeconds: 35,
  };
}

export const web = service({
  name: "web",
  containers: ({ sizing }: MainInputs) => ({
    web: container(sizing.web),
    ...(sizing.web.second
      ? { "web-next": { ...container(sizing.web, NEXT_WEB_PORT), profile: "upgrade" } }
      : {}),
  }),
  hostEnv: ({ sizing }: MainInputs) => ({ WEB_NEXT_PORT: sizing.web.second ? NEXT_WEB_PORT : 0 }),
  memory: ({ web }: MainSizes) => [
    { item: "web", mib: webMemoryMiB(web.processes) },
    ...(web.second ? [{ item: SECOND_WEB, mib: webMemoryMiB(web.processes) }] : []),
  ],
  connections: ({ web }: Pick<MainSizes, "web">) => [
    { item: "web", connections: web.processes * web.threads },
    ...(web.second ? [{ item: SECOND_WEB, connections: web.processes * web.threads }] : []),
  ],
  ready: [{ missing: "! get http://127.0.0.1:3000/health", what: "web on 3000" }],
  shown: ({ web }: MainSizes) => `web (${web.processes} × ${web.threads} threads)`,
});
