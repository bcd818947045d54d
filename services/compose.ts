/** Mastodon's containers as a compose file, from plain data. */
import { stringify } from "yaml";
import { LIBRARY } from "./hostFile";

/** The folder of the compose file; `mastodon-compose` works there. */
export const COMPOSE_PATH = "/etc/mastodon/compose.yaml";

/** A string with any content, or a variable that compose fills in on the machine. */
export type EnvironmentValue = string | { variable: string };

export type Environment = Readonly<Record<string, EnvironmentValue>>;

export interface Container {
  image: "mastodon" | "mastodon-streaming";
  command: readonly EnvironmentValue[];
  memoryMiB: number;
  /** Added to the shared variables. */
  environment?: Environment;
  /** The shared variables that the program reads; if absent, all of them. A secret that is not read is not passed. */
  reads?: RegExp;
  /** Command that runs in the container: exit 0 means healthy. */
  healthcheck: readonly string[];
  /** How long the check may take; 30 s if absent. An unhealthy container is restarted, so a busy one must not count as unhealthy. */
  healthTimeoutSeconds?: number;
  /** Not started with the others, only by `mastodon-compose run`. */
  profile?: string;
  /** How long a stop may take before the container is killed. */
  stopGraceSeconds: number;
}

export interface ComposeProject {
  /** What the services share. */
  environment: Environment;
  services: Readonly<Record<string, Container>>;
}

export const LOOPBACK = "127.0.0.1";

/** A check with the images' curl. A proxy from extraEnv must not apply to the loopback address. */
export const answers = (url: string) => ["curl", "-fsS", "--noproxy", LOOPBACK, "-o", "/dev/null", url];

/** UID and GID of the user in both official images (sysusers-*.conf keep the UID free for it). */
const MASTODON_USER = "991:991";

/** What Mastodon's containers see of the machine. A folder, because a mounted file would not show its next version. */
export const CONTAINER_FILES = `${LIBRARY}/container`;

/**
 * How much a container may have in swap: code that Rails loads but never runs. With more, a busy process would become slow instead of
 * ending ffmpeg.
 */
const CONTAINER_SWAP_MIB = 512;

/** Mastodon runs this in place of ffmpeg (mastodon/mastodon:config/initializers/ffmpeg.rb). */
const TRANSCODER = {
  environment: { FFMPEG_BINARY: `${CONTAINER_FILES}/ffmpeg` },
  volumes: [
    {
      type: "bind",
      source: CONTAINER_FILES,
      target: CONTAINER_FILES,
      read_only: true,
      bind: { create_host_path: false },
    },
  ],
};

/** compose's own escape: it interpolates `$NAME` and `${NAME}` in every value, and reads `$$` as `$`. */
export const escapeDollars = (text: string): string => text.replaceAll("$", "$$$$");

const render = (value: EnvironmentValue): string =>
  typeof value === "string" ? escapeDollars(value) : `\${${value.variable}:-}`;

/** Streaming has a version of its own: a restart makes everyone reconnect, so it happens only if its code changes (services/mastodon/mastodon-upgrade). */
const VERSIONS = {
  mastodon: `\${MASTODON_VERSION:?}`,
  "mastodon-streaming": `\${STREAMING_VERSION:-\${MASTODON_VERSION}}`,
};

const renderAll = (environment: Environment) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, render(value)]));

/**
 * The text of compose.yaml; mode 0600, since it contains the secrets. They are not in an env_file, because compose 2.26 strips quotes
 * there, interpolates, and reads ` #` as a comment. As YAML strings with doubled `$`, all values arrive unchanged.
 */
export function composeYaml({ environment, services }: ComposeProject): string {
  const shared = renderAll(environment);
  const environmentOf = ({ environment: own = {}, image, reads }: Container) => ({
    ...(reads
      ? Object.fromEntries(Object.entries(shared).filter(([name]) => reads.test(name)))
      : { "<<": shared }),
    ...renderAll(own),
    ...(image === "mastodon" ? TRANSCODER.environment : {}),
  });
  const base = {
    network_mode: "host",
    // The images' own user, set here too: root in a container on the host's network may ask the metadata service.
    user: MASTODON_USER,
    // containers.py restarts them. Docker itself would either leave a container that ended with code 0, as streaming does when a database
    // fails (`on-failure`), or start all of them at boot, before anything has checked whether they may run (`always`).
    restart: "no",
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    // The root file system stays writable: transcoding needs gigabytes in /tmp, and a tmpfs would count against mem_limit.
  };
  const project = {
    name: "mastodon",
    "x-environment": shared,
    "x-base": base,
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [
        name,
        {
          "<<": base,
          container_name: name,
          image: `ghcr.io/mastodon/${service.image}:${VERSIONS[service.image]}`,
          command: service.command.map(render),
          environment: environmentOf(service),
          ...(service.image === "mastodon" ? { volumes: TRANSCODER.volumes } : {}),
          ...(service.profile ? { profiles: [service.profile] } : {}),
          mem_limit: `${service.memoryMiB}m`,
          // Memory and swap together. Without it Docker allows as much swap as the memory limit.
          memswap_limit: `${service.memoryMiB + CONTAINER_SWAP_MIB}m`,
          stop_grace_period: `${service.stopGraceSeconds}s`,
          healthcheck: {
            test: ["CMD", ...service.healthcheck.map(escapeDollars)],
            interval: "30s",
            timeout: `${service.healthTimeoutSeconds ?? 30}s`,
            retries: 4,
            start_period: "120s",
            start_interval: "5s",
          },
        },
      ]),
    ),
  };
  const text = stringify(project, {
    anchorPrefix: "shared",
    defaultKeyType: "PLAIN",
    defaultStringType: "QUOTE_DOUBLE",
    lineWidth: 0,
    version: "1.1",
  });
  // compose's parser refuses a control character, and folds the additional line breaks of YAML 1.1 to a space even inside quotes (seen with
  // compose 2.26). Written as escapes, they arrive.
  return text.replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
