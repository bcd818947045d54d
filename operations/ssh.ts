/** How commands reach machines over ssh. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A machine that is reached as `pulumi up` reaches it. */
export interface Pinned {
  host: string;
  /** Public host key, so that no other machine can answer in its place. */
  hostKey: string;
}

/** A connection that breaks without a word is noticed after a minute. */
const PATIENCE = ["ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=4", "BatchMode=yes"];
const flags = (options: readonly string[]) => options.flatMap((option) => ["-o", option]);

/** As one word of a shell's command line. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** With your own keys and known hosts. */
export const ownSsh = (host: string): string[] => ["ssh", ...flags(PATIENCE), `root@${host}`];

/**
 * With a stack's own key, which is in a file until `use` ends.
 *
 * @param use gets what makes the command line up to the remote command
 */
export async function withStackKey<T>(
  privateKey: string,
  use: (ssh: (machine: Pinned) => string[]) => Promise<T>,
): Promise<T> {
  // Only its owner can read it.
  const folder = mkdtempSync(join(tmpdir(), "mastodon-ssh-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const interrupted = () => {
    remove();
    process.exit(130);
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    const key = join(folder, "key");
    writeFileSync(key, `${privateKey.trim()}\n`, { mode: 0o600 });
    return await use(({ host, hostKey }) => {
      const known = join(folder, `known-${host}`);
      writeFileSync(known, `${host} ${hostKey}\n`);
      const pinned = [
        "IdentitiesOnly=yes",
        `UserKnownHostsFile=${known}`,
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "LogLevel=ERROR",
      ];
      return ["ssh", "-F", "none", "-i", key, ...flags([...PATIENCE, ...pinned]), `root@${host}`];
    });
  } finally {
    remove();
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
}
