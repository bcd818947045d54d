/**
 * The buckets of an AWS double as a real S3 server on loopback, by HTTP and by HTTPS. Who asks is checked by signature, what may be
 * done by the account's own policies; moto, unguarded behind it, keeps the objects.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as http, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as https } from "node:https";
import { type AddressInfo, createServer as socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority } from "../authority";
import { Daemon, listens } from "../daemon";
import { ACCESS_KEY, type AwsAccount, BUCKET } from "../doubles/awsAccount";
import { moto } from "../s3";
import { allowed } from "./authorize";
import { type Asked, askedOf, isBatchDelete, parseRequest, type S3Request } from "./request";
import { claimedKey, isSignedBy } from "./signature";

const OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls";

/** What S3 answers in place of an object. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

export class EvaluatedS3 {
  readonly urls: { http: string; https: string } = { http: "", https: "" };
  private readonly stops: (() => void)[] = [];

  private constructor(
    private readonly account: AwsAccount,
    private readonly store: string,
    /** In PEM, for who asks by HTTPS. */
    readonly authority: string,
  ) {}

  /** Serves the buckets that the account has by now. */
  static async start(account: AwsAccount): Promise<EvaluatedS3> {
    const folder = mkdtempSync(join(tmpdir(), "evaluated-s3-"));
    const authority = await Authority.create(folder);
    const { certificate, key } = await authority.sign("127.0.0.1");
    const { daemon, url } = await startMoto(folder);
    const s3 = new EvaluatedS3(account, url, readFileSync(authority.path, "utf8"));
    s3.stops.push(
      () => daemon.signal("SIGKILL"),
      () => rmSync(folder, { recursive: true, force: true }),
    );
    const answer = (tls: boolean) => (request: IncomingMessage, response: ServerResponse) =>
      void s3.answer(request, response, tls);
    const servers = {
      http: http(answer(false)),
      https: https({ cert: readFileSync(certificate), key: readFileSync(key) }, answer(true)),
    };
    for (const scheme of ["http", "https"] as const) {
      const server = servers[scheme];
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      s3.urls[scheme] = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
      s3.stops.push(() => {
        server.close();
        server.closeAllConnections();
      });
    }
    for (const { id } of account.list(BUCKET)) await stored(url, "PUT", `/${id}`);
    return s3;
  }

  stop(): void {
    for (const stop of this.stops) stop();
  }

  /** As the bucket's owner behind all policies: whether the object is there. */
  async holds(bucket: string, key: string): Promise<boolean> {
    return (await stored(this.store, "HEAD", `/${bucket}/${key}`)).status === 200;
  }

  private async answer(message: IncomingMessage, response: ServerResponse, tls: boolean): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of message) chunks.push(chunk as Buffer);
      const [method, path] = [message.method ?? "", message.url ?? ""];
      const request = parseRequest(method, path, message.headers, Buffer.concat(chunks));
      const user = this.userOf(message);
      const denied = await this.denied(request, { user, tls });
      if (denied.length > 0 && !isBatchDelete(request)) throw new Refusal(403, "AccessDenied");
      if (denied.length > 0) return end(response, 200, batchErrors(denied));
      this.refuseAcl(request);
      const { status, body, headers } = await stored(this.store, method, path, request);
      // Whether a key is there is told only to who may list.
      const list = { action: "s3:ListBucket", resource: `arn:aws:s3:::${request.bucket}` };
      if (status === 404 && !(await allowed(this.account, { user, tls }, list)))
        throw new Refusal(403, "AccessDenied");
      for (const [name, value] of headers)
        if (/^(etag|x-amz-|content-type)/.test(name)) response.setHeader(name, value);
      end(response, status, body);
    } catch (error) {
      const { status, code } = error instanceof Refusal ? error : new Refusal(500, String(error));
      end(response, status, `<Error><Code>${code}</Code></Error>`);
    }
  }

  /** @throws Refusal where a key is not known or the signature is another's */
  private userOf({ method = "", url = "", headers }: IncomingMessage): string | undefined {
    const signed = { method, path: url, headers };
    const id = claimedKey(signed);
    if (id === undefined) return undefined;
    const key = this.account.find(ACCESS_KEY, id);
    if (!key) throw new Refusal(403, "InvalidAccessKeyId");
    if (!isSignedBy(signed, id, String(key.outputs.secret))) throw new Refusal(403, "SignatureDoesNotMatch");
    return String(key.inputs.user);
  }

  private async denied(request: S3Request, caller: Parameters<typeof allowed>[1]): Promise<Asked[]> {
    const asked = askedOf(request);
    const verdicts = await Promise.all(asked.map((one) => allowed(this.account, caller, one)));
    return asked.filter((_, i) => !verdicts[i]);
  }

  /** Where the owner owns every object there are no ACLs, but for the one that says just that. */
  private refuseAcl({ method, bucket, query, headers }: S3Request): void {
    const acl = headers["x-amz-acl"] ?? (method === "PUT" && query.has("acl") ? "in the body" : undefined);
    const { rule } = this.account.find(OWNERSHIP, bucket)?.inputs ?? {};
    const enforced = (rule as { objectOwnership?: string } | undefined)?.objectOwnership;
    // What a new bucket starts with (AWS, since April 2023).
    if (
      acl &&
      acl !== "bucket-owner-full-control" &&
      (enforced ?? "BucketOwnerEnforced") === "BucketOwnerEnforced"
    )
      throw new Refusal(400, "AccessControlListNotSupported");
  }
}

function end(response: ServerResponse, status: number, body: string | Buffer): void {
  response.writeHead(status).end(body);
}

const batchErrors = (denied: readonly Asked[]) =>
  `<DeleteResult>${denied
    .map(
      ({ resource }) =>
        `<Error><Key>${resource.split("/").slice(1).join("/")}</Key><Code>AccessDenied</Code></Error>`,
    )
    .join("")}</DeleteResult>`;

/** Unguarded as it is, moto gives what it keeps only to somebody who says some name. */
const SOMEBODY = "AWS4-HMAC-SHA256 Credential=front/20260101/us-east-1/s3/aws4_request";

/** Passes a request on, without its signature. */
async function stored(store: string, method: string, path: string, request?: S3Request) {
  const kept = Object.entries(request?.headers ?? {}).filter(([name]) =>
    /^(content-type|content-md5|range|x-amz-(copy-source|meta-.*|acl))$/.test(name),
  ) as [string, string][];
  kept.push(["Authorization", SOMEBODY]);
  const body = request && request.body.length > 0 ? new Uint8Array(request.body) : undefined;
  const answer = await fetch(`${store}${path}`, { method, headers: kept, ...(body ? { body } : {}) });
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
}

async function startMoto(folder: string): Promise<{ daemon: Daemon; url: string }> {
  const port = await freePort();
  const daemon = await Daemon.start({
    name: "moto",
    folder,
    command: [join(await moto(), "bin/python"), "-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    ready: () => listens("127.0.0.1", port),
  });
  return { daemon, url: `http://127.0.0.1:${port}` };
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = socket().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
