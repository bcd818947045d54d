/** GitHub's container registry under its name: for any release it serves the stand-ins for Mastodon's images. */
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import type { RequestListener } from "node:http";
import { pipeline } from "node:stream/promises";
import { ARCHITECTURE } from "../architecture";
import type { Authority } from "../authority";
import { configurationOf, IMAGE_NAMES, type ImageName, imageTar } from "../images";
import { INTERNET, REGISTRY_NAME } from "./addresses";
import type { Dns } from "./dns";
import { type HttpsServer, serveHttps } from "./httpsServer";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

interface Blob {
  mediaType: string;
  digest: string;
  size: number;
}

function blob(mediaType: string, content: string): Blob {
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  return { mediaType, digest, size: Buffer.byteLength(content) };
}

/** An image with one layer, as OCI's image specification defines it: what is requested by digest, and where it is. */
async function image(name: ImageName) {
  const tar = await imageTar(name);
  const hash = createHash("sha256");
  await pipeline(createReadStream(tar), hash);
  const layer: Blob = {
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest: `sha256:${hash.digest("hex")}`,
    size: statSync(tar).size,
  };
  const config = JSON.stringify({
    architecture: ARCHITECTURE,
    os: "linux",
    config: configurationOf(name),
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const configBlob = blob("application/vnd.oci.image.config.v1+json", config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: configBlob,
    layers: [layer],
  });
  return {
    tar,
    layer,
    config,
    configDigest: configBlob.digest,
    manifest,
    manifestDigest: blob(MANIFEST, manifest).digest,
  };
}

/** Answers the requests to a registry, with the stand-ins. */
export async function answersForStandIns(): Promise<RequestListener> {
  const images = new Map(
    await Promise.all(IMAGE_NAMES.map(async (name) => [name as string, await image(name)] as const)),
  );
  return ({ url = "", method }, response) => {
    const [, name = "", kind, asked] =
      /^\/v2\/mastodon\/([^/]+)\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? [];
    const wanted = images.get(name);
    if (url === "/v2/") response.end("{}");
    else if (wanted && kind === "manifests") {
      const headers = {
        "content-type": MANIFEST,
        "content-length": Buffer.byteLength(wanted.manifest),
        "docker-content-digest": wanted.manifestDigest,
      };
      response.writeHead(200, headers).end(method === "HEAD" ? undefined : wanted.manifest);
    } else if (asked === wanted?.configDigest) response.end(wanted?.config);
    else if (wanted && asked === wanted.layer.digest) {
      response.writeHead(200, { "content-length": wanted.layer.size });
      createReadStream(wanted.tar).pipe(response);
    } else response.writeHead(404).end();
  };
}

export class ImageRegistry {
  private constructor(private readonly server: HttpsServer) {}

  static async start(authority: Authority, dns: Dns): Promise<ImageRegistry> {
    const tls = await authority.sign(REGISTRY_NAME);
    const server = await serveHttps(tls, INTERNET.registry, await answersForStandIns());
    dns.set(REGISTRY_NAME, INTERNET.registry);
    return new ImageRegistry(server);
  }

  stop(): void {
    this.server.stop();
  }
}
