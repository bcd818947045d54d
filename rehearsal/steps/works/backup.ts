/** The database, a dump, the accounts and Redis arrive in their bucket, encrypted; of a dump, main's key can do nothing else. */
import type { Inputs } from "../step";

interface Status {
  kind: string;
  bytes: number;
  seconds: number;
  waiting: { segments: number };
  dump: Upload;
  federation: Upload;
}

interface Upload {
  object: string;
  bytes: number;
  seconds: number;
}

export async function backup(world: Inputs<"machines" | "s3" | "stack">): Promise<void> {
  const { report } = world;
  const { s3 } = world;
  const { names, settings } = world.stack;
  const main = world.machines.main();
  let dump: Upload | undefined;
  await report.check(
    "the database, a dump, the accounts and Redis are backed up to their bucket",
    async () => {
      for (const part of ["", "-dump", "-federation", "-redis"])
        await main.run(`systemctl start mastodon-backup${part}.service`, { timeout: 600 });
      const status = JSON.parse(await main.run("mastodon-backup status")) as Status;
      const objects = await s3.store.objects(names.backupBucket);
      for (const { object, bytes } of [status.dump, status.federation]) {
        const found = objects.find(({ key }) => key === object);
        if (found?.size !== bytes || bytes === 0)
          throw new Error(`${object}: ${found?.size ?? "not there"}; main says ${bytes} bytes`);
      }
      // Copied twice a minute: the last time, perhaps nothing had changed.
      const redis = objects
        .filter(({ key }) => key.startsWith("redis/"))
        .reduce((sum, { size }) => sum + size, 0);
      if (redis === 0) throw new Error("no copy of Redis");
      if (!objects.some(({ key }) => key === "pgbackrest/backup/mastodon/backup.info"))
        throw new Error(`no repository: ${objects.map(({ key }) => key).join(", ")}`);
      dump = status.dump;
      const kb = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
      return `${status.kind}, ${kb(status.bytes)} in ${status.seconds} s; dump ${kb(dump.bytes)}; accounts ${kb(status.federation.bytes)}; Redis ${kb(redis)}`;
    },
  );
  await report.check("main's key reads, lists and deletes no dump", async () => {
    const object = `s3://${names.backupBucket}/${dump?.object ?? "database/none"}`;
    const key = `AWS_SHARED_CREDENTIALS_FILE=/etc/mastodon-host/secrets/backup-credentials AWS_DEFAULT_REGION=${settings.aws.region}`;
    for (const what of [
      `ls s3://${names.backupBucket}/database/`,
      `cp ${object} /dev/null`,
      `rm ${object}`,
    ]) {
      const { code, stdout, stderr } = await main.attempt(`${key} aws s3 ${what}`);
      if (code === 0 || !/AccessDenied|Forbidden/.test(stderr))
        throw new Error(`${what}: ${stdout}${stderr}`);
    }
  });
}
