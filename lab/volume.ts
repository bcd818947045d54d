/** A block storage volume as DigitalOcean makes it: formatted with XFS and a label, without partitions. */
import { mkdtempSync, rmdirSync, truncateSync, writeFileSync } from "node:fs";
import { attempt, run } from "../tools/run";

export class Volume {
  private constructor(
    readonly file: string,
    /** The loop device, /dev/loopN. */
    readonly device: string,
  ) {}

  /** @param label the program gives a new volume `mastodon-new` */
  static async create(file: string, { mib, label }: { mib: number; label: string }): Promise<Volume> {
    writeFileSync(file, "");
    truncateSync(file, mib * 1024 * 1024);
    // On a kernel older than mkfs, its newest features would not mount.
    await run(["mkfs.xfs", "-q", "-f", "-L", label, "-m", "reflink=1", file]);
    const device = (await run(["losetup", "--find", "--show", "--direct-io=off", file])).trim();
    return new Volume(file, device);
  }

  /** Output of a shell command in the volume, while no machine has it mounted. */
  async run(script: string): Promise<string> {
    const folder = mkdtempSync(`${this.file}-mounted-`);
    await run(["mount", "-t", "xfs", this.device, folder]);
    try {
      return await run(["bash", "-ec", `cd ${folder}; ${script}`]);
    } finally {
      await run(["umount", folder]);
      rmdirSync(folder);
    }
  }

  /** Grows it, as its machine sees a larger volume. */
  async grow(mib: number): Promise<void> {
    truncateSync(this.file, mib * 1024 * 1024);
    await run(["losetup", "--set-capacity", this.device]);
  }

  /** Device numbers in mknod's form. */
  async numbers(): Promise<string> {
    return (await run(["stat", "-c", "%Hr %Lr", this.device])).trim();
  }

  async remove(): Promise<void> {
    await attempt(["losetup", "--detach", this.device]);
  }
}
