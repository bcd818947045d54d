/** Requests to the accounts' APIs and to the registry. They use the environment's proxy, and are repeated if that may help. */
import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

/** No answer, or an answer that is not a success. The message begins with the host that was asked. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status of the last answer; undefined if there was none. */
    readonly status?: number,
  ) {
    super(message);
  }

  /** The token is wrong or lacks a scope. Asking again does not help; another token does. */
  get refused(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

export type Answer = Record<string, unknown>;
/** @throws ApiError */
export type Ask = (path: string) => Promise<Answer>;

interface Question {
  headers?: Record<string, string>;
  method?: "GET" | "POST";
  body?: string;
}

/** DigitalOcean allows 5,000 requests an hour and 250 a minute, and answers 429 beyond; gateways answer 502 to 504. */
const TEMPORARY = [429, 500, 502, 503, 504];
/** No answer for now. A certificate that nobody trusts is not one of them. */
const NO_ANSWER = [
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_SOCKET",
];
const TRIES = 5;
/** Pauses of 0.5, 1, 2 and 4 s, or what Retry-After says, up to half a minute. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** Of silence. */
const TIMEOUT_MS = 15_000;

/** An answer that has been read. */
interface Read {
  status: number;
  retryAfter: string | undefined;
  text: string;
}
type Send = (url: string, question: Question) => Promise<Read>;

/** By Node's own client, which the SDK has already loaded. fetch takes 20 ms of a preview more, and undici 40. */
const sendDirectly: Send = (url, { headers = {}, method = "GET", body }) =>
  new Promise((resolve, reject) => {
    const { request } = url.startsWith("https:") ? https : http;
    const sent = request(url, { headers, method, timeout: TIMEOUT_MS }, (answer) => {
      const { statusCode: status = 0, headers } = answer;
      text(answer).then((text) => resolve({ status, retryAfter: headers["retry-after"], text }), reject);
    });
    sent.on("error", reject);
    sent.on("timeout", () =>
      sent.destroy(Object.assign(new Error(`no answer for ${TIMEOUT_MS / 1_000} s`), { code: "ETIMEDOUT" })),
    );
    sent.end(body);
  });

/** Node's own client knows the environment's proxy only since 22.21, and if it is told to. */
async function proxied(): Promise<Send> {
  const { EnvHttpProxyAgent, request } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent({ headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  return async (url, question) => {
    const { statusCode: status, headers, body } = await request(url, { ...question, dispatcher });
    return { status, retryAfter: headers["retry-after"]?.toString(), text: await body.text() };
  };
}

async function sender(): Promise<Send> {
  const { https_proxy, HTTPS_PROXY, http_proxy, HTTP_PROXY } = process.env;
  return https_proxy || HTTPS_PROXY || http_proxy || HTTP_PROXY ? proxied() : sendDirectly;
}

/** Sends again after a temporary failure. @throws what the last try threw */
async function repeated(send: () => Promise<Read>, pauseMs: number): Promise<Read> {
  for (let left = TRIES - 1, next = pauseMs; ; left--, next *= 2) {
    try {
      const answer = await send();
      if (left === 0 || !TEMPORARY.includes(answer.status)) return answer;
      await pause(Math.min(Number(answer.retryAfter) * 1_000 || next, LONGEST_PAUSE_MS));
    } catch (error) {
      if (left === 0 || !NO_ANSWER.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      await pause(Math.min(next, LONGEST_PAUSE_MS));
    }
  }
}

/**
 * @param base URL before every path
 * @param pauseMs pause before the second try; it doubles with each try
 */
export function client(base: string, pauseMs = FIRST_PAUSE_MS) {
  const host = new URL(base).host;
  const sending = sender();
  return async (path: string, question: Question = {}): Promise<Answer> => {
    const send = await sending;
    const { status, text } = await repeated(() => send(base + path, question), pauseMs).catch(
      ({ message, code }: NodeJS.ErrnoException) => {
        throw new ApiError(`${host} did not answer: ${message || code}`);
      },
    );
    if (status < 200 || status > 299) {
      const times = TEMPORARY.includes(status) ? `, ${TRIES} times` : "";
      throw new ApiError(`${host} answered ${status}${times}`, status);
    }
    try {
      return JSON.parse(text) as Answer;
    } catch {
      throw new ApiError(`${host} answered with something other than JSON (a proxy's page?)`);
    }
  };
}

/** Asks with a token. */
export function asking(base: string, token: string, pauseMs?: number): Ask {
  const ask = client(base, pauseMs);
  return (path) => ask(path, { headers: { authorization: `Bearer ${token}` } });
}

// The providers read the same variables.
export const digitalOceanApi = () => process.env.DIGITALOCEAN_API_URL ?? "https://api.digitalocean.com";
export const tailscaleApi = () => process.env.TAILSCALE_BASE_URL ?? "https://api.tailscale.com";

/** All pages of a DigitalOcean list. */
export async function list<Item>(ask: Ask, path: string, property: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let page = 1; ; page++) {
    const answer = await ask(`${path}${path.includes("?") ? "&" : "?"}per_page=200&page=${page}`);
    items.push(...((answer[property] ?? []) as Item[]));
    const { pages } = (answer.links ?? {}) as { pages?: { next?: string } };
    if (!pages?.next) return items;
  }
}
