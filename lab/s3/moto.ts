/** moto, which keeps the objects of the lab's S3. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "../../tools/cache";
import { pipInstall } from "../../tools/pypi";

const REQUIREMENTS = join(__dirname, "moto.requirements.txt");

/** A virtual environment with moto in it, in the cache. */
export function moto(): Promise<string> {
  const recipe = ["venv", 1, readFileSync(REQUIREMENTS, "utf8")];
  return cached("s3", recipe, async (path) => {
    await pipInstall(path, "--requirement", REQUIREMENTS);
  });
}

/** An object in a bucket. */
export interface StoredObject {
  key: string;
  size: number;
  /** Ends in `-N` if it was uploaded in N parts. */
  etag: string;
  versionId: string;
}

/** The entries of that kind in S3's answer to `GET ?versions`. */
export const storedObjects = (list: string, kind: "Version" | "Version|DeleteMarker"): StoredObject[] =>
  [...list.matchAll(new RegExp(`<(${kind})>.*?</\\1>`, "gs"))].map(([entry]) => {
    const field = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(entry)?.[1] ?? "";
    return {
      key: field("Key"),
      size: Number(field("Size")),
      etag: field("ETag").replaceAll(/"|&quot;/g, ""),
      versionId: field("VersionId"),
    };
  });
