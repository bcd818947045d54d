/** Bucket policies, IAM policies and lifecycles as plain data. */
import { EXPIRED_DUMPS_DAYS } from "../catalogue/price";

/** What Mastodon 4.7 stores for everyone to read. Its archives (backups/) and uploaded lists (imports/) are not included. */
export const PUBLIC_PREFIXES = [
  "accounts",
  "cache",
  "custom_emojis",
  "media_attachments",
  "preview_card_providers",
  "preview_cards",
  "site_uploads",
] as const;

interface Statement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Principal?: "*";
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string>>;
}

const policy = (...statements: Statement[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

const tlsOnly = (arn: string): Statement => ({
  Sid: "TlsOnly",
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [arn, `${arn}/*`],
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});

/** Anyone may get media; nobody may list them (Mastodon's administration page warns if they can). */
export const mediaBucketPolicy = (arn: string) =>
  policy(
    {
      Sid: "PublicMedia",
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: PUBLIC_PREFIXES.map((prefix) => `${arn}/${prefix}/*`),
    },
    tlsOnly(arn),
  );

export const backupBucketPolicy = (arn: string) => policy(tlsOnly(arn));

/** The calls that Mastodon's code makes. Only `tootctl media remove-orphans` also lists; docs/operations.md grants that temporarily. */
export const mediaWriterPolicy = (arn: string) =>
  policy({
    Sid: "Objects",
    Effect: "Allow",
    Action: ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
    Resource: `${arn}/*`,
  });

/** Write only: an intruder on main can neither read nor delete the dumps. */
export const backupWriterPolicy = (arn: string) =>
  policy({
    Sid: "Dumps",
    Effect: "Allow",
    Action: ["s3:AbortMultipartUpload", "s3:PutObject"],
    Resource: `${arn}/*`,
  });

/** A lifecycle rule in the S3 provider's own shape. */
export interface LifecycleRule {
  id: string;
  status: "Enabled";
  filter: { prefix: string };
  abortIncompleteMultipartUpload?: { daysAfterInitiation: number };
  expiration?: { days?: number; expiredObjectDeleteMarker?: boolean };
  noncurrentVersionExpiration?: { noncurrentDays: number };
}

const rule = (id: string, what: Omit<LifecycleRule, "id" | "status" | "filter">): LifecycleRule => ({
  id,
  status: "Enabled",
  filter: { prefix: "" },
  ...what,
});

/** Uploads that were never completed cost money until they are aborted. */
const abandonedUploads = rule("abandoned-uploads", {
  abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
});

/** @param days how long a deleted or overwritten object can be restored */
export const mediaLifecycle = (days: number): LifecycleRule[] => [
  abandonedUploads,
  rule("old-versions", {
    noncurrentVersionExpiration: { noncurrentDays: days },
    expiration: { expiredObjectDeleteMarker: true },
  }),
];

/** @param days how long a dump is kept */
export const backupLifecycle = (days: number): LifecycleRule[] => [
  abandonedUploads,
  rule("old-dumps", {
    expiration: { days },
    noncurrentVersionExpiration: { noncurrentDays: EXPIRED_DUMPS_DAYS },
  }),
];
