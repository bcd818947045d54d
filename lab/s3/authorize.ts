/** Whether AWS would allow a request: evaluates the account's own policies, with conditions and principals. */
import { anonymousPrincipal, runSimulation } from "@cloud-copilot/iam-simulate";
import { ACCESS_BLOCK, type AwsAccount, USER, USER_POLICY } from "../../doubles/awsAccount";
import type { Asked } from "./request";

const BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy";

export interface Caller {
  /** Name of the IAM user; undefined for a request without a signature. */
  user: string | undefined;
  /** Whether it came over TLS. */
  tls: boolean;
}

/** @throws Error if a policy is not valid */
export async function allowed(
  account: AwsAccount,
  { user, tls }: Caller,
  { action, resource, prefix }: Asked,
): Promise<boolean> {
  const bucket = resource.replace(/^arn:aws:s3:::/, "").split("/")[0] ?? "";
  const policies =
    user === undefined ? [] : account.list(USER_POLICY).filter(({ inputs }) => inputs.user === user);
  const bucketPolicy = account.having(BUCKET_POLICY, (inputs) => inputs.bucket === bucket);
  const result = await runSimulation(
    {
      request: {
        principal: user === undefined ? anonymousPrincipal : String(account.find(USER, user)?.outputs.arn),
        action,
        resource: { resource, accountId: account.accountId },
        contextVariables: {
          "aws:SecureTransport": String(tls),
          ...(prefix === undefined ? {} : { "s3:prefix": prefix }),
        },
      },
      identityPolicies: policies.map(({ name, inputs }) => ({
        name,
        policy: JSON.parse(String(inputs.policy)),
      })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(bucketPolicy ? { resourcePolicy: JSON.parse(String(bucketPolicy.inputs.policy)) } : {}),
      additionalSettings: { s3: { blockPublicAccess: restrictsPublic(account, bucket) } },
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult === "Allowed";
}

/** A new bucket restricts public access (AWS, since April 2023). */
function restrictsPublic(account: AwsAccount, bucket: string): boolean {
  const block = account.find(ACCESS_BLOCK, bucket);
  return block ? block.inputs.restrictPublicBuckets === true : true;
}
