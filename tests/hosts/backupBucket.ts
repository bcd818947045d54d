/** The backup bucket next to machines under test: an S3 that enforces main's policy. */
import { join } from "node:path";
import { backupWriterPolicy } from "../../components/bucketRules";
import { Authority } from "../../lab/authority";
import type { Machine } from "../../lab/machine";
import { S3 } from "../../lab/s3/networkS3";
import { mainInputs } from "../support/mainFixtures";
import type { Lab } from "./lab";

const { names, settings } = mainInputs();
export const BUCKET = names.backupBucket;

/** What main may do. */
export const WRITER_POLICY = backupWriterPolicy(`arn:aws:s3:::${BUCKET}`);
const ADMINISTRATOR = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
});

/** `writer` is main's own. */
type User = "writer" | "administrator";

export class BackupBucket {
  private constructor(
    private readonly authority: Authority,
    private readonly s3: S3<User>,
  ) {}

  static async create({ folder, network }: Lab): Promise<BackupBucket> {
    const authority = await Authority.create(join(folder, "authority"));
    const s3 = await S3.start({
      network,
      authority,
      folder,
      region: settings.aws.region,
      buckets: [BUCKET],
      users: { writer: WRITER_POLICY, administrator: ADMINISTRATOR },
    });
    return new BackupBucket(authority, s3);
  }

  /** Of main's, those that open the bucket. */
  get secrets(): { backupAccessKeyId: string; backupSecretAccessKey: string } {
    const { id, secret } = this.s3.keys.writer;
    return { backupAccessKeyId: id, backupSecretAccessKey: secret };
  }

  /** Call this before the machine starts. */
  knownTo(machine: Machine): void {
    this.authority.trustedBy(machine);
    this.s3.knownTo(machine);
  }

  objects = () => this.s3.objects("administrator", BUCKET);

  /**
   * @param path the object's path, with a query
   * @param output file for the answer's body
   * @param upload file that is the request's body
   */
  request = (user: User, method: string, path: string, output?: string, upload?: string) =>
    this.s3.request(user, method, BUCKET, path, output, upload);

  /** From the next request on, main may do what that policy allows. */
  allowMain(policy: string): void {
    this.s3.allow("writer", policy);
  }

  remove(): void {
    this.s3.remove();
  }
}
