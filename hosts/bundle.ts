/**
 * What a machine gets, and its two carriers: a new machine gets the bundle as user data (cloud-config), a living one gets
 * the same bundle over ssh. On the machine `host-bundle install` writes the files and `host-apply` makes them true.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { stringify } from "yaml";

export interface HostFile {
  path: string;
  content: string;
  /** Octal, `0644` where absent. */
  mode?: string;
  /** `user:group`, `root:root` where absent. */
  owner?: string;
  /** False: a change does not replace the machine (the Mastodon version moves in place, in order). */
  replaces?: false;
}

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
  /** The machine's ssh host key, so that whoever connects knows it beforehand. */
  hostKey: { privatePem: string; publicOpenSsh: string };
}

/** DigitalOcean refuses user data over 64 KiB; the margin keeps a small change from meeting that wall. */
export const USER_DATA_LIMIT = 60 * 1024;

const BUNDLE_PATH = "/var/lib/mastodon-host/bundle.json";
const INSTALLER_PATH = "/usr/local/sbin/host-bundle";

/** The bundle as `host-bundle install` reads it. */
export function bundleJson(bundle: HostBundle): string {
  const { role, packages, files } = bundle;
  return JSON.stringify({
    role,
    packages,
    files: files.map(({ path, content, mode = "0644", owner = "root:root" }) => ({
      path,
      mode,
      owner,
      content,
    })),
  });
}

/** gzip with a header that is the same on every platform. */
function gzipBase64(text: string): string {
  const zipped = gzipSync(text, { level: 9 });
  zipped[9] = 0xff; // the header's byte for the operating system: unknown
  return zipped.toString("base64");
}

function cloudConfig(boot: BootSecrets, writeFiles: unknown[]): string {
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
      runcmd: [[INSTALLER_PATH, "install", BUNDLE_PATH], ["/usr/local/sbin/host-apply"]],
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
 * The cloud-config that a new machine boots with. The files travel as one compressed bundle: plain they are three times
 * the size that leaves room for growth.
 * Its size is judged before the first resource (settings/rules.ts): a throw here would come in the middle of an `up`.
 */
export function userData(bundle: HostBundle, boot: BootSecrets): string {
  const installer = bundle.files.find(({ path }) => path === INSTALLER_PATH);
  if (!installer) throw new Error(`the ${bundle.role} bundle lacks ${INSTALLER_PATH}`);
  const rest = bundle.files.filter((file) => file !== installer);
  return cloudConfig(boot, [
    authKeyFile(boot),
    { path: INSTALLER_PATH, permissions: "0755", encoding: "gz+b64", content: gzipBase64(installer.content) },
    {
      path: BUNDLE_PATH,
      permissions: "0600",
      encoding: "gz+b64",
      content: gzipBase64(bundleJson({ ...bundle, files: rest })),
    },
  ]);
}

/** The same cloud-config for a reader: every file of the bundle in the clear. Give it redacted secrets. */
export function readableCloudConfig(bundle: HostBundle, boot: BootSecrets): string {
  return cloudConfig(boot, [
    authKeyFile(boot),
    ...bundle.files.map(({ path, mode = "0644", owner = "root:root", content }) => ({
      path,
      owner,
      permissions: mode,
      content,
    })),
  ]);
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
