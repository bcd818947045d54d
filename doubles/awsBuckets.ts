/** S3 buckets, and the resources that configure them. */
import type * as s3 from "@pulumi/aws/s3";
import { ACCESS_BLOCK, type AwsAccount, BUCKET, isPublic, statementsOf, VERSIONING } from "./awsAccount";
import { type Inputs, inputsOf, matching } from "./inputs";
import { type Kind, Refused } from "./provider";
import type { Values } from "./values";

const bucket: Kind<AwsAccount> = {
  inputs: inputsOf<s3.BucketArgs>()({
    bucket: { type: "string", replaces: true, refuses: matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/) },
    acl: { type: "string" },
    tags: { type: "map" },
  }),
  computed: ["arn"],
  create: (account, { bucket: name, acl }) => {
    if (account.find(BUCKET, name as string))
      throw new Refused(`BucketAlreadyOwnedByYou: your previous request to create ${name} succeeded`);
    if (acl) throw new Refused("AccessControlListNotSupported: The bucket does not allow ACLs");
    return { id: name as string, outputs: { arn: `arn:aws:s3:::${name}` } };
  },
  delete: async (account, { id }) => {
    if (await account.holdsObjects(id))
      throw new Refused(`BucketNotEmpty: ${id}: You must delete all versions in the bucket.`);
  },
};

/** A setting of a bucket: one per bucket, deleted with it. */
function setting(inputs: Inputs, refuse?: (account: AwsAccount, inputs: Values) => void): Kind<AwsAccount> {
  return {
    inputs: { bucket: { type: "string", required: true, replaces: true }, ...inputs },
    computed: [],
    create: (account, values) => {
      account.bucket(values.bucket);
      refuse?.(account, values);
      return { id: values.bucket as string };
    },
    update: (account, _record, values) => {
      refuse?.(account, values);
      return {};
    },
    read: (account, { inputs: values, outputs }) =>
      account.find(BUCKET, values.bucket as string) ? outputs : undefined,
  };
}

function publicPolicies(account: AwsAccount, { bucket: name, policy }: Values): void {
  const elsewhere = statementsOf(policy)
    .flatMap(({ Resource }) => Resource)
    .find((arn) => arn !== `arn:aws:s3:::${name}` && !arn.startsWith(`arn:aws:s3:::${name}/`));
  if (elsewhere) throw new Refused(`MalformedPolicy: Policy has invalid resource ${elsewhere}`);
  if (isPublic(policy) && account.blocksPublicPolicy(name))
    throw new Refused("AccessDenied: public policies are blocked by the BlockPublicPolicy setting");
}

function lifecycle(account: AwsAccount, { bucket: name, rules }: Values): void {
  const old = (rules as Values[]).some((rule) => rule.noncurrentVersionExpiration);
  if (old && !account.find(VERSIONING, name as string))
    throw new Refused("InvalidRequest: noncurrent versions need versioning");
}

export const bucketKinds: { [type: string]: Kind<AwsAccount> } = {
  [BUCKET]: bucket,
  [ACCESS_BLOCK]: setting(
    inputsOf<Omit<s3.BucketPublicAccessBlockArgs, "bucket">>()({
      blockPublicAcls: { type: "boolean" },
      blockPublicPolicy: { type: "boolean" },
      ignorePublicAcls: { type: "boolean" },
      restrictPublicBuckets: { type: "boolean" },
    }),
  ),
  [VERSIONING]: setting(
    inputsOf<Omit<s3.BucketVersioningArgs, "bucket">>()({
      versioningConfiguration: { type: "map", required: true },
    }),
  ),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": setting(
    inputsOf<Omit<s3.BucketOwnershipControlsArgs, "bucket">>()({ rule: { type: "map", required: true } }),
  ),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": setting(
    inputsOf<Omit<s3.BucketServerSideEncryptionConfigurationArgs, "bucket">>()({
      rules: { type: "list", required: true },
    }),
  ),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": setting(
    inputsOf<Omit<s3.BucketLifecycleConfigurationArgs, "bucket">>()({ rules: { type: "list" } }),
    lifecycle,
  ),
  "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": setting(
    inputsOf<Omit<s3.BucketCorsConfigurationArgs, "bucket">>()({
      corsRules: { type: "list", required: true },
    }),
  ),
  "aws:s3/bucketPolicy:BucketPolicy": setting(
    inputsOf<Omit<s3.BucketPolicyArgs, "bucket">>()({ policy: { type: "string", required: true } }),
    publicPolicies,
  ),
};
