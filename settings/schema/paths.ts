/** Paths of settings as messages and the CLI's `--path` write them: `workers[0].sidekiq[1].threads`. */

/** The key that contains a path: `mastodon-hosting:tailnet` for `mastodon-hosting:tailnet.oauthClientId`. */
export const headOf = (at: string) => at.split(/[.[]/, 1)[0] ?? "";

/** `main.sidekiq[0]` → ["main", "sidekiq", 0]. */
export const stepsOf = (path: string): (string | number)[] =>
  [...path.matchAll(/(?:^|\.)([^.[]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));

/** Quoted for a shell. */
export const quoted = (path: string) => (/[^\w.]/.test(path) ? `'${path}'` : path);
