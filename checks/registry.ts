/** Whether the registry has the release's images. Without this check, machines would try in vain after the old main is gone. */
import type { Problem } from "../settings/problem";
import { ApiError, client } from "./api";
import type { Found } from "./surroundings";

/** For stand-ins. */
const registry = () => process.env.MASTODON_REGISTRY_URL ?? "https://ghcr.io";
const IMAGES = ["mastodon/mastodon", "mastodon/mastodon-streaming"];
const ACCEPTED = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Asks in the same way as an anonymous `docker pull`. If the registry does not answer, that is only a warning. */
export async function missingImages(version: string, pauseMs?: number): Promise<Found> {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const ask = client(registry(), pauseMs);
  const host = new URL(registry()).host;
  await Promise.all(
    IMAGES.map(async (image) => {
      try {
        const { token } = await ask(`/token?service=${host}&scope=repository:${image}:pull`);
        await ask(`/v2/${image}/manifests/${version}`, {
          headers: { authorization: `Bearer ${token}`, accept: ACCEPTED },
        });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 404)
          problems.push({
            key: "mastodonVersion",
            message: `is ${version}, but the registry has no ${host}/${image}:${version}; write a release of github.com/mastodon/mastodon/releases`,
          });
        else
          warnings.push(`Could not check whether there is an image ${image}:${version}: ${error.message}.`);
      }
    }),
  );
  return { problems, warnings };
}
