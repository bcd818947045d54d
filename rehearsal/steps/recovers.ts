/** Main and its volume are lost under load. As docs/operations.md says, `pulumi up` makes both anew, and they restore themselves. */
import { setTimeout as sleep } from "node:timers/promises";
import { VOLUME } from "../../doubles/digitaloceanAccount";
import { redis, sql } from "../../lab/databases";
import type { Machine } from "../../lab/machine";
import { until } from "../../tools/until";
import { fill } from "../load/fill";
import { settled } from "../load/ledger";
import { Load } from "../load/load";
import { ORDINARY } from "../load/underLoad";
import { type Inputs, newMain, succeeded } from "./step";

/** More than the longest time until a write is in the bucket, twice. */
const LOAD_SECONDS = 130;
/** The most that may be lost. */
const LOST_SECONDS = 60;
/** Size of the database. */
const GIB = 1;
/** A queue that nobody serves: what it has shows as of when Redis is. */
const UNSERVED = "queue:nobody";

type World = Inputs<"browser" | "cloud" | "collector" | "firewalls" | "machines" | "outside" | "stack">;

/** Every second, an element with the time: until it stops with its machine. */
const TICKING = `#!/bin/bash
export REDISCLI_AUTH=$(</etc/mastodon-host/secrets/redis-password)
while redis-cli -e RPUSH ${UNSERVED} $(date +%s); do sleep 1; done
`;
async function ticking(main: Machine): Promise<void> {
  main.write("/root/ticking", TICKING, 0o755);
  await main.run("systemd-run -q --unit=ticking /root/ticking");
}

/** The droplet loses its power, and DigitalOcean its volume. */
async function lose({ cloud, machines }: World): Promise<number> {
  const droplet = cloud.main.list().find(({ name }) => name === "main-droplet");
  const volume = cloud.main.list(VOLUME)[0];
  if (!droplet || !volume) throw new Error("there is no main");
  await cloud.machines.powerOff(droplet.id, false);
  const at = Date.now();
  if (cloud.machines.list().some(({ dropletName }) => dropletName === machines.mainDroplet))
    throw new Error("main still has power");
  await cloud.main.loseVolume(volume.id);
  return at;
}

async function bringBack(world: World): Promise<void> {
  const { engine } = world.stack;
  const data = (await engine.urns()).find((urn) => urn.endsWith("::main-data")) ?? "";
  succeeded(await engine.refresh({ target: [data] }));
  await newMain(world);
}

/** When main began to fetch the backup and when the database was there, in seconds since 1970. */
async function restoring(main: Machine): Promise<[number, number]> {
  const at = async (text: string) =>
    Number(
      await main.run(`journalctl -o short-unix --grep 'restore-volume: ${text}' | head -n 1 | cut -d. -f1`),
    );
  return [await at("fetching backup"), await at("restored$")];
}

export const recovers = async (world: World) => {
  const { report, machines, browser } = world;
  const filled = await report.check(`a backup of ${GIB} GiB`, async () => {
    const main = machines.main();
    await fill(main, GIB);
    const timed = "SECONDS=0; systemctl start mastodon-backup.service; echo $SECONDS";
    return `${(await main.run(timed, { timeout: 1800 })).trim()} s`;
  });
  if (!filled) return false;
  return report.check(
    `main and its volume are lost under load: they come back from the bucket, at most ${LOST_SECONDS} s older`,
    async () => {
      await ticking(machines.main());
      const load = Load.start(world, { ...ORDINARY, queue: "default" });
      await sleep(LOAD_SECONDS * 1000);
      const lost = await lose(world);
      await load.stop();
      await bringBack(world);
      const seconds = Math.round((Date.now() - lost) / 1000);
      await until("HTTPS", 240, async () => (await browser.web("/health", "--insecure")).stdout === "OK");
      const main = machines.main();
      const acknowledged = load.acknowledged();
      const died = { host: world.stack.site.hostnames.main, at: lost, threads: 100 };
      const done = new Set((await settled(world, acknowledged, [died])).map(({ job }) => job));
      const missing = [...acknowledged].filter(([job]) => !done.has(job));
      const [newest] = await sql(
        main,
        `SELECT extract(epoch FROM max(finished_at)) * 1000 FROM measured WHERE finished_at < to_timestamp(${lost / 1000})`,
      );
      const [tick] = await redis(main, `LINDEX ${UNSERVED} -1`);
      const ago = {
        jobs: (lost - Math.min(lost, ...missing.map(([, at]) => at))) / 1000,
        database: (lost - Number(newest)) / 1000,
        redis: (lost - Number(tick) * 1000) / 1000,
      };
      const [mib] = await sql(main, "SELECT pg_database_size('mastodon') >> 20");
      const [fetching, restored] = await restoring(main);
      const figure = `${missing.length} of ${acknowledged.size} acknowledged jobs lost, the oldest ${ago.jobs.toFixed(1)} s before; database ${ago.database.toFixed(1)} s and Redis ${ago.redis.toFixed(1)} s older; ${mib} MiB restored within ${restored - fetching} s, serving after ${seconds} s`;
      const over = Object.entries(ago).filter(([, value]) => !(value <= LOST_SECONDS));
      if (over.length > 0) throw new Error(figure);
      return figure;
    },
  );
};
