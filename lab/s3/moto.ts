/** S3 on a network of the lab, under AWS' own names: moto, with signatures and policies enforced. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "../../tools/cache";
import { pipInstall } from "../../tools/pypi";
import { attempt, run } from "../../tools/run";
import type { Authority } from "../authority";
import { Daemon } from "../daemon";
import type { Machine } from "../machine";
import { Network } from "../network";

const REQUIREMENTS = join(__dirname, "moto.requirements.txt");

/** A virtual environment with moto in it, in the cache. */
export function moto(): Promise<string> {
  const recipe = ["venv", 1, readFileSync(REQUIREMENTS, "utf8")];
  return cached("s3", recipe, async (path) => {
    await pipInstall(path, "--requirement", REQUIREMENTS);
  });
}

export interface S3Args<User extends string> {
  network: Network;
  authority: Authority;
  /** Folder of its log. */
  folder: string;
  region: string;
  /** Buckets, versioned like the program's. */
  buckets: readonly string[];
  /** Name → IAM policy. */
  users: Readonly<Record<User, string>>;
}

export interface AccessKey {
  id: string;
  secret: string;
}

/** An object in a bucket. */
export interface StoredObject {
  key: string;
  size: number;
  /** Ends in `-N` if it was uploaded in N parts. */
  etag: string;
  versionId: string;
}

/** The entries of that kind in S3's answer to `GET ?versions`. */
export const storedObjects = (list: string, kind: "Version" | "Version|DeleteMarker"): StoredObject[] =>
  [...list.matchAll(new RegExp(`<(${kind})>.*?</\\1>`, "gs"))].map(([entry]) => {
    const field = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(entry)?.[1] ?? "";
    return {
      key: field("Key"),
      size: Number(field("Size")),
      etag: field("ETag").replaceAll(/"|&quot;/g, ""),
      versionId: field("VersionId"),
    };
  });

export class S3<User extends string> {
  private constructor(
    private readonly server: Daemon,
    private readonly args: S3Args<User>,
    readonly keys: Readonly<Record<User, AccessKey>>,
  ) {}

  static async start<User extends string>(args: S3Args<User>): Promise<S3<User>> {
    const { network, authority, region } = args;
    const python = join(await moto(), "bin/python");
    const endpoint = `s3.${region}.amazonaws.com`;
    const tls = await authority.sign(endpoint, `*.${endpoint}`, Network.GATEWAY);
    const listen = ["-H", Network.GATEWAY, "-p", "443", "-c", tls.certificate, "-k", tls.key];
    const probe = network.inside(["bash", "-c", `exec 3<>/dev/tcp/${Network.GATEWAY}/443`]);
    const server = await Daemon.start({
      name: "s3",
      folder: args.folder,
      command: network.inside([python, "-m", "moto.server", ...listen]),
      ready: async () => (await attempt(probe)).code === 0,
    });
    return new S3(server, args, await setUp(python, args));
  }

  /** Call this before the machine starts: the names then lead here. */
  knownTo(machine: Machine): void {
    const names = [this.endpoint(), ...this.args.buckets.map((bucket) => this.endpoint(bucket))];
    machine.write("/etc/hosts", `${machine.read("/etc/hosts")}${Network.GATEWAY} ${names.join(" ")}\n`);
  }

  private endpoint(bucket?: string): string {
    return `${bucket ? `${bucket}.` : ""}s3.${this.args.region}.amazonaws.com`;
  }

  /**
   * Sends a signed request from elsewhere on the network.
   *
   * @param path the object's path, with a query
   * @param output file for the answer's body
   */
  async request(user: User, method: string, bucket: string, path: string, output = "-") {
    const { network, authority, region } = this.args;
    const [host, { id, secret }] = [this.endpoint(bucket), this.keys[user]];
    const answer = await network.run([
      ...["curl", "--silent", "--show-error", "--max-time", "30", "--request", method, "--output", output],
      ...["--write-out", "\n%{http_code}", "--cacert", authority.path],
      ...["--resolve", `${host}:443:${Network.GATEWAY}`, "--user", `${id}:${secret}`],
      ...["--aws-sigv4", `aws:amz:${region}:s3`, "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"],
      `https://${host}/${path}`,
    ]);
    const at = answer.lastIndexOf("\n");
    return { status: Number(answer.slice(at + 1)), body: answer.slice(0, at) };
  }

  /** Everything in a bucket by key, including old versions. */
  async objects(user: User, bucket: string): Promise<StoredObject[]> {
    const { status, body } = await this.request(user, "GET", bucket, "?versions=");
    if (status !== 200) throw new Error(`S3 answers ${status}: ${body}`);
    return storedObjects(body, "Version");
  }

  remove(): void {
    this.server.signal("SIGKILL");
  }
}

/** Creates buckets and users; returns the users' keys. */
async function setUp<User extends string>(python: string, args: S3Args<User>) {
  const { network, authority, region, buckets, users } = args;
  const env = {
    AWS_ENDPOINT_URL: `https://${Network.GATEWAY}`,
    AWS_CA_BUNDLE: authority.path,
    REQUESTS_CA_BUNDLE: authority.path,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: "before-any-user",
    AWS_SECRET_ACCESS_KEY: "before-any-user",
  };
  const command = network.inside([python, join(__dirname, "moto.py")]);
  return JSON.parse(await run(command, { input: JSON.stringify({ buckets, users }), env })) as Record<
    User,
    AccessKey
  >;
}
