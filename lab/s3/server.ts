/**
 * The buckets of an AWS double as a real S3 server, over HTTP and HTTPS. It checks the signature for who asks, and the account's own
 * policies for what they may do; a store behind it keeps the objects.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { createServer as http, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as https } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { ACCESS_KEY, type AwsAccount } from "../../doubles/awsAccount";
import type { Authority, ServerCertificate } from "../authority";
import { allowed } from "./authorize";
import { unchunked } from "./chunked";
import { Refusal } from "./refusal";
import { type Asked, askedOf, askedOfMissing, isBatchDelete, parseRequest, type S3Request } from "./request";
import { claimedKey, isSignedBy } from "./signature";
import { ObjectStore } from "./store";

const OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls";

export interface EvaluatedS3Args {
  account: AwsAccount;
  /** Signs its certificate. */
  authority: Pick<Authority, "sign" | "path">;
  /** Folder of its log. */
  folder: string;
  /** The loopback address if absent. */
  address?: string;
  /** Free ports if absent. */
  ports?: { http: number; https: number };
  /** Its name; its address if absent. */
  names?: readonly [string, ...string[]];
}

/** Names that the SDKs use for a region's S3; us-east-1 also has the oldest ones. */
export const namesInRegion = (region: string): readonly [string, ...string[]] => {
  const endpoint = `s3.${region}.amazonaws.com`;
  return [endpoint, `*.${endpoint}`, "s3.amazonaws.com", "*.s3.amazonaws.com"];
};

export class EvaluatedS3 {
  readonly urls: { http: string; https: string } = { http: "", https: "" };
  private servers: Server[] = [];

  private constructor(
    private readonly args: EvaluatedS3Args,
    private readonly tls: ServerCertificate,
    readonly store: ObjectStore,
  ) {}

  static async start(args: EvaluatedS3Args): Promise<EvaluatedS3> {
    const { account, authority, folder, names, address = LOOPBACK } = args;
    const tls = await authority.sign(...(names ?? ([address] as const)));
    const s3 = new EvaluatedS3(args, tls, await ObjectStore.start(account, folder));
    await s3.up();
    return s3;
  }

  /** Listens; also listens again after `down`, with the same content. */
  async up(): Promise<void> {
    const { address = LOOPBACK, ports = { http: 0, https: 0 } } = this.args;
    const answer = (tls: boolean) => (request: IncomingMessage, response: ServerResponse) => {
      response.on("close", () => this.note(request, response));
      void this.answer(request, response, tls);
    };
    const { certificate, key } = this.tls;
    const servers = {
      http: http(answer(false)),
      https: https({ cert: readFileSync(certificate), key: readFileSync(key) }, answer(true)),
    };
    for (const scheme of ["http", "https"] as const) {
      const server = servers[scheme];
      await new Promise<void>((resolve) => server.listen(ports[scheme], address, resolve));
      this.urls[scheme] = `${scheme}://${address}:${(server.address() as AddressInfo).port}`;
    }
    this.servers = Object.values(servers);
  }

  /** Stops answering. */
  down(): void {
    for (const server of this.servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  }

  stop(): void {
    this.down();
    this.store.stop();
  }

  /** Certificate of its authority, in PEM, for clients that use HTTPS. */
  get authority(): string {
    return readFileSync(this.args.authority.path, "utf8");
  }

  /** Who asked for what, and the result. */
  private note({ method, url, headers }: IncomingMessage, { statusCode }: ServerResponse): void {
    const who = claimedKey({ headers }) ?? "anonymous";
    appendFileSync(
      join(this.args.folder, "s3.log"),
      `${who} ${method} ${headers.host}${url}: ${statusCode}\n`,
    );
  }

  private async answer(message: IncomingMessage, response: ServerResponse, tls: boolean): Promise<void> {
    try {
      const [method, path] = [message.method ?? "", message.url ?? ""];
      const request = parseRequest(method, path, message.headers, await bodyOf(message));
      const caller = { user: this.userOf(message), tls };
      const denied = await this.denied(request, caller);
      if (denied.length > 0 && !isBatchDelete(request)) throw new Refusal(403, "AccessDenied");
      if (denied.length > 0) return end(response, 200, batchErrors(denied));
      this.refuseAcl(request);
      const stored = await this.store.answer(request);
      if (!stored) throw new Refusal(404, "NoSuchBucket");
      // Only those who may list are told whether a key exists.
      if (stored.status === 404 && !(await allowed(this.args.account, caller, askedOfMissing(request))))
        throw new Refusal(403, "AccessDenied");
      for (const [name, value] of stored.headers) if (SAID.test(name)) response.setHeader(name, value);
      // The answer to a HEAD has only the length.
      const length = stored.headers.get("content-length");
      if (method === "HEAD" && length) response.setHeader("content-length", length);
      end(response, stored.status, stored.body);
    } catch (error) {
      const { status, code } = error instanceof Refusal ? error : new Refusal(500, String(error));
      end(response, status, `<Error><Code>${code}</Code></Error>`);
    }
  }

  /** @throws Refusal if the key is unknown or the signature does not match */
  private userOf({ method = "", url = "", headers }: IncomingMessage): string | undefined {
    const signed = { method, path: url, headers };
    const id = claimedKey(signed);
    if (id === undefined) return undefined;
    const key = this.args.account.find(ACCESS_KEY, id);
    if (!key) throw new Refusal(403, "InvalidAccessKeyId");
    if (!isSignedBy(signed, id, String(key.outputs.secret))) throw new Refusal(403, "SignatureDoesNotMatch");
    return String(key.inputs.user);
  }

  private async denied(request: S3Request, caller: Parameters<typeof allowed>[1]): Promise<Asked[]> {
    const asked = askedOf(request);
    const verdicts = await Promise.all(asked.map((one) => allowed(this.args.account, caller, one)));
    return asked.filter((_, i) => !verdicts[i]);
  }

  /** If the owner owns every object, there are no ACLs, except for the one that says just that. */
  private refuseAcl({ method, bucket, query, headers }: S3Request): void {
    const acl = headers["x-amz-acl"] ?? (method === "PUT" && query.has("acl") ? "in the body" : undefined);
    const { rule } = this.args.account.find(OWNERSHIP, bucket)?.inputs ?? {};
    const enforced = (rule as { objectOwnership?: string } | undefined)?.objectOwnership;
    // A new bucket's default (AWS, since April 2023).
    if (
      acl &&
      acl !== "bucket-owner-full-control" &&
      (enforced ?? "BucketOwnerEnforced") === "BucketOwnerEnforced"
    )
      throw new Refusal(400, "AccessControlListNotSupported");
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const body = await buffer(message);
  const chunked = String(message.headers["content-encoding"] ?? "").includes("aws-chunked");
  return chunked ? unchunked(body) : body;
}

function end(response: ServerResponse, status: number, body: string | Buffer): void {
  // With a length, not chunked: a cache cannot cut a part out of a body without a length.
  const length = response.hasHeader("content-length") ? {} : { "content-length": Buffer.byteLength(body) };
  response.writeHead(status, length).end(body);
}

const batchErrors = (denied: readonly Asked[]) =>
  `<DeleteResult>${denied
    .map(
      ({ resource }) =>
        `<Error><Key>${resource.split("/").slice(1).join("/")}</Key><Code>AccessDenied</Code></Error>`,
    )
    .join("")}</DeleteResult>`;

const LOOPBACK = "127.0.0.1";

/** S3's headers for an object. */
const SAID = /^(etag|x-amz-.*|content-(type|range|disposition)|cache-control|last-modified|accept-ranges)$/;
