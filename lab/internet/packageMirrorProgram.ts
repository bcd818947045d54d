/** The process behind the mirror: HTTP on the socket that it is started with (systemd's protocol: descriptor 3). */
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { cacheFolder } from "../../tools/cache";
import { attempt } from "../../tools/run";
import { mirrors } from "../baseRoot";

/** Files whose names identify their content: they never change. */
const LASTING = /\/(pool|by-hash)\//;

class Missing extends Error {}

const kept = cacheFolder("packages");
const current = mkdtempSync(join(tmpdir(), "package-mirror-"));
const upstream = mirrors();
const fetching = new Map<string, Promise<string>>();

/** The URL of that file on the mirrors that this machine uses. */
async function origin(path: string): Promise<string> {
  const { main, security } = await upstream;
  const [, archive, rest] = /^\/(debian|debian-security)\/(.+)$/.exec(path) ?? [];
  if (!archive) throw new Missing(path);
  return `${(archive === "debian" ? main : security).replace(/\/$/, "")}/${rest}`;
}

/** The file at that path of the mirror, on this machine's disk. */
async function fetched(path: string): Promise<string> {
  const file = join(LASTING.test(path) ? kept : current, path);
  if (LASTING.test(path) && existsSync(file)) return file;
  const unfinished = `${file}.${process.pid}`;
  mkdirSync(dirname(file), { recursive: true });
  // Uses apt's settings of proxies, passwords and certificates.
  const helper = ["/usr/lib/apt/apt-helper", "-o", "APT::Sandbox::User=root", "download-file"];
  const { code, stderr } = await attempt([...helper, await origin(path), unfinished], { timeout: 300 });
  if (code !== 0) throw /\s404 +Not Found/.test(stderr) ? new Missing(path) : new Error(stderr);
  renameSync(unfinished, file);
  return file;
}

/** If two machines request the same file at once, they wait for one download. */
function file(path: string): Promise<string> {
  const found = fetching.get(path) ?? fetched(path).finally(() => fetching.delete(path));
  fetching.set(path, found);
  return found;
}

async function answer(path: string, response: ServerResponse): Promise<void> {
  try {
    const found = await file(path);
    const { size } = statSync(found);
    response.writeHead(200, { "content-length": size });
    createReadStream(found).pipe(response);
    console.log(`served ${size} ${path}`);
  } catch (error) {
    console.log(`failed ${path}: ${error}`);
    response.writeHead(error instanceof Missing ? 404 : 502).end();
  }
}

process.on("SIGTERM", () => {
  rmSync(current, { recursive: true, force: true });
  process.exit(0);
});
createServer((request, response) => {
  void answer(normalize(new URL(request.url ?? "/", "http://mirror").pathname), response);
}).listen({ fd: 3 });
