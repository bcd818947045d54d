/** The documented way to destroy a stack: nothing is left in any account. */
import { type Inputs, succeeded } from "./step";

export const destroy = async (world: Inputs<"cloud" | "machines" | "plane" | "s3" | "stack">) => {
  const { report } = world;
  const { cloud } = world;
  const { engine } = world.stack;
  if (world.stack.settings.protect) {
    await report.check("pulumi destroy is refused while the stack is protected", async () => {
      const { ok } = await engine.destroy();
      if (ok) throw new Error("it was not");
    });
    engine.edit((settings) => {
      settings.protect = false;
    });
    await report.check("with protect: false, an up removes the protection", async () => {
      succeeded(await engine.up());
    });
  }
  await report.check("backups stop, and both buckets are emptied, old versions too", async () => {
    const { s3 } = world;
    await world.machines.main().run(
      `systemctl stop 'mastodon-backup*.timer' 'mastodon-backup*.service'
       runuser -u postgres -- psql -qX -c "ALTER SYSTEM SET archive_command = '/bin/true'" -c 'SELECT pg_reload_conf()'`,
    );
    const { names } = world.stack;
    const held: number[] = [];
    for (const bucket of [names.mediaBucket, names.backupBucket]) {
      held.push((await s3.store.objects(bucket)).length);
      await s3.store.empty(bucket);
    }
    return `${held.join(" and ")} objects`;
  });
  await report.check("pulumi destroy ends, workers drained first", async () => {
    const { seconds } = succeeded(await engine.destroy());
    return `${seconds.toFixed(0)} s`;
  });
  return report.check("nothing is left in the accounts, and no worker in the tailnet", async () => {
    const left = [cloud.main, cloud.workers, cloud.aws].flatMap((account) =>
      account.list().map(({ type, id }) => `${account.label}: ${type} ${id}`),
    );
    const devices = (await world.plane.nodes()).map(({ given_name }) => given_name);
    const workers = devices.filter((name) =>
      world.machines.workerHosts().some(({ hostname }) => hostname === name),
    );
    if (left.length + workers.length > 0) throw new Error([...left, ...workers].join("\n"));
  });
};
