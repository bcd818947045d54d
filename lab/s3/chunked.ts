/**
 * Bodies in chunks with a checksum after the last one, as SDKs since 2025 send them over TLS
 * (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html).
 */
import { crc32 } from "node:zlib";
import { Refusal } from "./refusal";

const CHECKSUM = "x-amz-checksum-crc32";

/**
 * The content of the body.
 *
 * @throws Refusal if the checksum does not match, or is of an unknown kind
 */
export function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, line), 16);
    if (line < 0 || !(size >= 0)) throw new Refusal(400, "InvalidChunkSizeError");
    at = line + 2;
    if (size === 0) break;
    parts.push(body.subarray(at, at + size));
    at += size + 2;
  }
  const content = Buffer.concat(parts);
  check(content, body.toString("latin1", at));
  return content;
}

function check(content: Buffer, trailer: string): void {
  const [, name, value] = /^(x-amz-checksum-\w+):\s*(\S+)/m.exec(trailer) ?? [];
  if (name !== CHECKSUM) throw new Refusal(501, "NotImplemented");
  const own = Buffer.alloc(4);
  own.writeUInt32BE(crc32(content));
  if (own.toString("base64") !== value) throw new Refusal(400, "BadDigest");
}
