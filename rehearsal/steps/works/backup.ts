/** The nightly dump arrives in its bucket; main can write there and do nothing else. */
import type { Inputs } from "../step";

interface Status {
  object: string;
  bytes: number;
  seconds: number;
}

export async function backup(world: Inputs<"machines" | "s3" | "stack">): Promise<void> {
  const { report } = world;
  const { s3 } = world;
  const { names, settings } = world.stack;
  const main = world.machines.main();
  let dump: Status | undefined;
  await report.check("the nightly unit writes an encrypted dump to the backup bucket", async () => {
    await main.run("systemctl start mastodon-backup.service");
    const status = JSON.parse(await main.run("mastodon-backup status")) as Status;
    const found = (await s3.store.objects(names.backupBucket)).find(({ key }) => key === status.object);
    if (found?.size !== status.bytes || status.bytes === 0)
      throw new Error(`${status.object}: ${found?.size ?? "not there"}; main says ${status.bytes} bytes`);
    dump = status;
    return `${(status.bytes / 1000).toFixed(0)} kB in ${status.seconds} s`;
  });
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
