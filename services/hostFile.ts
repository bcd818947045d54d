/** A file on a machine, and helpers that read the real files next to each service and fill in their placeholders. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

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

type Values = Readonly<Record<string, string | number>>;

/**
 * Whole lines of comment, and empty ones. They are for the reader of this repository: on the machine they would take a
 * fifth of the user data, and a better wording would replace every worker. `#!` lines stay, also those inside a script
 * that writes one, and apt's `#clear`, which is a directive.
 */
const COMMENT_LINES = /^[ \t]*(#(?!!|clear ).*)?\n/gm;

/**
 * The text of a file under services without its comment lines, each `@@NAME@@` replaced by its value.
 *
 * @throws Error on a placeholder without a value and on a value without a placeholder: both are slips in this program
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

/** Where the machines' own scripts are, and what they read. */
export const LIBRARY = "/usr/local/lib/mastodon-host";
const UNITS = "/etc/systemd/system";

const nameOf = (source: string) => source.slice(source.lastIndexOf("/") + 1);

/** @param source `SERVICE/NAME` under services/, here and below */
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

/** A script for units and steps alone. */
export const internal = (source: string, values: Values = {}) => executable(LIBRARY, source, values);

/** A step of host-apply, `NN-name`: they run in the order of their names. */
export const step = (source: string) => executable(`${LIBRARY}/steps`, source, {});

/** A secret that scripts read, without a line break at its end. */
export const secretFile = (name: string, content: string): HostFile => ({
  path: `/etc/mastodon-host/secrets/${name}`,
  content,
  mode: "0600",
});

export const unit = (source: string, values: Values = {}): HostFile =>
  file(`${UNITS}/${nameOf(source)}`, source, values);

/** A service and the timer that starts it; the values are the timer's. */
export const timed = (source: string, values: Values = {}): HostFile[] => [
  unit(`${source}.service`),
  unit(`${source}.timer`, values),
];

/** What a package's own unit lacks. */
export const dropIn = (name: string, source: string, values: Values = {}): HostFile =>
  file(`${UNITS}/${name}.service.d/mastodon-host.conf`, source, values);

/**
 * Drop-ins for services that have to come back whenever they can. Debian's units differ: Postgres' and pgbouncer's restart
 * nothing, and the others give up after a few tries in a row.
 *
 * @param services without `.service`
 */
export const comeBack = (...services: readonly string[]): HostFile[] =>
  services.map((name) => file(`${UNITS}/${name}.service.d/restart.conf`, "system/restart.conf"));

/** The same without a word to the units that are part of them. */
export const comeBackUnnoticed = (...services: readonly string[]): HostFile[] => [
  ...comeBack(...services),
  ...services.map((name) =>
    file(`${UNITS}/${name}.service.d/restart-direct.conf`, "system/restart-direct.conf"),
  ),
];
