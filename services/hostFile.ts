/** A file on a machine, and helpers that read the files next to each service and fill in their placeholders. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface HostFile {
  path: string;
  content: string;
  /** Octal; `0644` if absent. */
  mode?: string;
  /** `user:group`; `root:root` if absent. */
  owner?: string;
  /** False: a change does not replace the machine (the Mastodon version changes in place, in order). */
  replaces?: false;
  /** It is not in user data: its service is late, or a new machine does not need it. */
  late?: true;
  /** Name and version of the library that it is from: a plan shows them instead of code that nobody here wrote. */
  library?: string;
}

type Values = Readonly<Record<string, string | number>>;

/**
 * Lines that are only a comment, and empty lines. They are for readers of this repository. On the machine they would take a fifth of the
 * user data, and a better wording would replace every worker. `#!` lines stay, even inside a script that writes one, and so does apt's
 * `#clear`, which is a directive.
 */
const COMMENT_LINES = /^[ \t]*(#(?!!|clear ).*)?\n/gm;

/**
 * The text of a file under services/ without its comment lines, with each `@@NAME@@` replaced by its value.
 *
 * @throws Error on a placeholder without a value and on a value without a placeholder: both are bugs in this program
 */
export function hostFile(path: string, values: Values = {}): string {
  const text = readFileSync(join(__dirname, path), "utf8").replace(COMMENT_LINES, "");
  const used = new Set<string>();
  const filled = text.replace(/@@([A-Z0-9_]+)@@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`services/${path}: no value for @@${name}@@`);
    used.add(name);
    return String(value);
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`services/${path}: no placeholder for ${unused.join(", ")}`);
  return filled;
}

/** The folder of the machines' own scripts, and of the files that they read. */
export const LIBRARY = "/usr/local/lib/mastodon-host";
const UNITS = "/etc/systemd/system";

const nameOf = (source: string) => source.slice(source.lastIndexOf("/") + 1);

/** @param source `SERVICE/NAME` under services/; the same for the functions below */
export const file = (path: string, source: string, values: Values = {}): HostFile => ({
  path,
  content: hostFile(source, values),
});

const executable = (folder: string, source: string, values: Values): HostFile => ({
  ...file(`${folder}/${nameOf(source)}`, source, values),
  mode: "0755",
});

/** A script on root's PATH. */
export const command = (source: string, values: Values = {}) => executable("/usr/local/sbin", source, values);

/** A script that only units and steps run. */
export const internal = (source: string, values: Values = {}) => executable(LIBRARY, source, values);

/** A step of host-apply, `NN-name`: they run in the order of their names. */
export const step = (source: string) => executable(`${LIBRARY}/steps`, source, {});

/** A secret that scripts read, without a trailing line break. */
export const secretFile = (name: string, content: string): HostFile => ({
  path: `/etc/mastodon-host/secrets/${name}`,
  content,
  mode: "0600",
});

export const unit = (source: string, values: Values = {}): HostFile =>
  file(`${UNITS}/${nameOf(source)}`, source, values);

/** A service and the timer that starts it; the values are for the timer. */
export const timed = (source: string, values: Values = {}): HostFile[] => [
  unit(`${source}.service`),
  unit(`${source}.timer`, values),
];

/** A drop-in that adds what a package's own unit lacks. */
export const dropIn = (name: string, source: string, values: Values = {}): HostFile =>
  file(`${UNITS}/${name}.service.d/mastodon-host.conf`, source, values);

/**
 * Drop-ins for services that must always come back. Debian's units differ: those of Postgres and pgbouncer do not restart, and the others
 * give up after a few tries in a row.
 *
 * @param services without `.service`
 */
export const comeBack = (...services: readonly string[]): HostFile[] =>
  services.map((name) => file(`${UNITS}/${name}.service.d/restart.conf`, "system/restart.conf"));

/** The same, but units that are part of the service are not stopped with it. */
export const comeBackUnnoticed = (...services: readonly string[]): HostFile[] => [
  ...comeBack(...services),
  ...services.map((name) =>
    file(`${UNITS}/${name}.service.d/restart-direct.conf`, "system/restart-direct.conf"),
  ),
];
