/** S3 as the program sets it up, asked over HTTP: who may do what, by the policies that an up wrote. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PUBLIC_PREFIXES } from "../../components/bucketRules";
import { ACCESS_KEY, BUCKET, USER, USER_POLICY } from "../../doubles/awsAccount";
import { bucketKinds } from "../../doubles/awsBuckets";
import { Authority } from "../../lab/authority";
import { parseRequest } from "../../lab/s3/request";
import { EvaluatedS3 } from "../../lab/s3/server";
import { figure, type Lab, lab, succeeded } from "./lab";
import { type Answer, ask, type Call, filesOf, type Key, keyIn } from "./s3Client";

const MEDIA = "/shop-example-media";
const BACKUPS = "/shop-example-backups";
const OBJECT = `${MEDIA}/media_attachments/files/1/original/cat.jpg`;

const folder = mkdtempSync(join(tmpdir(), "evaluated-s3-"));
let prod: Lab;
let s3: EvaluatedS3;
let asked = 0;
beforeAll(async () => {
  prod = await lab();
  succeeded(await prod.engine.up());
  addUser("owner", [{ Effect: "Allow", Action: "s3:*", Resource: "*" }]);
  prod.cloud.aws.add({
    type: "aws:s3/bucket:Bucket",
    id: "somebody-elses",
    name: "",
    inputs: { bucket: "somebody-elses" },
    outputs: {},
  });
  const authority = await Authority.create(folder);
  s3 = await EvaluatedS3.start({ account: prod.cloud.aws, authority, folder });
});
afterAll(() => {
  s3?.stop();
  rmSync(folder, { recursive: true, force: true });
  prod.remove();
  figure(`${asked} requests over HTTP were judged`);
});

/** Somebody of the same account, beside the program. */
function addUser(name: string, Statement: object[]): void {
  const { aws } = prod.cloud;
  const arn = `arn:aws:iam::${aws.accountId}:user/${name}`;
  const policy = JSON.stringify({ Version: "2012-10-17", Statement });
  aws.add({ type: USER, id: name, name, inputs: { name }, outputs: { arn } });
  aws.add({ type: USER_POLICY, id: `${name}:all`, name, inputs: { user: name, policy }, outputs: {} });
  const secret = randomBytes(30).toString("base64");
  aws.add({
    type: ACCESS_KEY,
    id: `AKIA${name.toUpperCase()}`,
    name,
    inputs: { user: name },
    outputs: { secret },
  });
}

function ownerKey(): Key {
  const record = prod.cloud.aws.find(ACCESS_KEY, "AKIAOWNER");
  return { id: "AKIAOWNER", secret: String(record?.outputs.secret) };
}

/** What the droplet of that name was booted with. */
function filesOn(name: string): string {
  const droplet = [...prod.cloud.main.list(), ...prod.cloud.workers.list()].find((one) => one.name === name);
  return filesOf(String(droplet?.inputs.userData));
}
const writer = () => keyIn(filesOn("workers-general-1-droplet"), ": ");
const backupWriter = () => keyIn(filesOn("main-droplet"), " = ");

function as(key: Key | undefined, method: string, path: string, more: Partial<Call> = {}): Promise<Answer> {
  asked++;
  return ask(s3, key, { method, path, ...more });
}

/** `CODE`, or the status where it was let through. */
const verdict = ({ status, code }: Answer) => code ?? status;

async function uploadId(key: Key, path: string): Promise<string> {
  const { body } = await as(key, "POST", `${path}?uploads=`);
  return /<UploadId>(.*?)<\/UploadId>/.exec(body)?.[1] ?? "";
}

test("workers and main hold the same key for media, and main alone one for the dumps", () => {
  expect(writer().id).toMatch(/^AKIA/);
  expect(keyIn(filesOn("main-droplet"), ": ")).toEqual(writer());
  expect(backupWriter().id).toMatch(/^AKIA/);
  expect(backupWriter()).not.toEqual(writer());
  expect(filesOn("workers-general-1-droplet")).not.toContain(backupWriter().id);
});

