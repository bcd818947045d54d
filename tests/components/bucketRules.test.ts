import {
  backupBucketPolicy,
  backupLifecycle,
  backupWriterPolicy,
  mediaBucketPolicy,
  mediaLifecycle,
  mediaWriterPolicy,
} from "../../components/bucketRules";

const MEDIA = "arn:aws:s3:::media";
const BACKUPS = "arn:aws:s3:::backups";

interface Statement {
  Effect: "Allow" | "Deny";
  Principal?: "*";
  Action: string | string[];
  Resource: string | string[];
  Condition?: { Bool: { "aws:SecureTransport": "true" | "false" } };
}

/** What S3 decides on a request, as far as these policies go: a matching Deny wins, then an Allow, then no. */
function decides(policy: string, action: string, resource: string, { tls = true } = {}): boolean {
  const { Statement } = JSON.parse(policy) as { Statement: Statement[] };
  const matches = (patterns: string | string[], text: string) =>
    [patterns]
      .flat()
      .some((pattern) =>
        new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`).test(text),
      );
  const applying = Statement.filter(
    ({ Action, Resource, Condition }) =>
      matches(Action, action) &&
      matches(Resource, resource) &&
      (!Condition || Condition.Bool["aws:SecureTransport"] === String(tls)),
  );
  return (
    applying.some(({ Effect }) => Effect === "Allow") && !applying.some(({ Effect }) => Effect === "Deny")
  );
}

test.each([
  "accounts/avatars/1/original/a.png",
  "media_attachments/files/1/original/b.mp4",
  "custom_emojis/images/1/original/c.png",
  "preview_cards/images/1/original/d.jpg",
  "preview_card_providers/icons/1/original/e.png",
  "site_uploads/files/1/original/f.png",
  "cache/accounts/avatars/2/original/g.png",
])("anyone may read %s, over TLS only", (key) => {
  expect(decides(mediaBucketPolicy(MEDIA), "s3:GetObject", `${MEDIA}/${key}`)).toBe(true);
  expect(decides(mediaBucketPolicy(MEDIA), "s3:GetObject", `${MEDIA}/${key}`, { tls: false })).toBe(false);
});

test.each(["backups/dumps/1/original/archive.zip", "imports/data/1/original/follows.csv", "index.html"])(
  "nobody but the writer may read %s",
  (key) => {
    expect(decides(mediaBucketPolicy(MEDIA), "s3:GetObject", `${MEDIA}/${key}`)).toBe(false);
    expect(decides(mediaWriterPolicy(MEDIA), "s3:GetObject", `${MEDIA}/${key}`)).toBe(true);
  },
);

test.each([
  "s3:ListBucket",
  "s3:ListBucketVersions",
  "s3:PutObject",
  "s3:DeleteObject",
  "s3:GetObjectVersion",
])("the public may not %s", (action) => {
  expect(decides(mediaBucketPolicy(MEDIA), action, MEDIA)).toBe(false);
  expect(decides(mediaBucketPolicy(MEDIA), action, `${MEDIA}/accounts/a.png`)).toBe(false);
});

test.each(["s3:GetObject", "s3:ListBucket", "s3:PutObject"])(
  "the public may not %s in the backups",
  (action) => {
    expect(decides(backupBucketPolicy(BACKUPS), action, `${BACKUPS}/2026/dump`)).toBe(false);
  },
);

test.each([
  "s3:GetObject",
  "s3:DeleteObject",
  "s3:DeleteObjectVersion",
  "s3:ListBucket",
  "s3:PutBucketPolicy",
])("whoever has the main droplet's key may not %s in the backups", (action) => {
  expect(decides(backupWriterPolicy(BACKUPS), action, `${BACKUPS}/2026/dump`)).toBe(false);
  expect(decides(backupWriterPolicy(BACKUPS), action, BACKUPS)).toBe(false);
});

test("the backup writer may write a dump, in parts too", () => {
  for (const action of ["s3:PutObject", "s3:AbortMultipartUpload"])
    expect(decides(backupWriterPolicy(BACKUPS), action, `${BACKUPS}/2026/dump`)).toBe(true);
});

test.each([
  "s3:PutObjectAcl",
  "s3:DeleteObjectVersion",
  "s3:PutBucketPolicy",
  "s3:PutLifecycleConfiguration",
  "s3:ListBucket",
])("Mastodon's own key may not %s", (action) => {
  expect(decides(mediaWriterPolicy(MEDIA), action, `${MEDIA}/accounts/a.png`)).toBe(false);
  expect(decides(mediaWriterPolicy(MEDIA), action, MEDIA)).toBe(false);
});

test("deleted media can be brought back for the days that are set, and never expires by itself", () => {
  expect(mediaLifecycle(90)).toEqual([
    {
      id: "abandoned-uploads",
      status: "Enabled",
      filter: { prefix: "" },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
    },
    {
      id: "old-versions",
      status: "Enabled",
      filter: { prefix: "" },
      noncurrentVersionExpiration: { noncurrentDays: 90 },
      expiration: { expiredObjectDeleteMarker: true },
    },
  ]);
});

test("dumps expire after the days that are set, overwritten ones a week after that", () => {
  expect(backupLifecycle(14)[1]).toEqual({
    id: "old-dumps",
    status: "Enabled",
    filter: { prefix: "" },
    expiration: { days: 14 },
    noncurrentVersionExpiration: { noncurrentDays: 7 },
  });
});
