/** The database comes back from the backup bucket: to any second, in place or on a new volume. */
import { command, file, internal, LIBRARY, unit } from "./hostFile";
import type { MainInputs } from "./inputs";
import { CACHE_REDIS_PORT } from "./redis";
import { service } from "./service";

export const recovery = service({
  name: "recovery",
  files: (_: MainInputs) => [
    file(`${LIBRARY}/recovery.sh`, "recovery/recovery.sh"),
    command("recovery/mastodon-restore"),
    ...["pgbackrest-get", "restore-volume"].map((name) => internal(`recovery/${name}`)),
    // A new machine has no database yet that another one could take the place of.
    ...[
      ...["restore-in-place", "restore-dump"].map((name) => internal(`recovery/${name}`)),
      internal("recovery/forget-cache", { CACHE_REDIS: CACHE_REDIS_PORT }),
      unit("recovery/mastodon-restore-serve.service"),
    ].map((file) => ({ ...file, late: true as const })),
  ],
});
