/** The data volume, mounted at Debian's own paths. */
import { file, internal, step, unit } from "./hostFile";
import type { MainInputs } from "./inputs";
import { service } from "./service";

/** Debian's own path → its folder on the data volume. */
const ON_THE_VOLUME = {
  "/var/lib/postgresql": "postgresql",
  "/etc/postgresql": "etc-postgresql",
  "/var/lib/redis": "redis",
  "/etc/letsencrypt": "letsencrypt",
} as const;

/** systemd names a mount's unit by its path: `/var/lib/redis` is var-lib-redis.mount. */
const bindMounts = () =>
  Object.entries(ON_THE_VOLUME).map(([where, from]) =>
    file(`/etc/systemd/system/${where.slice(1).replaceAll("/", "-")}.mount`, "volume/bind.mount", {
      WHERE: where,
      FROM: from,
    }),
  );

export const volume = service({
  name: "data volume",
  packages: ["xfsprogs"],
  hostEnv: ({ volumeName, settings }: MainInputs) => ({
    VOLUME_NAME: volumeName,
    // No script reads it: a new size brings a new bundle to the machine, whose volume step then grows the filesystem.
    VOLUME_GIB: settings.main.volumeGiB,
  }),
  files: ({ volumeName }: MainInputs) => [
    step("volume/50-volume"),
    internal("volume/data-volume"),
    unit("volume/srv-data.mount", { VOLUME: volumeName }),
    unit("volume/data-volume.service"),
    unit("volume/volume-watch.service", { VOLUME: volumeName }),
    unit("volume/volume-watch.timer"),
    ...bindMounts(),
  ],
});
