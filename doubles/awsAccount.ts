/** An AWS account, as far as the program uses it: buckets and their settings, users, their policies and keys. */
import { Account, type Record } from "./account";
import { Refused } from "./provider";

export const BUCKET = "aws:s3/bucket:Bucket";
export const ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
export const VERSIONING = "aws:s3/bucketVersioning:BucketVersioning";
export const USER = "aws:iam/user:User";
export const USER_POLICY = "aws:iam/userPolicy:UserPolicy";
export const ACCESS_KEY = "aws:iam/accessKey:AccessKey";

export class AwsAccount extends Account {
  /** Whether a bucket contains objects, old versions included; set by the store that has them (lab/s3). */
  holdsObjects: (bucket: string) => boolean | Promise<boolean> = () => false;

  /** The account's own public access block; most accounts have none. */
  publicAccessBlock: { blockPublicPolicy: boolean; restrictPublicBuckets: boolean } | undefined;

  constructor(readonly accountId: string) {
    super(accountId);
  }

  /** @throws Refused if there is none with that name */
  bucket(name: unknown): Record {
    const found = this.find(BUCKET, String(name));
    if (!found) throw new Refused(`NoSuchBucket: ${name}`);
    return found;
  }

  /** A new bucket's default: everything public is blocked (AWS, since April 2023). */
  blocksPublicPolicy(bucket: unknown): boolean {
    if (this.publicAccessBlock?.blockPublicPolicy) return true;
    const block = this.find(ACCESS_BLOCK, String(bucket));
    return block ? block.inputs.blockPublicPolicy === true : true;
  }

  user(name: unknown): Record {
    const found = this.find(USER, String(name));
    if (!found) throw new Refused(`NoSuchEntity: the user with name ${name} cannot be found`);
    return found;
  }
}

interface Statement {
  Effect: string;
  Principal?: unknown;
  Action: string | string[];
  Resource: string | string[];
}

/** @throws Refused if the text is not a policy */
export function statementsOf(policy: unknown): Statement[] {
  const { Version, Statement } = JSON.parse(String(policy));
  if (Version !== "2012-10-17" || !Array.isArray(Statement) || Statement.length === 0)
    throw new Refused("MalformedPolicyDocument: Syntax errors in policy.");
  return Statement;
}

/** Whether a bucket policy lets everyone in, by AWS' definition of public. */
export const isPublic = (policy: unknown) =>
  statementsOf(policy).some(({ Effect, Principal }) => Effect === "Allow" && Principal === "*");
