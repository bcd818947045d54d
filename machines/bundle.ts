/**
 * What a machine gets, and its two carriers: a new machine gets the bundle as user data (cloud-config), a living one gets the same bundle
 * over ssh. On the machine `host-bundle install` writes the files and `host-apply` puts them into effect.
 */
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { strToU8, zlibSync } from "fflate";
import { stringify } from "yaml";
import type { HostFile } from "../services/hostFile";
import { base85 } from "./base85";

export interface HostBundle {
  role: "main" | "worker";
  /** Debian packages that `host-apply` installs. */
  packages: readonly string[];
  /** Those of them that user data leaves out, as it does files that are `late`. */
  latePackages?: readonly string[];
  files: readonly HostFile[];
}

/** What only one machine needs, at boot; none of it is in the bundle. */
export interface BootSecrets {
  /** Host and tailnet name; each machine ever made has a different one. */
  hostname: string;
  /** One-use tailnet auth key. */
  authKey: string;
  /** root's password, for the console alone. */
  consolePassword: string;
  /** The machine's ssh host key, so that a client knows it beforehand. */
  hostKey: { privatePem: string; publicOpenSsh: string };
}

/** DigitalOcean refuses user data over 64 KiB. The margin leaves room for small changes. */
export const USER_DATA_LIMIT = 60 * 1024;

const BUNDLE_PATH = "/var/lib/mastodon-host/bundle.json";
const PACKED_PATH = "/var/lib/mastodon-host/bundle.b85";
const INSTALLER_PATH = "/usr/local/sbin/host-bundle";

/** Unpacks the bundle and runs the installer in it. It needs only python3, which every cloud image has because cloud-init needs it. */
const UNPACK = `import base64, json, os, sys, zlib
os.umask(0o077)
text = zlib.decompress(base64.b85decode(open("${PACKED_PATH}").read())).decode()
open("${BUNDLE_PATH}", "w").write(text)
sys.argv = ["host-bundle", "install", "${BUNDLE_PATH}"]
exec(next(file["content"] for file in json.loads(text)["files"] if file["path"] == "${INSTALLER_PATH}"))
`;
const APPLY = ["/usr/local/sbin/host-apply"];

/**
 * Run by ssh on a living machine, with what `sent` made as input. It unpacks that by itself: the machine's own host-receive may be of an
 * older release.
 */
export const RECEIVE = `set -o pipefail
/usr/bin/python3 -c 'import base64, sys, zlib; sys.stdout.buffer.write(zlib.decompress(base64.b85decode(sys.stdin.read())))' | /usr/local/sbin/host-receive`;

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Sorted by path: similar files are adjacent, which saves a quarter of a KiB, and a reader finds a file. */
const sorted = (files: readonly HostFile[]) => [...files].sort((a, b) => (a.path < b.path ? -1 : 1));

/** The bundle as `host-bundle install` reads it: mode and owner only if they differ from the default. */
export function bundleJson({ role, packages, files }: HostBundle): string {
  return JSON.stringify({
    role,
    packages,
    files: sorted(files).map(({ path, mode, owner, content }) => ({ path, mode, owner, content })),
  });
}

/** What fits into user data. The rest comes with the first `pulumi up`, over ssh. */
const early = ({ latePackages = [], ...bundle }: HostBundle): HostBundle => ({
  ...bundle,
  packages: bundle.packages.filter((name) => !latePackages.includes(name)),
  files: bundle.files.filter(({ late }) => !late),
});

function cloudConfig(boot: BootSecrets, writeFiles: unknown[], commands: string[][]): string {
  return `#cloud-config\n${stringify(
    {
      hostname: boot.hostname,
      preserve_hostname: false,
      manage_etc_hosts: "localhost",
      users: [],
      disable_root: false,
      ssh_pwauth: false,
      ssh_deletekeys: true,
      // Only the given key: if ssh_keys is set, cloud-init creates no keys, and its schema refuses an empty list.
      ssh_genkeytypes: ["ed25519"],
      ssh_keys: { ed25519_private: boot.hostKey.privatePem, ed25519_public: boot.hostKey.publicOpenSsh },
      chpasswd: { expire: false, users: [{ name: "root", password: boot.consolePassword, type: "text" }] },
      write_files: writeFiles,
      runcmd: commands,
    },
    { lineWidth: 0 },
  )}`;
}

const authKeyFile = (boot: BootSecrets) => ({
  path: "/etc/mastodon-host/tailnet.key",
  permissions: "0600",
  content: boot.authKey,
});

/**
 * What a new machine boots with, as one compressed text. Plain files would not fit into user data, and cloud-init's own `gz+b64` for each file is half as large
 * again.
 */
export const packed = (bundle: HostBundle): string =>
  base85(deflateSync(bundleJson(early(bundle)), { level: 9 }));

/**
 * The whole bundle for a living machine, as the input of RECEIVE. In plain text it is three times as long, and the engine handles and logs
 * each copy: a preview of prod took a sixth longer. fflate, because what Node's own deflate writes depends on the processor (Chromium's
 * zlib, insert_string.h), and another text for the same bundle would be a change.
 */
export const sent = (bundle: HostBundle): string =>
  base85(zlibSync(strToU8(bundleJson(bundle)), { level: 9 }));

/**
 * The cloud-config that a new machine boots with. Its first command unpacks the bundle.
 * Its size is checked before the first resource (checks/rules.ts): a throw here would come in the middle of an `up`.
 *
 * @param content the packed bundle: machines of a pool share it
 */
export function userData(content: string, boot: BootSecrets): string {
  return cloudConfig(
    boot,
    [authKeyFile(boot), { path: PACKED_PATH, permissions: "0600", content }],
    [["/usr/bin/python3", "-c", UNPACK], APPLY],
  );
}

/**
 * The same cloud-config for a reader: every file of the bundle as plain text, late ones too, but libraries by their names. Pass redacted
 * secrets.
 */
export function readableCloudConfig(bundle: HostBundle, boot: BootSecrets): string {
  return cloudConfig(
    boot,
    [
      authKeyFile(boot),
      ...sorted(bundle.files).map(({ path, mode = "0644", owner = "root:root", content, library }) => ({
        path,
        owner,
        permissions: mode,
        content: library ? `[${library}, sha256 ${sha256(content)}]\n` : content,
      })),
    ],
    [[INSTALLER_PATH, "install", BUNDLE_PATH], APPLY],
  );
}

/**
 * SHA-256 over everything whose change replaces a worker: the bundle and what the machine boots with. The auth key and the name are left
 * out, since they are new for each machine; so are files marked `replaces: false`.
 */
export function machineHash(bundle: HostBundle, boot: Omit<BootSecrets, "authKey" | "hostname">): string {
  const files = bundle.files.filter(({ replaces }) => replaces !== false);
  const { consolePassword, hostKey } = boot;
  return sha256(
    JSON.stringify([
      bundleJson({ ...bundle, files }),
      consolePassword,
      hostKey.privatePem,
      hostKey.publicOpenSsh,
    ]),
  );
}

/** A record of secrets with each value replaced by its name. */
export function redacted<T extends object>(secrets: T): T {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null
        ? redacted(value)
        : value === undefined
          ? value
          : `[${name}]`,
    ]),
  ) as T;
}
