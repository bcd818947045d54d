/** The APIs that the program asks by itself before its first resource: DigitalOcean's, and the registry's. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ApiArgs {
  /** Droplets that each account may hold. */
  dropletLimit?: number;
  /** Paths that were asked for, in the order of the questions. */
  asked?: string[];
  /** Path without its query → what is answered instead: a status, or an object. */
  answers?: Readonly<Record<string, number | object>>;
}

const EMPTY: Readonly<Record<string, object>> = {
  "/v2/droplets": { droplets: [], meta: { total: 0 } },
  "/v2/volumes": { volumes: [] },
  "/v2/reserved_ips": { reserved_ips: [] },
  "/v2/reserved_ipv6": { reserved_ipv6s: [] },
  "/v2/domains/shop.example/records": { domain_records: [] },
  "/token": { token: "anonymous" },
};

/** @param accountId token → its account's id */
export async function serveApi(accountId: (token: string) => string, args: ApiArgs = {}) {
  const { dropletLimit = 25, answers = {}, asked = [] } = args;
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const { pathname } = new URL(request.url ?? "/", "http://api");
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    const answer =
      answers[pathname] ??
      EMPTY[pathname] ??
      (pathname === "/v2/account"
        ? {
            account: {
              uuid: "one-user",
              team: { uuid: accountId(token) },
              droplet_limit: dropletLimit,
              volume_limit: 10,
              reserved_ip_limit: 3,
            },
          }
        : /^\/v2\/mastodon\/mastodon(-streaming)?\/manifests\/v/.test(pathname)
          ? { schemaVersion: 2 }
          : 404);
    response.statusCode = typeof answer === "number" ? answer : 200;
    response.end(JSON.stringify(typeof answer === "number" ? { message: "no" } : answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const before = { ...process.env };
  Object.assign(process.env, { DIGITALOCEAN_API_URL: url, MASTODON_REGISTRY_URL: url });
  return {
    url,
    stop: () => {
      for (const name of ["DIGITALOCEAN_API_URL", "MASTODON_REGISTRY_URL"])
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      server.close();
      server.closeAllConnections();
    },
  };
}
