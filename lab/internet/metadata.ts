/** DigitalOcean's metadata service: each droplet learns about itself, by the address that it asks from. */
import { createServer, type Server } from "node:http";
import { INTERNET } from "./addresses";

export interface DropletMetadata {
  id: string;
  hostname: string;
  userData: string;
  reservedIpv4?: string | undefined;
  reservedIpv6?: string | undefined;
}

export class MetadataService {
  private constructor(private readonly server: Server) {}

  /** @param droplet what is known about the droplet with that address */
  static start(droplet: (address: string) => DropletMetadata | undefined): Promise<MetadataService> {
    const server = createServer((request, response) => {
      const found = droplet(request.socket.remoteAddress?.replace("::ffff:", "") ?? "");
      const text = found && metadata(found)[request.url ?? ""];
      response
        .writeHead(text === undefined ? 404 : 200, { "content-type": "text/plain" })
        .end(text ?? "not found");
    });
    return new Promise((resolve) =>
      server.listen(80, INTERNET.metadata, () => resolve(new MetadataService(server))),
    );
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const reserved = (family: string, address: string | undefined) => ({
  [`/metadata/v1/reserved_ip/${family}/active`]: String(address !== undefined),
  ...(address ? { [`/metadata/v1/reserved_ip/${family}/ip_address`]: address } : {}),
});

function metadata({ id, hostname, userData, reservedIpv4, reservedIpv6 }: DropletMetadata) {
  const texts: Record<string, string> = {
    "/metadata/v1/id": id,
    "/metadata/v1/hostname": hostname,
    "/metadata/v1/user-data": userData,
    ...reserved("ipv4", reservedIpv4),
    ...reserved("ipv6", reservedIpv6),
  };
  return texts;
}
