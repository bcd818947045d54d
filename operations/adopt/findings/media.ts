/** Media: where they are, how they get into the new bucket, and the addresses that other servers know. */
import type { Facts } from "../facts";
import { type Finding, refusal, warning } from "../finding";
import type { NewStack } from "../stack";

export const mediaFindings = (facts: Facts, stack: NewStack | undefined): Finding[] => [
  ...storeFindings(facts),
  ...(stack ? [...bucketFindings(facts, stack), ...addressFindings(facts, stack)] : []),
];

export const inS3 = ({ values }: Pick<Facts, "values">) => values.S3_ENABLED === "true";

/** Host names under which files have been served, and which other servers have stored. */
const aliasOf = ({ values }: Facts) => values.S3_ALIAS_HOST || values.S3_CLOUDFRONT_HOST || "";

/** Where the old instance's files can be had without its own names, which lead to main after the move; undefined if they are on its disk. */
export function oldMediaUrl({ values }: Pick<Facts, "values">): string | undefined {
  const { S3_BUCKET: bucket, S3_ENDPOINT: endpoint, S3_KEY_PREFIX: prefix } = values;
  if (!inS3({ values }) || !bucket) return undefined;
  // Amazon by the bucket's name, unless it has dots, which no certificate has; others by the path, as Mastodon asks them.
  const base = endpoint
    ? `https://${values.S3_HOSTNAME || endpoint.replace(/^https?:\/\//, "").replace(/\/+$/, "")}/${bucket}`
    : bucket.includes(".")
      ? `https://s3.${values.S3_REGION || "us-east-1"}.amazonaws.com/${bucket}`
      : `https://${bucket}.s3.${values.S3_REGION || "us-east-1"}.amazonaws.com`;
  return prefix ? `${base}/${prefix}` : base;
}

function storeFindings({ values, onDisk, listed }: Facts): Finding[] {
  const other = ["SWIFT_ENABLED", "AZURE_ENABLED"].find((name) => values[name] === "true");
  const others = onDisk?.others ?? listed?.others;
  const own = onDisk?.own ?? listed?.own;
  return [
    ...(other
      ? [warning("media", `they are not in S3 (${other}); copy them with rclone, to the same keys`)]
      : []),
    ...(values.S3_KEY_PREFIX
      ? [
          warning(
            "media",
            `S3_KEY_PREFIX is ${values.S3_KEY_PREFIX}; here keys have no prefix`,
            `Copy from s3://BUCKET/${values.S3_KEY_PREFIX}/.`,
          ),
        ]
      : []),
    ...(others && own && others.bytes > own.bytes && others.bytes > 2 ** 30
      ? [
          warning(
            "media",
            `most of them are copies from other servers (${Math.round(others.bytes / 2 ** 30)} of ${Math.round((others.bytes + own.bytes) / 2 ** 30)} GiB)`,
            "Remove old ones before you copy: tootctl media remove --days 7; tootctl preview_cards remove --days 14. Mastodon fetches them again.",
          ),
        ]
      : []),
  ];
}

function bucketFindings({ values }: Facts, { mediaBucket }: NewStack): Finding[] {
  if (!values.S3_BUCKET || values.S3_BUCKET !== mediaBucket || values.S3_ENDPOINT) return [];
  return [
    refusal(
      "media",
      `media.bucket is ${mediaBucket}, which the old instance uses; the program makes a bucket and adopts none`,
      "Write another name into media.bucket; the files are copied from bucket to bucket.",
    ),
  ];
}

function addressFindings(facts: Facts, { mediaHost }: NewStack): Finding[] {
  if (!inS3(facts)) return [];
  const alias = aliasOf(facts);
  if (alias === mediaHost) return [];
  return [
    alias
      ? warning(
          "media",
          `other servers know its files under https://${alias}/, and the stack serves them under https://${mediaHost}/`,
          `Write mediaDomain: ${alias}, if the name stays yours; or let it redirect to the same path of the new name.`,
        )
      : warning(
          "media",
          "other servers know its files under the bucket's own address (S3_ALIAS_HOST is not set)",
          "Keep the old bucket readable for some months; other servers fetch files again from the new address as people look at them.",
        ),
  ];
}
