/** A certificate authority of the lab's own: stand-ins for services of the internet answer by TLS under their real names. */
import { mkdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Machine } from "./machine";
import { run } from "./run";

/** Where Debian's programs look, awscli and nginx' configuration among them. */
const TRUSTED = "/etc/ssl/certs/ca-certificates.crt";

/** Paths of PEM files. */
export interface ServerCertificate {
  certificate: string;
  key: string;
}

export class Authority {
  private constructor(private readonly folder: string) {}

  /** @param folder where its files go; lasts for a day */
  static async create(folder: string): Promise<Authority> {
    mkdirSync(folder, { recursive: true });
    const authority = new Authority(folder);
    await authority.make("authority", [
      ...["-subj", "/CN=Authority of the lab", "-addext", "basicConstraints=critical,CA:TRUE"],
      ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    ]);
    return authority;
  }

  /** Its own certificate, in PEM. */
  get path(): string {
    return join(this.folder, "authority.crt");
  }

  /** A server's certificate for those DNS names (`*.` stands for one label) and addresses. */
  sign(...names: [string, ...string[]]): Promise<ServerCertificate> {
    return this.make(names[0].replace("*", "any"), [
      ...["-CA", this.path, "-CAkey", join(this.folder, "authority.key")],
      ...["-subj", `/CN=${names[0]}`, "-addext", "basicConstraints=critical,CA:FALSE"],
      ...[
        "-addext",
        `subjectAltName=${names.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`).join(",")}`,
      ],
    ]);
  }

  private async make(name: string, options: readonly string[]): Promise<ServerCertificate> {
    const [certificate, key] = [join(this.folder, `${name}.crt`), join(this.folder, `${name}.key`)];
    await run([
      // No configuration: a distribution's own would add extensions of its own.
      ...["openssl", "req", "-x509", "-config", "/dev/null", "-days", "1", "-nodes"],
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
      ...options,
      ...["-keyout", key, "-out", certificate],
    ]);
    return { certificate, key };
  }

  /** Before the machine starts. */
  trustedBy(machine: Machine): void {
    machine.write(TRUSTED, machine.read(TRUSTED) + readFileSync(this.path, "utf8"));
  }
}
