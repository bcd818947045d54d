/**
 * Postgres takes its next major version, by `pulumi up` and under load, at two sizes of the database: from Debian 12's 15 to Debian 13's 17.
 * In a separate world, whose machines have both.
 */
import type { Machine } from "../../lab/machine";
import { record, rounded } from "../../tools/history";
import { fill } from "../load/fill";
import { figures, ORDINARY, underLoad } from "../load/underLoad";
import { type Inputs, succeeded } from "./step";
import { up } from "./up";

const [OLD, NEW] = [15, 17] as const;
const SMALL_GIB = 1;
const LARGE_GIB = 11;

/** Seconds in which a dump is made and, at the same time, restored into another database: what an upgrade without pg_upgrade takes. */
const dumpAndRestore = async (main: Machine) =>
  Number(
    await main.run(
      `runuser -u postgres -- createdb beside; start=$(date +%s)
       runuser -u postgres -- bash -c 'set -o pipefail; pg_dump --format=custom --compress=0 mastodon | pg_restore --dbname beside'
       echo $(($(date +%s) - start)); runuser -u postgres -- dropdb beside`,
      { timeout: 3600 },
    ),
  );

interface Waited {
  waited: number;
  predicted: number;
  line: string;
}

async function lastUpgrade(main: Machine): Promise<Waited> {
  const line = (await main.run("postgres-upgrade log | tail -n 1")).trim();
  const [, waited, predicted] = /clients waited ([\d.]+) s, predicted ([\d.]+) s/.exec(line) ?? [];
  return { waited: Number(waited), predicted: Number(predicted), line };
}

type World = Inputs<
  "browser" | "collector" | "dns" | "firewalls" | "instance" | "machines" | "outside" | "stack"
>;

/** @returns how long clients waited */
async function upgraded(world: World): Promise<Waited & { figures: string }> {
  const { stack, machines } = world;
  const outcome = await underLoad(
    world,
    async () => {
      stack.engine.edit((settings) => Object.assign(settings, { postgresVersion: NEW }));
      const run = succeeded(await stack.engine.up());
      if (!run.output.includes(`upgrades Postgres from ${OLD} to ${NEW}`))
        throw new Error(`the up does not say that it is an upgrade: ${run.output.slice(-2000)}`);
    },
    { load: { ...ORDINARY, work: { ...ORDINARY.work, signs: true } }, lossless: true, served: true },
  );
  const waited = await lastUpgrade(machines.main());
  if (waited.waited > 30) throw new Error(`clients waited for ${waited.waited} s: ${waited.line}`);
  return { ...waited, figures: figures(outcome) };
}

async function back(main: Machine): Promise<string> {
  const start = Date.now();
  await main.run("postgres-upgrade back --yes", { timeout: 120 });
  const seconds = (Date.now() - start) / 1000;
  if (seconds > 60) throw new Error(`the way back took ${seconds.toFixed(0)} s`);
  const version = (await main.run("runuser -u postgres -- psql -qtAXc 'SHOW server_version'")).trim();
  if (!version.startsWith(`${OLD}.`)) throw new Error(`${version} serves`);
  return `${seconds.toFixed(0)} s until Postgres ${version.split(" ")[0]} served`;
}

export const postgres = async (world: World) => {
  const { report, machines, stack } = world;
  stack.engine.edit((settings) => {
    settings.postgresVersion = OLD;
    settings.main.volumeGiB = 80;
  });
  if (!(await up(world))) return false;
  const main = machines.main();
  await main.run(
    "systemctl start mastodon-backup.service || { journalctl -q -u mastodon-backup -n 20 -o cat >&2; false; }",
    { timeout: 300 },
  );
  const waits: number[] = [];
  const ofDumpAndRestore: Record<string, number> = {};
  for (const gib of [SMALL_GIB, LARGE_GIB]) {
    await report.check(
      `Postgres ${OLD} to ${NEW} under load, ${gib} GiB: no request fails, no job is lost`,
      async () => {
        await fill(main, gib);
        const beside = await dumpAndRestore(main);
        const { waited, predicted, line, figures: said } = await upgraded(world);
        waits.push(waited);
        ofDumpAndRestore[`${gib} GiB`] = rounded(waited / beside);
        if (Math.abs(predicted - waited) > 0.3 * waited)
          throw new Error(`predicted ${predicted} s, and clients waited for ${waited} s: ${line}`);
        return `clients waited for ${waited} s (predicted ${predicted}); a dump and restore took ${beside} s; ${said}; ${line}`;
      },
    );
    await report.check(`the way back from there, ${gib} GiB`, async () => {
      const took = await back(main);
      stack.engine.edit((settings) => Object.assign(settings, { postgresVersion: OLD }));
      succeeded(await stack.engine.up());
      return took;
    });
  }
  return report.check("the pause does not depend on the database's size", async () => {
    const [small = Number.NaN, large = Number.NaN] = waits;
    if (!(large <= 1.3 * small)) throw new Error(`${small} s and ${large} s`);
    record({
      postgresUpgrade: { pauseOfDumpAndRestore: ofDumpAndRestore, largeOfSmall: rounded(large / small) },
    });
    return `${small} s at ${SMALL_GIB} GiB, ${large} s at ${LARGE_GIB} GiB`;
  });
};
