/**
 * What a machine gets, and its two carriers: a new machine gets the bundle as user data (cloud-config), a living one gets
 * the same bundle over ssh. On the machine `host-bundle install` writes the files and `host-apply` makes them true.
 */
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { stringify } from "yaml";
import type { HostFile } from "../services/hostFile";
import { base85 } from "./base85";

export interface HostBundle {
  role: "main" | "worker";
  /** Debian packages that `host-apply` installs. */
  packages: readonly string[];
  files: readonly HostFile[];
}

/** What only the boot of one machine needs; none of it is kept in the bundle. */
export interface BootSecrets {
  /** Host and tailnet name, another one for each machine ever made. */
  hostname: string;
  /** One-use tailnet auth key. */
  authKey: string;
  /** root's password, for the console only. */
  consolePassword: string;
  /** The machine's ssh host key, so that a client knows it beforehand. */
  hostKey: { privatePem: string; publicOpenSsh: string };
}

/** DigitalOcean refuses user data over 64 KiB; the margin keeps a small change from meeting that wall. */
export const USER_DATA_LIMIT = 60 * 1024;

const BUNDLE_PATH = "/var/lib/mastodon-host/bundle.json";
const PACKED_PATH = "/var/lib/mastodon-host/bundle.b85";
const INSTALLER_PATH = "/usr/local/sbin/host-bundle";

/** Unpacks the bundle and runs the installer in it, with what every cloud image has: python3, cloud-init's own language. */
const UNPACK = `import base64, json, os, sys, zlib
os.umask(0o077)
text = zlib.decompress(base64.b85decode(open("${PACKED_PATH}").read())).decode()
open("${BUNDLE_PATH}", "w").write(text)
sys.argv = ["host-bundle", "install", "${BUNDLE_PATH}"]
exec(next(file["content"] for file in json.loads(text)["files"] if file["path"] == "${INSTALLER_PATH}"))
`;
const APPLY = ["/usr/local/sbin/host-apply"];

/** By path: neighbours are alike, which saves a quarter of a KiB, and a reader finds a file. */
const sorted = (files: readonly HostFile[]) => [...files].sort((a, b) => (a.path < b.path ? -1 : 1));

/** The bundle as `host-bundle install` reads it: mode and owner only where they are not the usual ones. */
export function bundleJson({ role, packages, files }: HostBundle): string {
  return JSON.stringify({
    role,
    packages,
    files: sorted(files).map(({ path, mode, owner, content }) => ({ path, mode, owner, content })),
  });
}

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
      // Only the given key: cloud-init makes none of its own where ssh_keys is set, and its schema refuses an empty list.
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
 * The cloud-config that a new machine boots with. Plain files would not fit, and cloud-init's own `gz+b64` file by file
 * is half as large again: they travel as one compressed bundle, which the first command unpacks.
 * Its size is judged before the first resource (checks/rules.ts): a throw here would come in the middle of an `up`.
 */
export function userData(bundle: HostBundle, boot: BootSecrets): string {
  return cloudConfig(
    boot,
    [
      authKeyFile(boot),
      {
        path: PACKED_PATH,
        permissions: "0600",
        content: base85(deflateSync(bundleJson(bundle), { level: 9 })),
      },
    ],
    [["/usr/bin/python3", "-c", UNPACK], APPLY],
  );
}

/** The same cloud-config for a reader: every file of the bundle in the clear. Give it redacted secrets. */
export function readableCloudConfig(bundle: HostBundle, boot: BootSecrets): string {
  return cloudConfig(
    boot,
    [
      authKeyFile(boot),
      ...sorted(bundle.files).map(({ path, mode = "0644", owner = "root:root", content }) => ({
        path,
        owner,
        permissions: mode,
        content,
      })),
    ],
    [[INSTALLER_PATH, "install", BUNDLE_PATH], APPLY],
  );
}

/**
 * SHA-256 over everything whose change replaces a worker: the bundle and what it boots with, but not the auth key and the
 * name, which are new with each machine, nor files marked `replaces: false`.
 */
export function machineHash(bundle: HostBundle, boot: Omit<BootSecrets, "authKey" | "hostname">): string {
  const files = bundle.files.filter(({ replaces }) => replaces !== false);
  const { consolePassword, hostKey } = boot;
  return createHash("sha256")
    .update(
      JSON.stringify([
        bundleJson({ ...bundle, files }),
        consolePassword,
        hostKey.privatePem,
        hostKey.publicOpenSsh,
      ]),
    )
    .digest("hex");
}

/** A record of secrets of the same shape with each value replaced by its name. */
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
