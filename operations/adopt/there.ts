/** Scripts that run on the old server: the files in there/, one after the other, with what they need to know in front of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onHost, withVariables } from "./ssh";

/** How to find Mastodon on that server. */
export interface Where {
  host: string;
  /** Folder of a compose project; empty if there is only one. */
  compose: string;
  /** .env.production; empty if it is where Mastodon is. */
  env: string;
}

export const fileThere = (name: string) => readFileSync(join(__dirname, "there", name), "utf8");

export const scriptThere = (
  name: string,
  { compose, env }: Omit<Where, "host">,
  variables: Readonly<Record<string, string>> = {},
) =>
  withVariables(
    { COMPOSE: compose, ENV_FILE: env, ...variables },
    `${fileThere("oldServer.sh")}\n${fileThere(name)}`,
  );

/**
 * @param timeout seconds
 * @throws UsageError if the server cannot be reached
 */
export const there = (
  name: string,
  where: Where,
  timeout: number,
  variables?: Readonly<Record<string, string>>,
) => onHost(where.host, scriptThere(name, where, variables), timeout);
