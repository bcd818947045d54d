/** Keeps a data volume full until Postgres gives up, and fails at its next starts. */

import { until } from "../tools/until";
import type { Machine } from "./machine";

const restarts = async (main: Machine) =>
  Number(await main.run("systemctl show -P NRestarts postgresql@17-main.service"));

/** More of the write-ahead log must be written than can be recycled: as long as Postgres finds an old segment, it notices nothing. */
const WRITE = `runuser -u postgres -- psql -qtAX -d mastodon -c \
  "SELECT pg_logical_emit_message(true, 'ballast', repeat('x', 1000000)) FROM generate_series(1, 20)"`;

/** @param tries how many starts of Postgres must fail before there is room again */
export async function withFullVolume(main: Machine, tries: number): Promise<void> {
  const before = await restarts(main);
  try {
    await main.run(
      `fallocate -l "$(df --output=avail -B1 /srv/data | tail -n 1)" /srv/data/ballast
       dd if=/dev/zero of=/srv/data/ballast.rest bs=4k status=none || true`,
    );
    await until(`${tries} starts of Postgres that fail`, 300, async () => {
      await main.attempt(WRITE);
      return (await restarts(main)) >= before + tries;
    });
  } finally {
    await main.run("rm -f /srv/data/ballast*");
  }
}
