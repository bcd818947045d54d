/** GitHub's comments and issues, as far as CI keeps them: a server on loopback. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

const BOT = { login: "github-actions[bot]" };
const TOKEN = "ghs_test";
export const REPOSITORY = "owner/instance";
export const COMMIT = "5f0c2a9d11e8b7643c9aa2d10b5e4f7788990011";

export interface Comment {
  id: number;
  on: number;
  body: string;
  user: { login: string };
}

export interface Issue {
  number: number;
  title: string;
  body: string;
  state: "open" | "closed";
  user: { login: string };
  pull_request?: object;
}

export class GitHubDouble {
  readonly comments: Comment[] = [];
  readonly issues: Issue[] = [];
  /** `METHOD PATH` of everything that changed something. */
  readonly writes: string[] = [];
  private nextId = 1;
  private readonly server = createServer((request, response) => {
    this.answer(request).then(
      ([status, body]) => response.writeHead(status).end(JSON.stringify(body)),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** What a workflow has in its environment. */
  get environment() {
    return {
      GITHUB_API_URL: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`,
      GITHUB_REPOSITORY: REPOSITORY,
      GITHUB_RUN_ID: "42",
      GITHUB_SERVER_URL: "https://github.example",
      GITHUB_SHA: COMMIT,
      GITHUB_TOKEN: TOKEN,
    };
  }

  private async answer(request: IncomingMessage): Promise<[number, unknown]> {
    const { method = "", headers } = request;
    const url = new URL(request.url ?? "", "http://github");
    const path = url.pathname.replace(`/repos/${REPOSITORY}/`, "");
    if (headers.authorization !== `Bearer ${TOKEN}`) return [401, { message: "Bad credentials" }];
    if (method === "GET") return this.page(url, path);
    this.writes.push(`${method} ${path}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const given = JSON.parse(Buffer.concat(chunks).toString());
    const [, number, kind] = /^issues\/(\d+)(\/comments)?$/.exec(path) ?? [];
    const comment = this.comments.find(({ id }) => path === `issues/comments/${id}`);
    const issue = this.issues.find((one) => String(one.number) === number);
    if (method === "PATCH" && comment) return [200, Object.assign(comment, given)];
    if (method === "PATCH" && issue && !kind) return [200, Object.assign(issue, given)];
    if (method === "POST" && kind) return [201, this.comment(Number(number), given.body)];
    if (method === "POST" && path === "issues") return [201, this.issue(given.title, given.body)];
    return [404, { message: "Not Found" }];
  }

  comment(on: number, body: string, user = BOT): Comment {
    const comment = { id: this.nextId++, on, body, user };
    this.comments.push(comment);
    return comment;
  }

  issue(title: string, body: string, more: Partial<Issue> = {}): Issue {
    const issue: Issue = { number: this.nextId++, title, body, state: "open", user: BOT, ...more };
    this.issues.push(issue);
    return issue;
  }

  private page(url: URL, path: string): [number, unknown] {
    const [, number] = /^issues\/(\d+)\/comments$/.exec(path) ?? [];
    const all = number
      ? this.comments.filter(({ on }) => String(on) === number)
      : this.issues.filter(({ state }) => state === url.searchParams.get("state"));
    const [size, page] = [
      Number(url.searchParams.get("per_page") ?? 30),
      Number(url.searchParams.get("page") ?? 1),
    ];
    return [200, all.slice((page - 1) * size, page * size)];
  }
}
