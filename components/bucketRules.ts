/** Bucket policies, IAM policies and lifecycles as plain data. */
import { BACKUP_PREFIXES, OLD_VERSIONS_DAYS, REDIS_COPIES_DAYS } from "../catalogue/backups";

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
  Condition?: Record<string, Record<string, string | string[]>>;
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

/**
 * The calls that Mastodon's code makes.
 *
 * @param lists whether it may list the bucket too: only `tootctl media remove-orphans` does
 */
export const mediaWriterPolicy = (arn: string, lists: boolean) =>
  policy(
    {
      Sid: "Objects",
      Effect: "Allow",
      Action: ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      Resource: `${arn}/*`,
    },
    ...(lists
      ? [{ Sid: "List", Effect: "Allow", Action: "s3:ListBucket", Resource: arn } satisfies Statement]
      : []),
  );

/**
 * Dumps and exports of accounts can only be put: an intruder on main can neither read nor delete them. pgBackRest reads, replaces and
 * deletes in its repository, and finds what was there at an earlier time. But nothing here deletes a version (s3:DeleteObjectVersion), so S3
 * still has what it deleted. These are the calls of pgBackRest 2.55.1 (src/storage/s3), which names a folder in every list. It sets no tags.
 * Its `repo-ls` first looks whether the repository itself is an object.
 */
export const backupWriterPolicy = (arn: string) => {
  const { dumps, federation, repository, redis } = BACKUP_PREFIXES;
  const withPrefix = (...prefixes: string[]) => ({ StringLike: { "s3:prefix": prefixes } });
  return policy(
    {
      Sid: "Dumps",
      Effect: "Allow",
      Action: ["s3:AbortMultipartUpload", "s3:PutObject"],
      Resource: [`${arn}/${dumps}/*`, `${arn}/${federation}/*`],
    },
    {
      Sid: "Redis",
      Effect: "Allow",
      Action: ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
      Resource: `${arn}/${redis}/*`,
    },
    {
      Sid: "Repository",
      Effect: "Allow",
      Action: ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
      Resource: [`${arn}/${repository}`, `${arn}/${repository}/*`],
    },
    {
      Sid: "List",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: arn,
      Condition: withPrefix(repository, `${repository}/*`, `${redis}/*`),
    },
    {
      Sid: "ListVersions",
      Effect: "Allow",
      Action: "s3:ListBucketVersions",
      Resource: arn,
      Condition: withPrefix(`${repository}/*`),
    },
  );
};

/** A lifecycle rule in the S3 provider's own shape. */
export interface LifecycleRule {
  id: string;
  status: "Enabled";
  filter: { prefix: string };
  abortIncompleteMultipartUpload?: { daysAfterInitiation: number };
  expiration?: { days?: number; expiredObjectDeleteMarker?: boolean };
  noncurrentVersionExpiration?: { noncurrentDays: number };
}

/** @param folder of the objects; all of the bucket if absent */
const rule = (
  id: string,
  what: Omit<LifecycleRule, "id" | "status" | "filter">,
  folder?: string,
): LifecycleRule => ({
  id,
  status: "Enabled",
  filter: { prefix: folder ? `${folder}/` : "" },
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

/**
 * pgBackRest expires its repository itself: nothing there that is current ever goes.
 *
 * @param keepDays how long a dump or an export of accounts is kept
 */
export const backupLifecycle = (keepDays: number): LifecycleRule[] => [
  abandonedUploads,
  ...(["dumps", "federation"] as const).map((kind) =>
    rule(
      `old-${kind}`,
      {
        expiration: { days: keepDays },
        noncurrentVersionExpiration: { noncurrentDays: OLD_VERSIONS_DAYS },
      },
      BACKUP_PREFIXES[kind],
    ),
  ),
  rule(
    "old-redis-copies",
    { expiration: { days: REDIS_COPIES_DAYS }, noncurrentVersionExpiration: { noncurrentDays: 1 } },
    BACKUP_PREFIXES.redis,
  ),
  rule(
    "old-repository",
    {
      noncurrentVersionExpiration: { noncurrentDays: OLD_VERSIONS_DAYS },
      expiration: { expiredObjectDeleteMarker: true },
    },
    BACKUP_PREFIXES.repository,
  ),
];
