/** Mastodon's minor releases that this program knows: their queues, their variables, and how to move to them. */

export interface MinorRelease {
  /** Two numbers: "4.7". */
  minor: string;
  /** The first patch release that is accepted. */
  leastPatch: number;
  /** Whether it has post-deployment migrations, after which the code of the minor before no longer works. */
  postDeployment: boolean;
}

/**
 * In order: a living instance moves from one to the next (upstream asks for one release of every minor on the way). The oldest Postgres
 * and Redis are not listed: those that Debian 13 has, 17 and 8.0, are newer than any release asks for (14 and 7.0, README.md at v4.7.3).
 */
export const RELEASES: readonly MinorRelease[] = [
  {
    minor: "4.7",
    // 4.7.3 fixed a thread leak. It is also the newest release with an image that was found in use by others (GitHub's release
    // page v4.7.3, ghcr.io/mastodon/mastodon:v4.7.3 in their test suites; checked 2026-11-28). 4.7.4 was not found.
    leastPatch: 3,
    // Eight at 4.7.0.alpha.2 (db/post_migrate), among them one that empties accounts.private_key.
    postDeployment: true,
  },
];

export interface Version {
  minor: string;
  patch: number;
}

/** @param release "v4.7.3" */
export function versionOf(release: string): Version {
  const [major = "", minor = "", patch = ""] = release.slice(1).split(".");
  return { minor: `${major}.${minor}`, patch: Number(patch) };
}
