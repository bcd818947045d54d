/** The process of an S3 in a network of the lab (networkS3.ts). Its arguments come from the environment. */
import { readFileSync } from "node:fs";
import {
  ACCESS_BLOCK,
  ACCESS_KEY,
  AwsAccount,
  BUCKET,
  USER,
  USER_POLICY,
  VERSIONING,
} from "../../doubles/awsAccount";
import type { ServerCertificate } from "../authority";
import { EvaluatedS3 } from "./server";

export interface AccessKey {
  id: string;
  secret: string;
}

export interface ProgramArgs {
  address: string;
  names: readonly [string, ...string[]];
  /** Path of the authority's certificate. */
  authority: string;
  tls: ServerCertificate;
  folder: string;
  buckets: readonly string[];
  users: readonly { name: string; policy: string; key: AccessKey }[];
}

/** Name of the variable that has the path of the file with the arguments. */
export const ARGUMENTS = "S3_ARGUMENTS";

function accountOf({ buckets, users }: ProgramArgs): AwsAccount {
  const account = new AwsAccount("123456789012");
  const add = (type: string, id: string, inputs: object, outputs: object = {}) =>
    account.add({ type, id, name: id, inputs: { ...inputs }, outputs: { ...outputs } });
  for (const bucket of buckets) {
    add(BUCKET, bucket, { bucket });
    add(VERSIONING, bucket, { bucket, versioningConfiguration: { status: "Enabled" } });
    add(ACCESS_BLOCK, bucket, { bucket, blockPublicPolicy: true, restrictPublicBuckets: true });
  }
  for (const { name, policy, key } of users) {
    add(USER, name, { name }, { arn: `arn:aws:iam::${account.accountId}:user/${name}` });
    add(USER_POLICY, name, { user: name, policy });
    add(ACCESS_KEY, key.id, { user: name }, { secret: key.secret });
  }
  return account;
}

const argumentsFrom = (path: string) => JSON.parse(readFileSync(path, "utf8")) as ProgramArgs;

async function serve(path: string): Promise<void> {
  const args = argumentsFrom(path);
  const { address, names, authority, tls, folder } = args;
  const account = accountOf(args);
  const s3 = await EvaluatedS3.start({
    account,
    authority: { path: authority, sign: async () => tls },
    folder,
    address,
    names,
    ports: { http: 80, https: 443 },
  });
  process.on("SIGHUP", () => {
    for (const { name, policy } of argumentsFrom(path).users) {
      const found = account.find(USER_POLICY, name);
      if (found) found.inputs.policy = policy;
    }
  });
  process.on("SIGTERM", () => {
    s3.stop();
    process.exit(0);
  });
}

const path = process.env[ARGUMENTS];
if (path)
  serve(path).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