test("Mastodon's key can do what Mastodon does", async () => {
  const key = writer();
  expect(await as(key, "PUT", OBJECT, { body: "cat" })).toMatchObject({ status: 200 });
  expect(await as(key, "GET", OBJECT)).toMatchObject({ status: 200, body: "cat" });
  expect(await as(key, "HEAD", OBJECT)).toMatchObject({ status: 200 });
  const copied = `${MEDIA}/media_attachments/copy.jpg`;
  expect(await as(key, "PUT", copied, { headers: { "x-amz-copy-source": OBJECT.slice(1) } })).toMatchObject({
    status: 200,
  });

  const parts = await uploadId(key, OBJECT);
  const part = await as(key, "PUT", `${OBJECT}?partNumber=1&uploadId=${parts}`, { body: "dog" });
  expect(part.status).toBe(200);
  const done =
    "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>06d80eb0c50b49a509b49f2424e8c805</ETag></Part></CompleteMultipartUpload>";
  expect(await as(key, "POST", `${OBJECT}?uploadId=${parts}`, { body: done })).toMatchObject({ status: 200 });
  expect((await as(key, "GET", OBJECT)).body).toBe("dog");
  const abandoned = await uploadId(key, OBJECT);
  expect(await as(key, "DELETE", `${OBJECT}?uploadId=${abandoned}`)).toMatchObject({ status: 204 });

  expect(await as(key, "DELETE", OBJECT)).toMatchObject({ status: 204 });
  const batch = "<Delete><Object><Key>media_attachments/copy.jpg</Key></Object></Delete>";
  expect(await as(key, "POST", `${MEDIA}?delete=`, { body: batch })).toMatchObject({ status: 200 });
  expect(await s3.store.holds(MEDIA.slice(1), "media_attachments/copy.jpg")).toBe(false);
});

test.each([
  ["lists objects", "GET", `${MEDIA}?list-type=2`],
  ["lists versions", "GET", `${MEDIA}?versions=`],
  ["lists uploads", "GET", `${MEDIA}?uploads=`],
  ["looks whether the bucket is there", "HEAD", MEDIA],
  ["gets an old version", "GET", `${OBJECT}?versionId=1`],
  ["deletes an old version for good", "DELETE", `${OBJECT}?versionId=1`],
  ["reads the policy", "GET", `${MEDIA}?policy=`],
  ["writes the policy", "PUT", `${MEDIA}?policy=`],
  ["deletes the policy", "DELETE", `${MEDIA}?policy=`],
  ["opens the bucket to the public", "PUT", `${MEDIA}?publicAccessBlock=`],
  ["turns versions off", "PUT", `${MEDIA}?versioning=`],
  ["changes the lifecycle", "PUT", `${MEDIA}?lifecycle=`],
  ["reads the ACL", "GET", `${MEDIA}?acl=`],
  ["writes an object's ACL", "PUT", `${OBJECT}?acl=`],
  ["deletes the bucket", "DELETE", MEDIA],
  ["makes a bucket", "PUT", "/shop-example-more"],
  ["puts into the dumps", "PUT", `${BACKUPS}/database/x`],
  ["gets a dump", "GET", `${BACKUPS}/database/x`],
  ["gets an export of the accounts", "GET", `${BACKUPS}/federation/x`],
  ["deletes a dump", "DELETE", `${BACKUPS}/database/x`],
  ["reads another bucket", "GET", "/somebody-elses/x"],
  ["writes into another bucket", "PUT", "/somebody-elses/x"],
])("Mastodon's key is denied when it %s", async (_, method, path) => {
  const answer = await as(writer(), method, path);
  expect(answer.status).toBe(403);
});

test("who may not list is not told whether a key is there", async () => {
  const missing = `${MEDIA}/accounts/missing.png`;
  expect(verdict(await as(ownerKey(), "GET", missing))).toBe("NoSuchKey");
  expect(verdict(await as(writer(), "GET", missing))).toBe("AccessDenied");
  expect(verdict(await as(undefined, "GET", missing))).toBe("AccessDenied");
});

test("a copy needs to be allowed to read what is copied", async () => {
  await as(ownerKey(), "PUT", `${BACKUPS}/database/stolen`, { body: "dump" });
  const headers = { "x-amz-copy-source": `${BACKUPS.slice(1)}/database/stolen` };
  expect(verdict(await as(writer(), "PUT", `${MEDIA}/cache/stolen`, { headers }))).toBe("AccessDenied");
});

const REPOSITORY = `${BACKUPS}/pgbackrest`;

