/** Mastodon's containers as a whole: the compose project, and what keeps them running. */
import { COMPOSE_PATH, CONTAINER_FILES, composeYaml, type EnvironmentValue } from "./compose";
import { mastodonEnvironment } from "./environment";
import { command, file, LIBRARY } from "./hostFile";
import type { HostInputs } from "./inputs";
import { service } from "./service";

/** @param databases where the databases are, seen from the containers */
export const containers = (databases: EnvironmentValue) =>
  service({
    name: "containers",
    files: (inputs: HostInputs, { containers }) => [
      command("containers/mastodon-compose"),
      { ...file(`${CONTAINER_FILES}/ffmpeg`, "containers/ffmpeg"), mode: "0755" },
      file(`${LIBRARY}/containers.py`, "containers/containers.py"),
      {
        path: COMPOSE_PATH,
        content: composeYaml({
          environment: mastodonEnvironment(inputs, databases),
          services: containers,
        }),
        mode: "0600",
      },
      // The release that is wanted. It replaces no machine: main upgrades to it (mastodon-upgrade), and workers follow main.
      {
        path: "/etc/mastodon/.env",
        content: `MASTODON_VERSION=${inputs.settings.mastodonVersion}\n`,
        replaces: false,
      },
    ],
  });
