/** The content of an AWS account's buckets: moto, unprotected, with one bucket for each of the account's. */
import { type AddressInfo, createServer as socket } from "node:net";
import { join } from "node:path";
import { type AwsAccount, BUCKET, VERSIONING } from "../../doubles/awsAccount";
import { Daemon, listens } from "../daemon";
import { moto, type StoredObject, storedObjects } from "./moto";
import type { S3Request } from "./request";

export interface Stored {
  status: number;
  headers: Headers;
  body: Buffer;
}

const SERVER = join(__dirname, "moto_server.py");

/** Although it is unprotected, moto gives its content only to clients that name some user. */
const SOMEBODY = "AWS4-HMAC-SHA256 Credential=front/20260101/us-east-1/s3/aws4_request";

/** The headers of a request that concern the object, not the sender. */
const KEPT = /^(content-type|content-md5|cache-control|range|if-.*|x-amz-(copy-source|meta-.*|acl))$/;

export class ObjectStore {
  /** Bucket → whether moto keeps its old versions. */
  private readonly made = new Map<string, boolean>();

  private constructor(
    private readonly account: AwsAccount,
    private readonly daemon: Daemon,
    private readonly url: string,
  ) {}

  /** @param folder of its log */
  static async start(account: AwsAccount, folder: string): Promise<ObjectStore> {
    const port = await freePort();
    const daemon = await Daemon.start({
      name: "moto",
      folder,
      command: [join(await moto(), "bin/python"), SERVER, "-H", "127.0.0.1", "-p", String(port)],
      ready: () => listens("127.0.0.1", port),
    });
    const store = new ObjectStore(account, daemon, `http://127.0.0.1:${port}`);
    account.holdsObjects = async (bucket) => (await store.objects(bucket)).length > 0;
    return store;
  }

  stop(): void {
    this.daemon.signal("SIGKILL");
  }

  /** Passes a request on, without its signature; undefined if the account has no such bucket. */
  async answer(request: S3Request): Promise<Stored | undefined> {
    const { bucket, method, path, body, query } = request;
    if (!(await this.has(bucket))) return undefined;
    const kept = Object.entries(request.headers).filter(([name]) => KEPT.test(name));
    const headers = kept as [string, string][];
    const part = Number(query.get("partNumber"));
    if (method === "GET" && part > 0) headers.push(["range", await this.rangeOfPart(request, part)]);
    return this.ask(method, path, headers, body);
  }

  /** For an object that was uploaded in parts, moto gives the length of a part, but answers with the whole object instead of the part. */
  private async rangeOfPart({ bucket, key }: S3Request, part: number): Promise<string> {
    let [start, length] = [0, 0];
    for (let number = 1; number <= part; number++) {
      start += length;
      const path = `/${bucket}/${encodeURI(key)}?partNumber=${number}`;
      length = Number((await this.ask("HEAD", path)).headers.get("content-length"));
    }
    return `bytes=${start}-${start + length - 1}`;
  }

  /** Whether the object exists, not only old versions of it. */
  async holds(bucket: string, key: string): Promise<boolean> {
    return (await this.has(bucket)) && (await this.ask("HEAD", `/${bucket}/${key}`)).status === 200;
  }

  /** Everything in a bucket, including old versions and delete markers. */
  async objects(bucket: string): Promise<StoredObject[]> {
    if (!(await this.has(bucket))) return [];
    const found: StoredObject[] = [];
    for (let marker = ""; ; ) {
      const { body } = await this.ask("GET", `/${bucket}?versions${marker}`);
      const list = body.toString();
      found.push(...storedObjects(list, "Version|DeleteMarker"));
      const [, key] = /<NextKeyMarker>(.*?)<\/NextKeyMarker>/.exec(list) ?? [];
      const [, version] = /<NextVersionIdMarker>(.*?)<\/NextVersionIdMarker>/.exec(list) ?? [];
      if (!key) return found;
      marker = `&key-marker=${encodeURIComponent(key)}&version-id-marker=${encodeURIComponent(version ?? "")}`;
    }
  }

  /** As the bucket's owner does in the console before deleting the bucket. */
  async empty(bucket: string): Promise<void> {
    for (const { key, versionId } of await this.objects(bucket))
      await this.ask("DELETE", `/${bucket}/${key}?versionId=${versionId}`);
  }

  /** Whether the account has the bucket: then moto has it too, with versions if the account says so. */
  private async has(bucket: string): Promise<boolean> {
    if (!this.account.find(BUCKET, bucket)) {
      this.made.delete(bucket);
      return false;
    }
    const { status } = (this.account.find(VERSIONING, bucket)?.inputs.versioningConfiguration ?? {}) as {
      status?: string;
    };
    const versions = status === "Enabled";
    if (!this.made.has(bucket)) await this.ask("PUT", `/${bucket}`);
    if (versions && !this.made.get(bucket)) await this.ask("PUT", `/${bucket}?versioning`, [], KEEP_VERSIONS);
    this.made.set(bucket, versions);
    return true;
  }

  private async ask(
    method: string,
    path: string,
    headers: [string, string][] = [],
    body: Buffer = Buffer.alloc(0),
  ): Promise<Stored> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: [...headers, ["Authorization", SOMEBODY]],
      ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
    });
    const { status, headers: said } = answer;
    if (status >= 500) throw new Error(`${method} ${path}: moto says ${status}: ${await answer.text()}`);
    return { status, headers: said, body: Buffer.from(await answer.arrayBuffer()) };
  }
}

const KEEP_VERSIONS = Buffer.from(
  "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
);

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = socket().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