test("main's key for the backups can put a dump, whole or in parts, and do nothing else with it", async () => {
  const key = backupWriter();
  const dump = `${BACKUPS}/database/today.dump.gpg`;
  expect(await as(key, "PUT", dump, { body: "dump" })).toMatchObject({ status: 200 });
  const parts = await uploadId(key, dump);
  expect(await as(key, "PUT", `${dump}?partNumber=1&uploadId=${parts}`, { body: "x" })).toMatchObject({
    status: 200,
  });
  expect(await as(key, "DELETE", `${dump}?uploadId=${parts}`)).toMatchObject({ status: 204 });
  const others: [string, string][] = [
    ["GET", dump],
    ["HEAD", dump],
    ["DELETE", dump],
    ["DELETE", `${dump}?versionId=1`],
    ["GET", `${BACKUPS}?list-type=2`],
    ["GET", `${BACKUPS}?list-type=2&prefix=database%2F`],
    ["GET", `${BACKUPS}?policy=`],
    ["PUT", `${BACKUPS}?lifecycle=`],
    ["PUT", `${BACKUPS}?versioning=`],
    ["DELETE", BACKUPS],
    ["PUT", `${BACKUPS}/elsewhere/x`],
    ["PUT", `${MEDIA}/cache/x`],
    ["GET", `${MEDIA}/imports/follows.csv`],
  ];
  for (const [method, path] of others)
    expect([method, path, (await as(key, method, path)).status]).toEqual([method, path, 403]);
  expect(await s3.store.holds(BACKUPS.slice(1), "database/today.dump.gpg")).toBe(true);
});

test("the same key does what pgBackRest does in its repository", async () => {
  const key = backupWriter();
  const info = `${REPOSITORY}/backup/mastodon/backup.info`;
  expect(verdict(await as(key, "HEAD", REPOSITORY))).toBe(404);
  expect(verdict(await as(key, "GET", info))).toBe("NoSuchKey");
  expect((await as(key, "PUT", info, { body: "first" })).status).toBe(200);
  expect((await as(key, "PUT", info, { body: "second" })).status).toBe(200);
  expect(await as(key, "GET", info)).toMatchObject({ status: 200, body: "second" });
  const folder = "pgbackrest%2Fbackup%2Fmastodon%2F";
  const list = await as(key, "GET", `${BACKUPS}?delimiter=%2F&list-type=2&prefix=${folder}`);
  expect([list.status, list.body.match(/<Key>/g)]).toEqual([200, ["<Key>"]]);

  const versions = await as(key, "GET", `${BACKUPS}?delimiter=%2F&prefix=${folder}&versions=`);
  const [, first] = /.*<VersionId>(.*?)<\/VersionId>/s.exec(versions.body) ?? [];
  expect((await as(key, "GET", `${info}?versionId=${first}`)).body).toBe("first");
  for (const path of [`${BACKUPS}?versions=`, `${BACKUPS}?prefix=database%2F&versions=`])
    expect([path, (await as(key, "GET", path)).status]).toEqual([path, 403]);
});

test("whatever it deletes is still there for the owner, whole", async () => {
  const key = backupWriter();
  const wal = `${REPOSITORY}/archive/mastodon/17-1/000000010000000000000001`;
  await as(key, "PUT", wal, { body: "precious" });
  await as(key, "PUT", wal, { body: "overwritten" });
  const versionsOf = async () => {
    const { body } = await as(
      ownerKey(),
      "GET",
      `${BACKUPS}?prefix=${wal.slice(BACKUPS.length + 1)}&versions=`,
    );
    return [...body.matchAll(/<Version>.*?<VersionId>(.*?)<\/VersionId>/gs)].map(([, id = ""]) => id);
  };
  const [, precious] = await versionsOf();
  expect((await as(key, "DELETE", wal)).status).toBe(204);
  expect((await as(key, "DELETE", `${wal}?versionId=${precious}`)).status).toBe(403);
  const object = `<Key>${wal.slice(BACKUPS.length + 1)}</Key>`;
  const batch = (more: string) => `<Delete><Quiet>true</Quiet><Object>${object}${more}</Object></Delete>`;
  expect((await as(key, "POST", `${BACKUPS}?delete=`, { body: batch("") })).body).not.toContain("Error");
  const forGood = await as(key, "POST", `${BACKUPS}?delete=`, {
    body: batch(`<VersionId>${precious}</VersionId>`),
  });
  expect(forGood.body).toContain("AccessDenied");
  expect(await s3.store.holds(BACKUPS.slice(1), wal.slice(BACKUPS.length + 1))).toBe(false);
  expect((await versionsOf()).length).toBe(2);
  expect((await as(ownerKey(), "GET", `${wal}?versionId=${precious}`)).body).toBe("precious");
});

