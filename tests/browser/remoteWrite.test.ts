/** A real Prometheus with main's own remote write, and a server that takes it or does not. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { remoteWriteConfig } from "../../services/watch/remoteWrite";
import { attempt } from "../../tools/run";
import { until } from "../../tools/until";
import { mainInputs } from "../support/mainFixtures";
import { freePort, program } from "./watch/served";

const PASSWORD = 'a"b c:é'.replace("é", "#");
const CREDENTIAL = "/run/credentials/prometheus.service/remote-write";

interface Taken {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

let folder: string;
let server: Server;
let prometheus: ChildProcess;
let takes = true;
const taken: Taken[] = [];
let refused = 0;
let config: string;
let address: string;
const said: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "remote-write-"));
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (takes)
        taken.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) });
      else refused += 1;
      response.writeHead(takes ? 204 : 503).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { labels, rest } = remoteWriteConfig(
    mainInputs(
      { remoteWrite: { url: "https://prometheus.club/api/v1/write", username: "1234" } },
      { remoteWritePassword: PASSWORD },
    ),
  );
  const secret = join(folder, "secret");
  writeFileSync(secret, PASSWORD);
  config = JSON.stringify({
    global: { scrape_interval: "1s", ...labels },
    scrape_configs: [{ job_name: "prometheus", static_configs: [{ targets: ["127.0.0.1:9"] }] }],
    ...rest,
  })
    .replace("https://prometheus.club", `http://127.0.0.1:${port}`)
    .replace(CREDENTIAL, secret);
  writeFileSync(join(folder, "prometheus.yml"), config);
  address = `127.0.0.1:${await freePort()}`;
  const [file = "", ...args] = await program("usr/bin/prometheus");
  prometheus = spawn(
    file,
    [
      ...args,
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  prometheus.stderr?.setEncoding("utf8").on("data", (text: string) => said.push(text));
}, 900_000);

afterAll(() => {
  prometheus?.kill("SIGKILL");
  server?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

/** What Prometheus itself counts of its sender. */
async function counted(name: string): Promise<number> {
  const metrics = await (await fetch(`http://${address}/metrics`)).text();
  const [, value] =
    new RegExp(`^prometheus_remote_storage_${name}\\{[^}]*\\} (\\S+)$`, "m").exec(metrics) ?? [];
  return Number(value);
}

test("promtool accepts main's configuration, and notices a slip", async () => {
  const checked = (text: string) => {
    writeFileSync(join(folder, "checked.yml"), text);
    return program("usr/bin/promtool").then((promtool) =>
      attempt([...promtool, "check", "config", join(folder, "checked.yml")]),
    );
  };
  expect(await checked(config)).toMatchObject({ code: 0 });
  expect(await checked(config.replace("sample_age_limit", "sample_age"))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("field sample_age not found"),
  });
});

test("Prometheus sends, with the password from the file and the instance's name on every series", async () => {
  await until("a request", 60, async () => taken.length > 0).catch((error: Error) => {
    throw new Error(`${error.message}; ${said.slice(-3).join("")}`);
  });
  const { path, headers, body } = taken[0] as Taken;
  expect(path).toBe("/api/v1/write");
  expect(headers.authorization).toBe(`Basic ${Buffer.from(`1234:${PASSWORD}`).toString("base64")}`);
  expect(headers["content-encoding"]).toBe("snappy");
  // The first series is not compressed away.
  expect(body.toString("latin1")).toContain("social.example.org");
  expect(said.join("")).not.toContain(PASSWORD);
}, 90_000);

test("while the other end is away it asks again and again, and then sends what it could not", async () => {
  takes = false;
  await until("refusals", 60, async () => refused >= 3);
  expect(await counted("samples_pending")).toBeGreaterThan(0);
  takes = true;
  await until("what was kept", 60, async () => (await counted("samples_pending")) === 0);
  // Nothing was given up, and one sender was enough.
  expect(await counted("samples_retried_total")).toBeGreaterThan(0);
  expect(await counted("samples_failed_total")).toBe(0);
  expect(await counted("shards")).toBe(1);
}, 150_000);
