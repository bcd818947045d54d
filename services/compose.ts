/** Mastodon's containers as a compose file, from plain data. */
import { stringify } from "yaml";
import { LIBRARY } from "./hostFile";

/** Where Mastodon's containers are described; `mastodon-compose` works there. */
export const COMPOSE_PATH = "/etc/mastodon/compose.yaml";

/** A text, whatever it contains, or a variable that compose fills in on the machine. */
export type EnvironmentValue = string | { variable: string };

export type Environment = Readonly<Record<string, EnvironmentValue>>;

export interface Container {
  image: "mastodon" | "mastodon-streaming";
  command: readonly string[];
  memoryMiB: number;
  /** In addition to the shared variables. */
  environment?: Environment;
  /** The shared variables that the program reads; all of them where absent. A secret that is not read is not given. */
  reads?: RegExp;
  /** Run in the container: exit 0 is healthy. */
  healthcheck: readonly string[];
  /** How long an answer to it may take, 30 s where absent: an unhealthy container is restarted, and a busy one is not to be. */
  healthTimeoutSeconds?: number;
  /** Not started with the others: for `mastodon-compose run`. */
  profile?: string;
  /** How long a stop may take before it is a kill. */
  stopGraceSeconds: number;
}

export interface ComposeProject {
  /** What the services share. */
  environment: Environment;
  services: Readonly<Record<string, Container>>;
}

export const LOOPBACK = "127.0.0.1";

/** A check by the images' curl; a proxy from extraEnv is not for the loopback. */
export const answers = (url: string) => ["curl", "-fsS", "--noproxy", LOOPBACK, "-o", "/dev/null", url];

/** UID and GID of both official images' user (sysusers-*.conf keep the UID free for it). */
const MASTODON_USER = "991:991";

/** What containers of Mastodon's get of the machine: a folder, not a file, whose next version would stay unseen. */
export const CONTAINER_FILES = `${LIBRARY}/container`;

/** What a container may have in swap: code that Rails loads and never runs. More would make a busy process slow instead of ending ffmpeg. */
const CONTAINER_SWAP_MIB = 512;

/** Mastodon starts this in place of ffmpeg (mastodon/mastodon:config/initializers/ffmpeg.rb). */
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

const renderAll = (environment: Environment) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, render(value)]));

/**
 * The text of compose.yaml; mode 0600, since it holds the secrets. They are no env_file because compose 2.26 strips
 * quotes there, interpolates and takes ` #` for a comment; as YAML strings with doubled `$` every value arrives as it is.
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
    // The images' own user. Said here too: root of a container on the host's network may ask the metadata service.
    user: MASTODON_USER,
    // containers.py restarts them. Docker itself would leave a container that ended with code 0, as streaming does on database
    // trouble (`on-failure`), or start all of them at boot, before anybody has looked whether they may run (`always`).
    restart: "no",
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    // The root file system stays writable: transcoding needs gigabytes in /tmp, and a tmpfs counts against mem_limit.
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
          image: `ghcr.io/mastodon/${service.image}:\${MASTODON_VERSION:?}`,
          command: service.command.map(escapeDollars),
          environment: environmentOf(service),
          ...(service.image === "mastodon" ? { volumes: TRANSCODER.volumes } : {}),
          ...(service.profile ? { profiles: [service.profile] } : {}),
          mem_limit: `${service.memoryMiB}m`,
          // Both together. Without it Docker lets a container swap as much as its limit.
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
  // compose's parser refuses a control character, and folds YAML 1.1's further line breaks to a space even inside quotes
  // (seen with compose 2.26); written as escapes they arrive.
  return text.replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
