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

type Condition = { Bool: Record<string, string> } | { StringLike: Record<string, string[]> };
interface Statement {
  Effect: "Allow" | "Deny";
  Principal?: "*";
  Action: string | string[];
  Resource: string | string[];
  Condition?: Condition;
}

const matches = (patterns: string | string[], text: string) =>
  [patterns]
    .flat()
    .some((pattern) =>
      new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`).test(text),
    );

/** What S3 decides on a request, as far as these policies go: a matching Deny wins, then an Allow, then no. */
function decides(
  policy: string,
  action: string,
  resource: string,
  { tls = true, prefix }: { tls?: boolean; prefix?: string } = {},
): boolean {
  const { Statement } = JSON.parse(policy) as { Statement: Statement[] };
  const holds = (condition: Condition) =>
    "Bool" in condition
      ? condition.Bool["aws:SecureTransport"] === String(tls)
      : prefix !== undefined && matches(condition.StringLike["s3:prefix"] ?? [], prefix);
  const applying = Statement.filter(
    ({ Action, Resource, Condition }) =>
      matches(Action, action) && matches(Resource, resource) && (!Condition || holds(Condition)),
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
    expect(decides(mediaWriterPolicy(MEDIA, false), "s3:GetObject", `${MEDIA}/${key}`)).toBe(true);
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

/** Everything that S3 can be asked to do with an object, and whether main's key may, by the folder that it is in. */
test.each([
  [
    "s3:PutObject",
    {
      "database/today": true,
      "federation/today": true,
      "redis/now": true,
      "pgbackrest/backup/x": true,
      other: false,
    },
  ],
  [
    "s3:GetObject",
    {
      "database/today": false,
      "federation/today": false,
      "redis/now": true,
      "pgbackrest/backup/x": true,
      pgbackrest: true,
      other: false,
    },
  ],
  [
    "s3:DeleteObject",
    {
      "database/today": false,
      "federation/today": false,
      "redis/now": false,
      "pgbackrest/backup/x": true,
      other: false,
    },
  ],
  [
    "s3:GetObjectVersion",
    { "database/today": false, "federation/today": false, "redis/now": false, "pgbackrest/backup/x": true },
  ],
  [
    "s3:AbortMultipartUpload",
    { "database/today": true, "federation/today": true, "redis/now": true, "pgbackrest/backup/x": false },
  ],
  ...[
    "s3:DeleteObjectVersion",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:DeleteObjectTagging",
    "s3:PutObjectRetention",
    "s3:BypassGovernanceRetention",
    "s3:RestoreObject",
  ].map((action): [string, Record<string, boolean>] => [
    action,
    {
      "database/today": false,
      "federation/today": false,
      "redis/now": false,
      "pgbackrest/backup/x": false,
      other: false,
    },
  ]),
])("anyone with main's key: %s", (action, expected) => {
  const policy = backupWriterPolicy(BACKUPS);
  const actual = Object.keys(expected).map((key) => [key, decides(policy, action, `${BACKUPS}/${key}`)]);
  expect(Object.fromEntries(actual)).toEqual(expected);
});

test.each([
  ["pgbackrest", true, false],
  ["pgbackrest/", true, true],
  ["pgbackrest/archive/mastodon/17-1/", true, true],
  ["redis/", true, false],
  ["database/", false, false],
  ["federation/", false, false],
  ["pgbackrest2/", false, false],
  ["", false, false],
  [undefined, false, false],
])("a list of %p with main's key: %p, and of earlier versions: %p", (prefix, current, earlier) => {
  const lists = (action: string) =>
    decides(backupWriterPolicy(BACKUPS), action, BACKUPS, prefix === undefined ? {} : { prefix });
  expect([lists("s3:ListBucket"), lists("s3:ListBucketVersions")]).toEqual([current, earlier]);
});

test.each([
  "s3:DeleteBucket",
  "s3:PutBucketPolicy",
  "s3:PutBucketVersioning",
  "s3:PutLifecycleConfiguration",
  "s3:ListBucketMultipartUploads",
])("main's key may not %s in the backup bucket", (action) => {
  for (const prefix of ["pgbackrest/", ""])
    expect(decides(backupWriterPolicy(BACKUPS), action, BACKUPS, { prefix })).toBe(false);
});

test.each([
  "s3:PutObjectAcl",
  "s3:DeleteObjectVersion",
  "s3:PutBucketPolicy",
  "s3:PutLifecycleConfiguration",
  "s3:ListBucket",
])("Mastodon's own key may not %s", (action) => {
  expect(decides(mediaWriterPolicy(MEDIA, false), action, `${MEDIA}/accounts/a.png`)).toBe(false);
  expect(decides(mediaWriterPolicy(MEDIA, false), action, MEDIA)).toBe(false);
});

test("it lists the media, and does nothing else more, if main looks for orphans", () => {
  expect(decides(mediaWriterPolicy(MEDIA, true), "s3:ListBucket", MEDIA)).toBe(true);
  expect(decides(mediaWriterPolicy(MEDIA, true), "s3:ListBucketVersions", MEDIA)).toBe(false);
  expect(decides(mediaWriterPolicy(MEDIA, true), "s3:DeleteObjectVersion", `${MEDIA}/accounts/a.png`)).toBe(
    false,
  );
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

test("what was deleted or replaced stays for 30 days, and of the repository nothing that is current expires", () => {
  const rule = (id: string, prefix: string) => ({ id, status: "Enabled", filter: { prefix } });
  expect(backupLifecycle(14)).toEqual([
    { ...rule("abandoned-uploads", ""), abortIncompleteMultipartUpload: { daysAfterInitiation: 7 } },
    {
      ...rule("old-dumps", "database/"),
      expiration: { days: 14 },
      noncurrentVersionExpiration: { noncurrentDays: 30 },
    },
    {
      ...rule("old-federation", "federation/"),
      expiration: { days: 14 },
      noncurrentVersionExpiration: { noncurrentDays: 30 },
    },
    {
      ...rule("old-redis-copies", "redis/"),
      expiration: { days: 7 },
      noncurrentVersionExpiration: { noncurrentDays: 1 },
    },
    {
      ...rule("old-repository", "pgbackrest/"),
      expiration: { expiredObjectDeleteMarker: true },
      noncurrentVersionExpiration: { noncurrentDays: 30 },
    },
  ]);
});
