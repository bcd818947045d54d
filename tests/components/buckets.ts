/** What a bucket is registered as: the part that both kinds share. */
export const hardened = (
  name: string,
  component: string,
  {
    bucket,
    publicPolicy,
    protect,
    rules,
  }: { bucket: string; publicPolicy: boolean; protect: boolean; rules: unknown },
) => {
  const shared = { parent: component, provider: "aws", dependsOn: [name] };
  return {
    [name]: {
      ...shared,
      type: "Bucket",
      dependsOn: [],
      inputs: { bucket },
      ...(protect ? { protect: true } : {}),
    },
    [`${name}-ownership`]: {
      ...shared,
      type: "BucketOwnershipControls",
      inputs: { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
    },
    [`${name}-access`]: {
      ...shared,
      type: "BucketPublicAccessBlock",
      inputs: {
        bucket,
        blockPublicAcls: true,
        ignorePublicAcls: true,
        blockPublicPolicy: !publicPolicy,
        restrictPublicBuckets: !publicPolicy,
      },
    },
    [`${name}-encryption`]: {
      ...shared,
      type: "BucketServerSideEncryptionConfiguration",
      inputs: { bucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    },
    [`${name}-versioning`]: {
      ...shared,
      type: "BucketVersioning",
      inputs: { bucket, versioningConfiguration: { status: "Enabled" } },
    },
    [`${name}-lifecycle`]: {
      ...shared,
      type: "BucketLifecycleConfiguration",
      // Rules on old versions are refused where there are none.
      dependsOn: [name, `${name}-versioning`],
      inputs: { bucket, rules },
    },
    [`${name}-writer`]: {
      ...shared,
      type: "User",
      dependsOn: [],
      inputs: { name: `${bucket}-writer`, path: "/mastodon/" },
    },
    [`${name}-writer-key`]: {
      ...shared,
      type: "AccessKey",
      // Handed out when the policy is in place.
      dependsOn: [`${name}-writer`, `${name}-writer-policy`],
      inputs: { user: `${bucket}-writer` },
      additionalSecretOutputs: ["secret", "sesSmtpPasswordV4"],
    },
  };
};

export const ABANDONED_UPLOADS = {
  id: "abandoned-uploads",
  status: "Enabled",
  filter: { prefix: "" },
  abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
};

/** Nothing without TLS. */
export const tlsOnly = (bucket: string) => ({
  Sid: "TlsOnly",
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});
