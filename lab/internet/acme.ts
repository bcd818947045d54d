/** Let's Encrypt: pebble under its names. It resolves names in the lab's DNS, and validates on port 80. */
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get, request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Authority, ServerCertificate } from "../authority";
import { Daemon, listens } from "../daemon";
import { pebbleProgram } from "../tailnetTools";
import { ACME_NAMES, INTERNET } from "./addresses";
import { type HttpsServer, serveHttps } from "./httpsServer";

const PORT = 14_000;
const MANAGEMENT_PORT = 15_000;

export class Acme {
  private constructor(
    private readonly daemon: Daemon,
    private readonly front: HttpsServer,
    /** Certificate of the authority that signs the certificates, in PEM. */
    readonly root: string,
  ) {}

  static async start(parent: string, authority: Authority): Promise<Acme> {
    const folder = join(parent, "acme");
    mkdirSync(folder, { recursive: true });
    const tls = await authority.sign(...ACME_NAMES);
    const config = join(folder, "config.json");
    writeFileSync(
      config,
      JSON.stringify({
        pebble: {
          listenAddress: `127.0.0.1:${PORT}`,
          managementListenAddress: `127.0.0.1:${MANAGEMENT_PORT}`,
          certificate: tls.certificate,
          privateKey: tls.key,
          httpPort: 80,
          tlsPort: 443,
          ocspResponderURL: "",
          externalAccountBindingRequired: false,
        },
      }),
    );
    const daemon = await Daemon.start({
      name: "pebble",
      folder,
      command: [await pebbleProgram(), "-config", config, "-dnsserver", `${INTERNET.dns}:53`],
      // Pebble's random waits and refusals test clients, and certbot is not tested here.
      env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" },
      ready: async () => (await listens("127.0.0.1", PORT)) && (await listens("127.0.0.1", MANAGEMENT_PORT)),
    });
    return new Acme(daemon, await front(tls), await root());
  }

  async stop(): Promise<void> {
    this.front.stop();
    await this.daemon.stop();
  }
}

/** Pebble makes a new one at each start. */
const root = async (): Promise<string> => {
  const url = `https://127.0.0.1:${MANAGEMENT_PORT}/roots/0`;
  const [answer] = (await once(get(url, { rejectUnauthorized: false }), "response")) as [IncomingMessage];
  const pem = await text(answer);
  if (!pem.startsWith("-----BEGIN CERTIFICATE-----")) throw new Error(`${url}: ${pem}`);
  return pem;
};

/** Pebble's directory has another path than Let's Encrypt's. */
const front = (tls: ServerCertificate): Promise<HttpsServer> =>
  serveHttps(tls, INTERNET.acme, (incoming, outgoing) => {
    const upstream = request(
      {
        host: "127.0.0.1",
        port: PORT,
        path: incoming.url === "/directory" ? "/dir" : incoming.url,
        method: incoming.method,
        // Its URLs are made from the Host header.
        headers: incoming.headers,
        rejectUnauthorized: false,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    upstream.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(upstream);
  });
