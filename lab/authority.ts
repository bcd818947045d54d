/** The lab's own certificate authority: stand-ins for internet services answer over TLS under the real names. */
import { mkdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { cached } from "../tools/cache";
import { run } from "../tools/run";
import type { Machine } from "./machine";

/** Where Debian's programs look, including awscli and nginx' configuration. */
const TRUSTED = "/etc/ssl/certs/ca-certificates.crt";

/** In days. */
const DECADE = 3650;

/** Paths of PEM files. */
export interface ServerCertificate {
  certificate: string;
  key: string;
}

export class Authority {
  private constructor(
    /** Folder of its own certificate and key. */
    private readonly own: string,
    /** Folder of the certificates that it signs. */
    private readonly folder: string,
  ) {}

  /** @param folder where its files go; it is valid for a day */
  static async create(folder: string): Promise<Authority> {
    mkdirSync(folder, { recursive: true });
    await makeRoot(folder, 1);
    return new Authority(folder, folder);
  }

  /**
   * The authority that the stand-ins for Mastodon's images trust. It is kept next to them in the cache, since an image is made once.
   * Nothing outside of a lab trusts it.
   *
   * @param folder where the files that it signs go
   */
  static async kept(folder: string): Promise<Authority> {
    mkdirSync(folder, { recursive: true });
    return new Authority(await keptRoot(), folder);
  }

  /** Its own certificate, in PEM. */
  get path(): string {
    return join(this.own, "authority.crt");
  }

  /** A server's certificate for these DNS names (`*.` stands for one label) and addresses. */
  sign(...names: [string, ...string[]]): Promise<ServerCertificate> {
    return make(this.folder, names[0].replace("*", "any"), 1, [
      ...["-CA", this.path, "-CAkey", join(this.own, "authority.key")],
      ...["-subj", `/CN=${names[0]}`, "-addext", "basicConstraints=critical,CA:FALSE"],
      ...[
        "-addext",
        `subjectAltName=${names.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`).join(",")}`,
      ],
    ]);
  }

  /**
   * Call this before the machine starts.
   *
   * @param further certificates of other authorities, in PEM
   */
  trustedBy(machine: Machine, further = ""): void {
    machine.write(TRUSTED, machine.read(TRUSTED) + readFileSync(this.path, "utf8") + further);
  }
}

const keptRoot = () =>
  cached("authority", ["P-256", DECADE], async (path) => {
    mkdirSync(path, { mode: 0o700 });
    await makeRoot(path, DECADE);
  });

/** Certificate of the kept authority, in PEM. */
export const keptCertificate = async (): Promise<string> =>
  readFileSync(join(await keptRoot(), "authority.crt"), "utf8");

const makeRoot = (folder: string, days: number) =>
  make(folder, "authority", days, [
    ...["-subj", "/CN=Authority of the lab", "-addext", "basicConstraints=critical,CA:TRUE"],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  ]);

async function make(folder: string, name: string, days: number, options: readonly string[]) {
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  await run([
    // Without a configuration file: a distribution's own file would add extensions.
    ...["openssl", "req", "-x509", "-config", "/dev/null", "-days", String(days), "-nodes"],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...options,
    ...["-keyout", key, "-out", certificate],
  ]);
  return { certificate, key };
}
