/** GitHub's container registry under its name: whatever release is asked for is the stand-in for Mastodon's image. */
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { ARCHITECTURE } from "../architecture";
import type { Authority } from "../authority";
import { CONFIGURATION, imageTar } from "../images";
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

/** The image of one layer, as OCI's image specification has it: what is asked for by digest, and where it is. */
async function image(tar: string) {
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
    config: CONFIGURATION,
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
    layer,
    config,
    configDigest: configBlob.digest,
    manifest,
    manifestDigest: blob(MANIFEST, manifest).digest,
  };
}

export class ImageRegistry {
  private constructor(private readonly server: HttpsServer) {}

  static async start(authority: Authority, dns: Dns): Promise<ImageRegistry> {
    const tar = await imageTar();
    const { layer, config, configDigest, manifest, manifestDigest } = await image(tar);
    const tls = await authority.sign(REGISTRY_NAME);
    const server = await serveHttps(tls, INTERNET.registry, ({ url = "", method }, response) => {
      const [, kind, asked] =
        /^\/v2\/mastodon\/mastodon(?:-streaming)?\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? [];
      if (url === "/v2/") response.end("{}");
      else if (kind === "manifests") {
        const headers = {
          "content-type": MANIFEST,
          "content-length": Buffer.byteLength(manifest),
          "docker-content-digest": manifestDigest,
        };
        response.writeHead(200, headers).end(method === "HEAD" ? undefined : manifest);
      } else if (asked === configDigest) response.end(config);
      else if (asked === layer.digest) {
        response.writeHead(200, { "content-length": layer.size });
        createReadStream(tar).pipe(response);
      } else response.writeHead(404).end();
    });
    dns.set(REGISTRY_NAME, INTERNET.registry);
    return new ImageRegistry(server);
  }

  stop(): void {
    this.server.stop();
  }
}
