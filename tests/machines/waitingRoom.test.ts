/** The room where requests wait while web restarts: the program that main gets, on ports of this test. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileOf } from "../support/fixtures";
import { mainBundle } from "../support/mainFixtures";

const program = fileOf(mainBundle(), "/usr/local/lib/mastodon-host/waiting-room").content;

/** A port that nobody listens on. */
async function free(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.unref();
  });

const room = { web: 0, here: 0, seen: [] as string[] };
let process: ChildProcess;
let web: Server | undefined;

async function open(): Promise<void> {
  web = createServer((request, response) => {
    let body = "";
    request.on("data", (data) => {
      body += data;
    });
    request.on("end", () => {
      room.seen.push(body);
      response.end(`took ${body.length}`);
    });
  }).listen(room.web, "127.0.0.1");
  await new Promise((resolve) => web?.once("listening", resolve));
}

async function close(): Promise<void> {
  web?.closeAllConnections();
  await new Promise((resolve) => (web ? web.close(resolve) : resolve(undefined)));
  web = undefined;
}

const post = async (body: string) => {
  const answer = await fetch(`http://127.0.0.1:${room.here}/`, {
    method: "POST",
    body,
    headers: { connection: "close" },
  });
  return answer.text();
};

beforeAll(async () => {
  [room.web, room.here] = [await free(), await free()];
  const text = program
    .replace('"127.0.0.1", 3000', `"127.0.0.1", ${room.web}`)
    .replace('"127.0.0.1", 3001', `"127.0.0.1", ${room.here}`)
    .replace("PATIENCE = 120\n", "PATIENCE = 2\n");
  process = spawn("python3", ["-c", text], { stdio: "inherit" });
  while (!(await accepts(room.here))) await sleep(50);
}, 20_000);

afterAll(async () => {
  process.kill();
  await close();
});

beforeEach(() => {
  room.seen = [];
});

test("requests that came while web was away are each answered once, as soon as it is back", async () => {
  const bodies = Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(100_000, "x"));
  const answers = Promise.all(bodies.map(post));
  await sleep(500);
  expect(room.seen).toEqual([]);
  await open();
  expect(await answers).toEqual(bodies.map(() => "took 100000"));
  expect(room.seen.sort()).toEqual(bodies.sort());
  await close();
});

test("nobody waits for longer than a restart takes, and nobody at all once that is over", async () => {
  const start = Date.now();
  await expect(post("a")).rejects.toThrow();
  expect(Date.now() - start).toBeGreaterThan(1500);
  const again = Date.now();
  await expect(post("b")).rejects.toThrow();
  expect(Date.now() - again).toBeLessThan(1000);
});

test("after web has been back the patience is as long as before", async () => {
  await open();
  // The room notices by itself.
  await sleep(500);
  await close();
  const start = Date.now();
  const answer = post("c");
  await sleep(1000);
  await open();
  expect(await answer).toBe("took 1");
  expect(Date.now() - start).toBeGreaterThan(900);
});
