/** Names that S3 reserves (docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, read 2026-11-28). */

const RESERVED: readonly [RegExp, string][] = [
  [/^xn--/, "begins with xn--"],
  [/^sthree-/, "begins with sthree-"],
  [/^amzn-s3-demo-/, "begins with amzn-s3-demo-"],
  [/-s3alias$/, "ends in -s3alias"],
  [/--ol-s3$/, "ends in --ol-s3"],
  [/--x-s3$/, "ends in --x-s3"],
  [/--table-s3$/, "ends in --table-s3"],
  [/-\d{12}-[a-z\d-]+-an$/, "has the form of an account's regional namespace (…-ACCOUNT-REGION-an)"],
];

/** Why AWS refuses a name with valid characters, as a clause; undefined if it accepts the name. */
export function reservedBucketName(name: string): string | undefined {
  return RESERVED.find(([pattern]) => pattern.test(name))?.[1];
}
