/** What a request asks of S3, in IAM's terms (docs.aws.amazon.com/AmazonS3/latest/API, "Permissions" of each call). */

export interface S3Request {
  method: string;
  /** Path-style, with the query: `/BUCKET/KEY?QUERY`. */
  path: string;
  bucket: string;
  /** Empty if the bucket itself is meant. */
  key: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
}

export interface Asked {
  action: string;
  resource: string;
  /** For a list: what the keys begin with, which policies call s3:prefix. */
  prefix?: string;
}

/** The bucket in front of S3's own name: virtual-hosted style. */
const HOSTED = /^(.+)\.s3(\.[a-z0-9-]+)?\.amazonaws\.com$/;

/** The bucket is in the host's name, or is the first part of the path. */
export function parseRequest(
  method: string,
  url: string,
  headers: S3Request["headers"],
  body: Buffer = Buffer.alloc(0),
): S3Request {
  const [, hosted] = HOSTED.exec(String(headers.host ?? "")) ?? [];
  const path = hosted ? `/${hosted}${url}` : url;
  const { pathname, searchParams } = new URL(path, "http://s3");
  const [, bucket = "", ...rest] = pathname.split("/");
  const key = decodeURIComponent(rest.join("/"));
  return { method, path, bucket, key, query: searchParams, headers, body };
}

/** Sub-resources: query parameter → [reading, writing, deleting]. */
const BUCKET_SETTINGS: Readonly<Record<string, [string, string, string]>> = {
  acl: ["GetBucketAcl", "PutBucketAcl", "PutBucketAcl"],
  cors: ["GetBucketCORS", "PutBucketCORS", "PutBucketCORS"],
  lifecycle: ["GetLifecycleConfiguration", "PutLifecycleConfiguration", "PutLifecycleConfiguration"],
  ownershipControls: [
    "GetBucketOwnershipControls",
    "PutBucketOwnershipControls",
    "PutBucketOwnershipControls",
  ],
  policy: ["GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"],
  publicAccessBlock: [
    "GetBucketPublicAccessBlock",
    "PutBucketPublicAccessBlock",
    "PutBucketPublicAccessBlock",
  ],
  versioning: ["GetBucketVersioning", "PutBucketVersioning", "PutBucketVersioning"],
};

/**
 * Everything that must be allowed for the request.
 *
 * @throws Error for a call that is not listed: an unknown call is never allowed
 */
export function askedOf(request: S3Request): Asked[] {
  const arn = `arn:aws:s3:::${request.bucket}`;
  if (isBatchDelete(request)) return batchDeletes(request.body, arn);
  if (!request.key) return [askedOfBucket(request, arn)];
  const asked = objectActions(request).map((action) => ({
    action: `s3:${action}`,
    resource: `${arn}/${request.key}`,
  }));
  const source = request.headers["x-amz-copy-source"];
  if (typeof source === "string")
    asked.push({ action: "s3:GetObject", resource: `arn:aws:s3:::${source.replace(/^\//, "")}` });
  return asked;
}

/** Mastodon's way to delete many objects at once: each key is checked separately. */
export const isBatchDelete = ({ method, key, query }: S3Request) =>
  method === "POST" && key === "" && query.has("delete");

/** With its version, an object goes for good. */
const batchDeletes = (body: Buffer, arn: string): Asked[] =>
  [...body.toString().matchAll(/<Object>(.*?)<\/Object>/gs)].map(([, object = ""]) => ({
    action: /<VersionId>/.test(object) ? "s3:DeleteObjectVersion" : "s3:DeleteObject",
    resource: `${arn}/${/<Key>(.*?)<\/Key>/s.exec(object)?.[1] ?? ""}`,
  }));

function askedOfBucket(request: S3Request, arn: string): Asked {
  const action = bucketAction(request);
  const isList = action === "ListBucket" || action === "ListBucketVersions";
  return {
    action: `s3:${action}`,
    resource: arn,
    ...(isList ? { prefix: request.query.get("prefix") ?? "" } : {}),
  };
}

/**
 * What must be allowed to be told that an object is missing. The key counts as a list's prefix: a list of its folder would tell as much
 * (ceph/ceph#68577 and kopia/kopia#3072, by trying it at AWS).
 */
export const askedOfMissing = ({ bucket, key }: S3Request): Asked => ({
  action: "s3:ListBucket",
  resource: `arn:aws:s3:::${bucket}`,
  prefix: key,
});

function bucketAction({ method, query }: S3Request): string {
  const index = ["GET", "PUT", "DELETE"].indexOf(method);
  for (const [setting, actions] of Object.entries(BUCKET_SETTINGS)) {
    const action = actions[index];
    if (query.has(setting) && action) return action;
  }
  if (method === "GET" && query.has("uploads")) return "ListBucketMultipartUploads";
  if (method === "GET" && query.has("versions")) return "ListBucketVersions";
  if (method === "GET" || method === "HEAD") return "ListBucket";
  if (method === "PUT") return "CreateBucket";
  if (method === "DELETE") return "DeleteBucket";
  throw new Error(`${method} ?${query} is not known here`);
}

function objectActions({ method, query, headers }: S3Request): string[] {
  if (query.has("acl")) return [method === "GET" ? "GetObjectAcl" : "PutObjectAcl"];
  const version = query.has("versionId") ? "Version" : "";
  switch (method) {
    case "GET":
      return [query.has("uploadId") ? "ListMultipartUploadParts" : `GetObject${version}`];
    case "HEAD":
      return [`GetObject${version}`];
    case "DELETE":
      return [query.has("uploadId") ? "AbortMultipartUpload" : `DeleteObject${version}`];
    // Parts, and the start and end of an upload in parts, count as a put.
    case "PUT":
    case "POST":
      return [
        "PutObject",
        ...(headers["x-amz-acl"] ? ["PutObjectAcl"] : []),
        ...(headers["x-amz-tagging"] ? ["PutObjectTagging"] : []),
      ];
    default:
      throw new Error(`${method} ?${query} is not known here`);
  }
}
