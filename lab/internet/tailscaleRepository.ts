/**
 * Tailscale's package repository under its name, with one package: the rehearsal's own build, signed with a key of the rehearsal. Machines
 * check that signature as they check Tailscale's; only the fingerprint in their step differs.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { cached } from "../../tools/cache";
import { run } from "../../tools/run";
import { ARCHITECTURE } from "../architecture";
import type { Authority } from "../authority";
import { tailscaleLayer } from "../tailnetTools";
import { INTERNET, TAILSCALE_PACKAGES_NAME } from "./addresses";
import type { Dns } from "./dns";
import { type HttpsServer, serveHttps } from "./httpsServer";

/** The fields of Tailscale's own package, as far as apt needs them. */
const CONTROL = [
  "Package: tailscale",
  "Version: 1.98.10",
  `Architecture: ${ARCHITECTURE}`,
  "Maintainer: the rehearsal <rehearsal@example.org>",
  "Description: tailscale and tailscaled, built for a rehearsal",
  "",
].join("\n");

/** As in Tailscale's own package, which enables the unit and starts it if policy-rc.d allows that. */
const POSTINST = `#!/bin/sh
set -e
deb-systemd-helper enable tailscaled.service
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  deb-systemd-invoke restart tailscaled.service || true
fi
`;

/** The layer as a Debian package. */
export async function tailscalePackage(): Promise<string> {
  const layer = await tailscaleLayer();
  return cached("tailscale.deb", [layer, CONTROL, POSTINST], async (path) => {
    const root = `${path}.root`;
    cpSync(layer, root, { recursive: true });
    mkdirSync(join(root, "DEBIAN"));
    writeFileSync(join(root, "DEBIAN/control"), CONTROL);
    writeFileSync(join(root, "DEBIAN/postinst"), POSTINST, { mode: 0o755 });
    await run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", root, path], { timeout: 300 });
    await run(["rm", "-r", root]);
  });
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

/** What apt fetches, by path below the repository's root; `sign` makes clear-text signatures. */
async function files(deb: Buffer, sign: (text: string) => Promise<string>): Promise<Record<string, Buffer>> {
  const pool = "pool/tailscale.deb";
  const index = `main/binary-${ARCHITECTURE}/Packages`;
  const packages = Buffer.from(`${CONTROL}Filename: ${pool}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`);
  const release = [
    "Origin: Tailscale",
    "Suite: trixie",
    "Codename: trixie",
    `Architectures: ${ARCHITECTURE}`,
    "Components: main",
    `Date: ${new Date().toUTCString()}`,
    "SHA256:",
    ` ${sha256(packages)} ${packages.length} ${index}`,
    "",
  ].join("\n");
  return {
    [pool]: deb,
    [`dists/trixie/${index}`]: packages,
    "dists/trixie/InRelease": Buffer.from(await sign(release)),
  };
}

/** Tailscale's own fingerprint, which steps/40-tailnet pins. */
export const PINNED = "2596A99EAAB33821893C0A79458CA832957F5868";

const REPIN = `
import base64, sys, zlib
old, new = sys.argv[1:]
text = zlib.decompress(base64.b85decode(sys.stdin.read())).decode()
if text.count(old) != 1: sys.exit(f"{old} is {text.count(old)} times in the bundle")
print(base64.b85encode(zlib.compress(text.replace(old, new).encode(), 9)).decode(), end="")
`;
/** The user data with another fingerprint for Tailscale's key; nothing else changes. */
export async function pinnedTo(fingerprint: string, userData: string): Promise<string> {
  const config = parse(userData) as { write_files: { path: string; content: string }[] };
  const packed = config.write_files.find(({ path }) => path.endsWith("/bundle.b85"));
  if (!packed) throw new Error("the user data has no bundle");
  const repin = ["python3", "-c", REPIN, PINNED, fingerprint];
  packed.content = await run(repin, { input: packed.content });
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

export class TailscaleRepository {
  private constructor(
    private readonly server: HttpsServer,
    /** Fingerprint of the key that signs. */
    readonly fingerprint: string,
  ) {}

  static async start(parent: string, authority: Authority, dns: Dns): Promise<TailscaleRepository> {
    const home = join(parent, "tailscale-key");
    mkdirSync(home, { mode: 0o700 });
    const gpg = [
      "gpg",
      "--homedir",
      home,
      "--batch",
      "--quiet",
      "--pinentry-mode",
      "loopback",
      "--passphrase",
      "",
    ];
    await run([...gpg, "--quick-generate-key", "Key of the rehearsal", "rsa2048", "sign", "1d"]);
    const listed = await run([...gpg, "--with-colons", "--list-keys"]);
    const [, fingerprint = ""] = /^fpr:+([0-9A-F]{40}):/m.exec(listed) ?? [];
    await run([...gpg, "--output", join(home, "public.gpg"), "--export", fingerprint]);
    const served = new Map(
      Object.entries({
        ...(await files(readFileSync(await tailscalePackage()), (text) =>
          run([...gpg, "--clearsign"], { input: text }),
        )),
        "trixie.noarmor.gpg": readFileSync(join(home, "public.gpg")),
      }),
    );
    await run(["gpgconf", "--homedir", home, "--kill", "all"]);
    const tls = await authority.sign(TAILSCALE_PACKAGES_NAME);
    dns.set(TAILSCALE_PACKAGES_NAME, INTERNET.packages);
    const server = await serveHttps(tls, INTERNET.packages, (request, response) => {
      const found = served.get(request.url?.replace("/stable/debian/", "") ?? "");
      response.writeHead(found ? 200 : 404, { "content-length": found?.length ?? 0 }).end(found);
    });
    return new TailscaleRepository(server, fingerprint);
  }

  stop(): void {
    this.server.stop();
  }
}
