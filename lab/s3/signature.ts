/** Checks Signature Version 4 by computing it again. */
import { sign } from "aws4";

export interface Signed {
  method: string;
  /** Path and query as they were sent. */
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The access key's id that a request claims; undefined for one without a signature. */
export const claimedKey = ({ headers }: Pick<Signed, "headers">): string | undefined =>
  /Credential=([^/,]+)\//.exec(String(headers.authorization ?? ""))?.[1];

export function isSignedBy(request: Signed, accessKeyId: string, secretAccessKey: string): boolean {
  const authorization = String(request.headers.authorization);
  const [, region] = /Credential=[^/]+\/\d{8}\/([^/]+)\/s3\/aws4_request/.exec(authorization) ?? [];
  const [, names] = /SignedHeaders=([^,\s]+)/.exec(authorization) ?? [];
  if (!region || !names) return false;
  const signed = names.split(";");
  const headers = Object.fromEntries(signed.map((name) => [name, String(request.headers[name] ?? "")]));
  // The library leaves out some headers that others sign, such as `range`.
  const extraHeadersToInclude = Object.fromEntries(signed.map((name) => [name, true]));
  const { method, path } = request;
  const unsigned = { service: "s3", region, method, path, headers, extraHeadersToInclude };
  const again = sign(unsigned, { accessKeyId, secretAccessKey });
  return signatureIn(String(again.headers?.Authorization)) === signatureIn(authorization);
}

const signatureIn = (authorization: string) => /Signature=([0-9a-f]{64})/.exec(authorization)?.[1];
