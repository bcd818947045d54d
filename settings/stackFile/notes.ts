/** What only a stack's file reveals about its configuration: the engine decrypts and converts the values before the program starts. */
import { headOf } from "../schema/paths";
import { type OwnFile, type Reread, readStackFile, type StackConfig } from "./stackFile";

/** Paths are those of settings without the project's name (`tailnet.oauthClientId`), and full keys of other namespaces. */
export interface Notes {
  project: string;
  /** Keys that belong to a provider or to another project: full key → value. */
  foreign: Readonly<Record<string, string>>;
  /** What is encrypted; only the setting's name if the file could not be read. */
  encrypted: readonly string[];
  reread: readonly Reread[];
}

type Read = Pick<StackConfig, "project" | "config" | "encrypted" | "encryptedAt" | "reread">;

export function notesOf({ project, config, encrypted, encryptedAt, reread }: Read): Notes {
  const prefix = `${project}:`;
  const own = (at: string) => (at.startsWith(prefix) ? at.slice(prefix.length) : at);
  const isForeign = (key: string) => !key.startsWith(prefix);
  return {
    project,
    foreign: {
      ...Object.fromEntries(Object.entries(config).filter(([key]) => isForeign(key))),
      ...Object.fromEntries(encrypted.filter(isForeign).map((key) => [key, ""])),
    },
    encrypted: encrypted
      .flatMap((key) => {
        const inside = encryptedAt.filter((at) => headOf(at) === key);
        return inside.length > 0 ? inside : [key];
      })
      .map(own),
    reread: reread.map((note) => ({ ...note, at: own(note.at) })),
  };
}

/**
 * The notes of the running stack. The engine may have read another file (`--config-file`, an environment). So what the file says about a
 * key counts only if the engine's value of that key is the file's.
 *
 * @param config what the engine handed over, in full
 * @param secretKeys the keys in it that were encrypted
 */
export function runningNotes(
  folder: string,
  {
    project,
    stack,
    config,
    secretKeys,
  }: Omit<Read, "encrypted" | "encryptedAt" | "reread"> & {
    stack: string;
    secretKeys: readonly string[];
  },
): Notes {
  const file = fileOf(folder, project, stack);
  return notesOf({
    project,
    config,
    encrypted: [...secretKeys],
    encryptedAt: file?.encryptedAt.filter((at) => secretKeys.includes(headOf(at))) ?? [],
    reread: file?.reread.filter(({ at }) => file.config[headOf(at)] === config[headOf(at)]) ?? [],
  });
}

/** Never an obstacle: if the engine accepts a file and this reader does not, the reader is at fault. */
function fileOf(folder: string, project: string, stack: string): OwnFile | undefined {
  try {
    return readStackFile(folder, project, stack);
  } catch {
    return undefined;
  }
}