test("a folder whose objects are all deleted is in no list: pgBackRest would not begin in it", async () => {
  const key = backupWriter();
  const listed = async () =>
    (await as(key, "GET", `${BACKUPS}?delimiter=%2F&list-type=2&prefix=pgbackrest%2Fgone%2F`)).body;
  await as(key, "PUT", `${BACKUPS}/pgbackrest/gone/backup/1`, { body: "x" });
  expect(await listed()).toContain("<Prefix>pgbackrest/gone/backup/</Prefix>");
  expect((await as(key, "DELETE", `${BACKUPS}/pgbackrest/gone/backup/1`)).status).toBe(204);
  expect(await listed()).not.toContain("<CommonPrefixes>");
});

test("it puts copies of Redis, finds and gets them, and deletes none", async () => {
  const key = backupWriter();
  const copy = `${BACKUPS}/redis/now.gpg`;
  expect((await as(key, "PUT", copy, { body: "queues" })).status).toBe(200);
  expect((await as(key, "GET", `${BACKUPS}?list-type=2&prefix=redis%2F`)).body).toContain("redis/now.gpg");
  expect((await as(key, "GET", copy)).body).toBe("queues");
  expect((await as(key, "DELETE", copy)).status).toBe(403);
});

test("anyone may get media by their names, and list, change or find nothing else", async () => {
  const owner = ownerKey();
  for (const prefix of PUBLIC_PREFIXES) {
    await as(owner, "PUT", `${MEDIA}/${prefix}/1.png`, { body: prefix });
    expect(await as(undefined, "GET", `${MEDIA}/${prefix}/1.png`)).toMatchObject({
      status: 200,
      body: prefix,
    });
  }
  const closed = ["backups/archive.zip", "imports/follows.csv", "accounts", "cachex/1", "1.png"];
  for (const key of closed) {
    await as(owner, "PUT", `${MEDIA}/${key}`, { body: "private" });
    expect([key, verdict(await as(undefined, "GET", `${MEDIA}/${key}`))]).toEqual([key, "AccessDenied"]);
  }
  await as(owner, "PUT", `${BACKUPS}/accounts/1.png`, { body: "a dump under a public name" });
  const others: [string, string][] = [
    ["GET", `${BACKUPS}/accounts/1.png`],
    ["GET", MEDIA],
    ["GET", `${MEDIA}?list-type=2&prefix=accounts/`],
    ["GET", `${MEDIA}?versions=`],
    ["GET", `${MEDIA}?policy=`],
    ["GET", `${MEDIA}/accounts/1.png?versionId=1`],
    ["GET", `${MEDIA}/accounts/1.png?acl=`],
    ["PUT", `${MEDIA}/accounts/2.png`],
    ["POST", `${MEDIA}/accounts/2.png?uploads=`],
    ["DELETE", `${MEDIA}/accounts/1.png`],
  ];
  for (const [method, path] of others)
    expect([method, path, verdict(await as(undefined, method, path))]).toEqual([
      method,
      path,
      "AccessDenied",
    ]);
});

test("nobody is served without TLS, the owner included", async () => {
  const path = `${MEDIA}/accounts/1.png`;
  for (const key of [undefined, writer(), ownerKey()]) {
    expect(await as(key, "GET", path)).toMatchObject({ status: 200 });
    expect(verdict(await as(key, "GET", path, { plain: true }))).toBe("AccessDenied");
  }
  expect(verdict(await as(backupWriter(), "PUT", `${BACKUPS}/database/x`, { plain: true }))).toBe(
    "AccessDenied",
  );
});

test("an object comes with its length, or in the part that is asked for, or not again", async () => {
  const path = `${MEDIA}/accounts/parts.png`;
  await as(writer(), "PUT", path, { body: "0123456789", headers: { "Cache-Control": "immutable" } });
  const whole = await as(undefined, "GET", path);
  expect(whole.headers).toMatchObject({ "content-length": "10", "cache-control": "immutable" });
  expect((await as(undefined, "HEAD", path)).headers["content-length"]).toBe("10");
  expect(await as(undefined, "GET", path, { headers: { Range: "bytes=2-4" } })).toMatchObject({
    status: 206,
    body: "234",
    headers: { "content-length": "3", "content-range": "bytes 2-4/10" },
  });
  const headers = { "If-None-Match": String(whole.headers.etag) };
  expect(await as(undefined, "GET", path, { headers })).toMatchObject({ status: 304, body: "" });
});

