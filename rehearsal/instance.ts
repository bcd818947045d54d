/** The instance as applications and browsers on the internet see it: the same for Mastodon and for its stand-ins. */
import { apiToken } from "../lab/apiToken";
import type { Dns } from "../lab/internet/dns";
import type { Outside } from "../lab/internet/outside";
import type { Machine } from "../lab/machine";
import type { Browser } from "./browser";
import type { StackMachines } from "./machines";
import type { RehearsedStack } from "./stack";

/** A media attachment of Mastodon's API; only the fields that are used here. */
export interface Attachment {
  id: string;
  /** null until it is available. */
  url: string | null;
  preview_url: string;
}

export interface Answer<T> {
  status: number;
  body: T;
}

/** A browser's WebSocket, with a library that the server does not use. Arguments: the library, the name, the address and the token. */
const CLIENT = `
const [, library, name, address, token] = process.argv;
const WebSocket = require(library);
const socket = new WebSocket("wss://" + address + "/api/v1/streaming?stream=public&access_token=" + token, {
  servername: name, headers: { Host: name }, rejectUnauthorized: false, handshakeTimeout: 10000,
});
socket.on("message", (text) => { console.log(Date.now() + " " + text); socket.close(); });
socket.on("error", (error) => { console.error(error.message); process.exit(1); });
setTimeout(() => { console.error("nothing came within 60 s"); process.exit(1); }, 60000).unref();
`;

export class Instance {
  private token: Promise<string> | undefined;

  constructor(
    private readonly world: {
      stack: RehearsedStack;
      machines: StackMachines;
      dns: Dns;
      outside: Outside;
      browser: Browser;
    },
  ) {}

  /** The owner's token; creates the owner's account if it does not exist yet. */
  ownersToken(): Promise<string> {
    this.token ??= this.makeToken();
    return this.token;
  }

  private async makeToken(): Promise<string> {
    const { dns, machines, stack } = this.world;
    const { email } = stack.settings.owner;
    // Mastodon refuses an owner whose mail domain is not in DNS.
    dns.set(email.slice(email.indexOf("@") + 1), stack.site.ipv4);
    await machines.main().run("systemctl start owner-account.service");
    return apiToken(machines.main(), email);
  }

  /** @throws Error with the whole answer, if it is not a success */
  async api<T>(path: string, ...options: readonly string[]): Promise<Answer<T>> {
    const bearer = ["--header", `Authorization: Bearer ${await this.ownersToken()}`];
    const written = ["--write-out", "\\n%{http_code}"];
    const { stdout, stderr } = await this.world.browser.web(path, ...written, ...bearer, ...options);
    const [, body = "", code] = /^(.*)\n(\d+)$/s.exec(stdout) ?? [];
    const status = Number(code);
    if (!(status >= 200 && status < 300)) throw new Error(`${path}: ${status}: ${body}${stderr}`);
    return { status, body: JSON.parse(body) as T };
  }

  /**
   * Posts publicly, and returns the id of the new post.
   *
   * @param patience seconds to wait for the answer
   */
  async post(text: string, patience = 10): Promise<string> {
    const options = ["--max-time", String(patience), "--data-urlencode", `status=${text}`];
    return (await this.api<{ id: string }>("/api/v1/statuses", ...options)).body.id;
  }

  upload(path: string, type: string): Promise<Answer<Attachment>> {
    return this.api("/api/v2/media", "--max-time", "60", "--form", `file=@${path};type=${type}`);
  }

  attachment(id: string): Promise<Answer<Attachment>> {
    return this.api(`/api/v1/media/${id}`);
  }

  /**
   * Waits for the first post on the public timeline, like a page that is open there.
   *
   * @returns when it arrived, in milliseconds since 1970, and its id
   */
  async hear(): Promise<{ at: number; id: string }> {
    const { outside } = this.world;
    const { names, site } = this.world.stack;
    const where = [require.resolve("ws"), names.web, site.ipv4, await this.ownersToken()];
    const { code, stdout, stderr } = await outside.attempt([process.execPath, "-e", CLIENT, ...where]);
    const [, at, text] = /^(\d+) (.*)/.exec(stdout) ?? [];
    const { event, payload } = JSON.parse(text ?? "{}");
    if (code !== 0 || event !== "update") throw new Error(`streaming: ${stderr}${stdout}`);
    return { at: Number(at), id: String(JSON.parse(payload).id) };
  }

  /** How many jobs of that class Sidekiq has finished on that machine since then, according to its log. */
  async jobsDone(machine: Machine, job: string, since: Date): Promise<number> {
    const logs = `docker ps -q --filter name=sidekiq | xargs -r -n 1 docker logs --since ${since.toISOString()} 2>&1`;
    return Number(await machine.run(`${logs} | grep -c 'class=${job} .*: done$' || true`));
  }

  /** The first worker that has finished such a job since then. */
  async worker(job: string, since: Date): Promise<string | undefined> {
    for (const { hostname, machine } of this.world.machines.workerHosts())
      if ((await this.jobsDone(machine, job, since)) > 0) return hostname;
    return undefined;
  }
}
