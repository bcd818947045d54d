/** The client of the accounts' APIs against a real server, real failures and a real proxy. */
import http, { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type ApiError, asking, list } from "../../checks/api";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
  for (const name of ["HTTP_PROXY", "NO_PROXY"]) delete process.env[name];
});

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Answers these statuses one after the other, the last one for ever. */
async function answering(statuses: number[], headers: Record<string, string> = {}) {
  const asked: { path: string; token: string; at: number }[] = [];
  const { url } = await serve((request, response) => {
    const status = statuses[Math.min(asked.length, statuses.length - 1)] ?? 200;
    asked.push({ path: request.url ?? "", token: request.headers.authorization ?? "", at: Date.now() });
    response.writeHead(status, status === 200 ? {} : headers).end(JSON.stringify({ status }));
  });
  return { asked, url, ask: asking(url, "token-1", 1) };
}

const failure = (asked: Promise<unknown>) =>
  asked.then(
    () => undefined,
    (error: ApiError) => error,
  );

test("an answer is JSON, asked for with the token", async () => {
  const { ask, asked } = await answering([200]);
  expect(await ask("/v2/account")).toEqual({ status: 200 });
  expect(asked).toMatchObject([{ path: "/v2/account", token: "Bearer token-1" }]);
});

test.each([[429], [500], [502], [503], [504]])(
  "%i is asked again until there is an answer",
  async (status) => {
    const { ask, asked } = await answering([status, status, status, status, 200]);
    expect(await ask("/")).toEqual({ status: 200 });
    expect(asked).toHaveLength(5);
  },
);

test.each([[429], [503]])(
  "%i for ever ends after five tries, and is no fault of the token",
  async (status) => {
    const { ask, asked, url } = await answering([status]);
    const error = await failure(ask("/"));
    expect(error?.message).toBe(`${new URL(url).host} answered ${status}, 5 times`);
    expect(error?.refused).toBe(false);
    expect(asked).toHaveLength(5);
  },
);

test.each([[401], [403]])("%i is asked once, and is a fault of the token", async (status) => {
  const { ask, asked } = await answering([status]);
  expect((await failure(ask("/")))?.refused).toBe(true);
  expect(asked).toHaveLength(1);
});

test("Retry-After is kept to", async () => {
  const { ask, asked } = await answering([429, 200], { "retry-after": "1" });
  await ask("/");
  expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThanOrEqual(950);
});

test("nobody at the other end says so", async () => {
  const { url, server } = await serve(() => {});
  server.close();
  const error = await failure(asking(url, "t", 1)("/"));
  expect(error?.message).toMatch(/^127\.0\.0\.1:\d+ did not answer: connect ECONNREFUSED/);
  expect(error?.status).toBeUndefined();
});

test("a connection that breaks off is made again", async () => {
  let asked = 0;
  const { url } = await serve((_, response) => {
    asked++;
    response.socket?.destroy();
  });
  expect((await failure(asking(url, "t", 1)("/")))?.message).toMatch(/did not answer: socket hang up$/);
  expect(asked).toBe(5);
});

test("a server that is silent for 15 s is asked again", async () => {
  const { request } = http;
  const limits: unknown[] = [];
  const spy = jest.spyOn(http, "request").mockImplementation(((
    url: string,
    options: http.RequestOptions,
    ...rest: never[]
  ) => {
    limits.push(options.timeout);
    return request(url, { ...options, timeout: 20 }, ...rest);
  }) as never);
  const { url } = await serve(() => undefined);
  expect((await failure(asking(url, "t", 1)("/")))?.message).toMatch(/did not answer: no answer for 15 s$/);
  expect(limits).toEqual([15_000, 15_000, 15_000, 15_000, 15_000]);
  spy.mockRestore();
});

test("a server that speaks no TLS is not asked again", async () => {
  let connections = 0;
  const { server, url } = await serve(() => undefined);
  server.on("connection", () => connections++);
  const error = await failure(asking(url.replace("http:", "https:"), "t", 1)("/"));
  expect(error?.message).toMatch(/did not answer: .*SSL/i);
  expect(connections).toBe(1);
});

test("a proxy's page instead of JSON says so", async () => {
  const { url } = await serve((_, response) => response.end("<html>Please log in"));
  expect((await failure(asking(url, "t", 1)("/")))?.message).toMatch(/something other than JSON/);
});

test("the proxy of the environment is used, and NO_PROXY keeps from it", async () => {
  const { ask, url } = await answering([200]);
  const { port } = new URL(url);
  const tunnels: string[] = [];
  const { server, url: proxy } = await serve((_, response) => response.writeHead(405).end());
  server.on("connect", (request, socket) => {
    tunnels.push(request.url ?? "");
    const to = connect(Number(port), "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    to.pipe(socket).pipe(to);
  });
  await ask("/"); // made before there was a proxy
  expect(tunnels).toEqual([]);
  process.env.HTTP_PROXY = proxy;
  const named = `http://api.example:${port}`; // resolves nowhere but at the proxy
  expect(await asking(named, "t", 1)("/")).toEqual({ status: 200 });
  expect(tunnels).toEqual([`api.example:${port}`]);
  process.env.NO_PROXY = "127.0.0.1";
  expect(await asking(url, "t", 1)("/")).toEqual({ status: 200 });
  expect(tunnels).toHaveLength(1);
});

test("a list is read to its last page", async () => {
  const ask = async (path: string) =>
    path.endsWith("&page=1") ? { items: [1, 2], links: { pages: { next: "…" } } } : { items: [3], links: {} };
  expect(await list(ask, "/v2/items?tag=a", "items")).toEqual([1, 2, 3]);
});