test("what came in parts is given in those parts, as the SDKs ask for it", async () => {
  const path = `${MEDIA}/media_attachments/large.mov`;
  const bodies = ["a".repeat(5 * 1024 * 1024), "the end"];
  const upload = await uploadId(writer(), path);
  const tags: string[] = [];
  for (const [i, body] of bodies.entries()) {
    const part = await as(writer(), "PUT", `${path}?partNumber=${i + 1}&uploadId=${upload}`, { body });
    tags.push(`<Part><PartNumber>${i + 1}</PartNumber><ETag>${part.headers.etag}</ETag></Part>`);
  }
  const body = `<CompleteMultipartUpload>${tags.join("")}</CompleteMultipartUpload>`;
  expect((await as(writer(), "POST", `${path}?uploadId=${upload}`, { body })).status).toBe(200);
  const head = await as(writer(), "HEAD", `${path}?partNumber=1`);
  expect(head.headers).toMatchObject({ "x-amz-mp-parts-count": "2", "content-length": "5242880" });
  const last = await as(writer(), "GET", `${path}?partNumber=2`);
  expect([last.status, last.body]).toEqual([206, "the end"]);
  expect((await as(writer(), "GET", path)).body).toBe(bodies.join(""));
});

test("a checksum that follows the body is looked at, and not kept with it", async () => {
  const path = `${MEDIA}/accounts/checked.png`;
  const headers = {
    "Content-Encoding": "aws-chunked",
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "x-amz-trailer": "x-amz-checksum-crc32",
    "x-amz-decoded-content-length": "9",
  };
  // CRC-32 of "123456789" is cbf43926, by its catalogue.
  const body = (checksum: string) =>
    `5\r\n12345\r\n4\r\n6789\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`;
  const damaged = await as(writer(), "PUT", path, { body: body("AAAAAA=="), headers });
  expect([verdict(damaged), await s3.store.holds(MEDIA.slice(1), path.slice(MEDIA.length + 1))]).toEqual([
    "BadDigest",
    false,
  ]);
  expect((await as(writer(), "PUT", path, { body: body("y/Q5Jg=="), headers })).status).toBe(200);
  expect((await as(undefined, "GET", path)).body).toBe("123456789");
});

test("an ACL is refused, whoever sets it: S3_PERMISSION has to stay empty", async () => {
  const path = `${MEDIA}/accounts/acl.png`;
  for (const acl of ["public-read", "private"]) {
    const headers = { "x-amz-acl": acl };
    expect(verdict(await as(writer(), "PUT", path, { body: "x", headers }))).toBe("AccessDenied");
    expect(verdict(await as(ownerKey(), "PUT", path, { body: "x", headers }))).toBe(
      "AccessControlListNotSupported",
    );
  }
  expect(await s3.store.holds(MEDIA.slice(1), "accounts/acl.png")).toBe(false);
});

test("a bucket goes when it is empty, old versions too, and not before; then nobody finds it", async () => {
  const { aws } = prod.cloud;
  const [name, owner] = ["shop-example-media", ownerKey()];
  const record = aws.bucket(name);
  const remove = async () => bucketKinds[BUCKET]?.delete?.(aws, record, {});
  await as(owner, "PUT", OBJECT, { body: "cat" });
  await as(owner, "DELETE", OBJECT);
  expect(await s3.store.holds(name, OBJECT.slice(MEDIA.length + 1))).toBe(false);
  await expect(remove()).rejects.toThrow(`BucketNotEmpty: ${name}`);
  await s3.store.empty(name);
  await remove();
  aws.remove(BUCKET, name);
  expect(verdict(await as(owner, "GET", OBJECT))).toBe("NoSuchBucket");
  aws.add(record);
  expect(verdict(await as(owner, "GET", OBJECT))).toBe("NoSuchKey");
});

test("a bucket is in the host's name, as the SDKs write it, or in the path", () => {
  const hosts = ["media.example.s3.us-east-1.amazonaws.com", "media.example.s3.amazonaws.com"];
  for (const host of hosts)
    expect(parseRequest("GET", "/cache/a%20b.png?versionId=1", { host })).toMatchObject({
      bucket: "media.example",
      key: "cache/a b.png",
      path: "/media.example/cache/a%20b.png?versionId=1",
    });
  for (const host of ["s3.us-east-1.amazonaws.com", "s3.amazonaws.com", "127.0.0.1:8080"])
    expect(parseRequest("GET", "/media/cache/a", { host })).toMatchObject({
      bucket: "media",
      key: "cache/a",
    });
});

test("a key that is unknown, or a secret that is another's, is nobody's", async () => {
  const { id } = writer();
  expect(verdict(await as({ id: "AKIANOBODY", secret: "x" }, "GET", OBJECT))).toBe("InvalidAccessKeyId");
  expect(verdict(await as({ id, secret: backupWriter().secret }, "GET", OBJECT))).toBe(
    "SignatureDoesNotMatch",
  );
});
