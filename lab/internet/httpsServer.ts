/** A server of the internet under its own name, in this process. */
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { ServerCertificate } from "../authority";

export interface HttpsServer {
  stop(): void;
}

/** Listens on HTTPS' port. */
export async function serveHttps(
  { certificate, key }: ServerCertificate,
  address: string,
  answer: RequestListener,
): Promise<HttpsServer> {
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer);
  await new Promise<void>((resolve) => server.listen(443, address, resolve));
  return {
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
