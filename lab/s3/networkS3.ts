/** S3 on a network of the lab, under AWS' own names, with signatures and policies evaluated. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../../tools/run";
import type { Authority } from "../authority";
import { Daemon } from "../daemon";
import type { Machine } from "../machine";
import { Network } from "../network";
import { moto, type StoredObject, storedObjects } from "./moto";
import { type AccessKey, ARGUMENTS, type ProgramArgs } from "./program";

const TRANSPILER = require.resolve("ts-node/register");

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

const endpointIn = (region: string) => `s3.${region}.amazonaws.com`;

const argumentsIn = (folder: string) => join(folder, "s3.json");

function keysOf<User extends string>(users: Readonly<Record<User, string>>): Record<User, AccessKey> {
  const key = () => ({
    id: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secret: randomBytes(30).toString("base64"),
  });
  return Object.fromEntries(Object.keys(users).map((name) => [name, key()])) as Record<User, AccessKey>;
}

export class S3<User extends string> {
  private constructor(
    private readonly server: Daemon,
    private readonly args: S3Args<User>,
    readonly keys: Readonly<Record<User, AccessKey>>,
    private readonly program: ProgramArgs,
  ) {}

  static async start<User extends string>(args: S3Args<User>): Promise<S3<User>> {
    const { network, authority, folder, buckets } = args;
    const names = [endpointIn(args.region), `*.${endpointIn(args.region)}`, Network.GATEWAY] as const;
    const keys = keysOf(args.users);
    const users = Object.entries<string>(args.users).map(([name, policy]) => ({
      name,
      policy,
      key: keys[name as User],
    }));
    const program: ProgramArgs = {
      address: Network.GATEWAY,
      names,
      authority: authority.path,
      tls: await authority.sign(...names),
      folder,
      buckets,
      users,
    };
    const file = argumentsIn(folder);
    writeFileSync(file, JSON.stringify(program), { mode: 0o600 });
    // Installed here: from inside the network no registry is reached.
    await moto();
    const probe = network.inside(["bash", "-c", `exec 3<>/dev/tcp/${Network.GATEWAY}/443`]);
    const server = await Daemon.start({
      name: "s3",
      folder,
      command: network.inside([process.execPath, "-r", TRANSPILER, join(__dirname, "program.ts")]),
      env: { [ARGUMENTS]: file },
      ready: async () => (await attempt(probe)).code === 0,
    });
    return new S3(server, args, keys, program);
  }

  /** From the next request on, the user may do what that policy allows. */
  allow(user: User, policy: string): void {
    const users = this.program.users.map((one) => (one.name === user ? { ...one, policy } : one));
    writeFileSync(argumentsIn(this.args.folder), JSON.stringify({ ...this.program, users }));
    this.server.signal("SIGHUP");
  }

  /** Call this before the machine starts: the names then lead here. */
  knownTo(machine: Machine): void {
    const names = [this.endpoint(), ...this.args.buckets.map((bucket) => this.endpoint(bucket))];
    machine.write("/etc/hosts", `${machine.read("/etc/hosts")}${Network.GATEWAY} ${names.join(" ")}\n`);
  }

  private endpoint(bucket?: string): string {
    return `${bucket ? `${bucket}.` : ""}${endpointIn(this.args.region)}`;
  }

  /**
   * Sends a signed request from elsewhere on the network.
   *
   * @param path the object's path, with a query
   * @param output file for the answer's body
   * @param upload file that is the request's body
   */
  async request(user: User, method: string, bucket: string, path: string, output = "-", upload?: string) {
    const { network, authority, region } = this.args;
    const [host, { id, secret }] = [this.endpoint(bucket), this.keys[user]];
    const answer = await network.run([
      ...["curl", "--silent", "--show-error", "--max-time", "30", "--request", method, "--output", output],
      ...["--write-out", "\n%{http_code}", "--cacert", authority.path],
      ...["--resolve", `${host}:443:${Network.GATEWAY}`, "--user", `${id}:${secret}`],
      // The server behind it would wait for the body before it asks for it.
      ...(upload ? ["--upload-file", upload, "--header", "Expect:"] : []),
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
    this.server.signal("SIGTERM");
  }
}
