/** What the machine needs that boots hosts. */
import { existsSync } from "node:fs";
import { attempt } from "../tools/run";

/** Command → the Debian package that contains it. */
const COMMANDS = {
  curl: "curl",
  ip: "iproute2",
  "mkfs.xfs": "xfsprogs",
  mmdebstrap: "mmdebstrap",
  mount: "mount",
  nsenter: "util-linux",
  openssl: "openssl",
  python3: "python3-venv",
  "systemd-nspawn": "systemd-container",
  "systemd-sysusers": "systemd",
} as const;

/** What a rehearsal needs in addition: its DNS, its firewall, its path to the machines. */
export const REHEARSAL_COMMANDS = {
  dnsmasq: "dnsmasq-base",
  "dpkg-deb": "dpkg",
  gpg: "gpg",
  "gpg-agent": "gpg-agent",
  nft: "nftables",
  prlimit: "util-linux",
  ssh: "openssh-client",
  "systemd-socket-activate": "systemd",
} as const;

/** What `--images real` needs in addition. */
export const PULLING_COMMANDS = { skopeo: "skopeo" } as const;

/**
 * Reports everything that is missing, in one message.
 *
 * @param further commands in addition to those that booting needs
 * @throws Error
 */
export async function requireHostTools(further: Readonly<Record<string, string>> = {}): Promise<void> {
  const missing: string[] = [];
  if (process.platform !== "linux") missing.push("Linux");
  if (process.getuid?.() !== 0) missing.push("root (it mounts, and makes namespaces)");
  if (!existsSync("/dev/loop-control")) missing.push("loop devices (/dev/loop-control)");
  const packages = new Set<string>();
  for (const [command, debianPackage] of Object.entries({ ...COMMANDS, ...further })) {
    const { code } = await attempt(["bash", "-c", `PATH=$PATH:/usr/sbin:/sbin command -v ${command}`]);
    if (code !== 0) packages.add(debianPackage);
  }
  if (packages.size > 0) missing.push(`apt-get install ${[...packages].sort().join(" ")}`);
  if (missing.length > 0) throw new Error(`booting hosts needs: ${missing.join("; ")}`);
}
