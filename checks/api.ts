/** Requests to the accounts' APIs and to the registry. They use the environment's proxy, and are repeated if that may help. */
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
  "UND_ERR_SOCKET",
  "TimeoutError",
];
const TRIES = 5;
/** Pauses of 0.5, 1, 2 and 4 s, or what Retry-After says, up to half a minute. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** For one try, up to the last byte. */
const TIMEOUT_MS = 15_000;

/** What Node's fetch and undici's have in common: their types come from two versions of undici. */
type Fetch = (
  url: string,
  init: Question & { signal: AbortSignal },
) => Promise<Pick<Response, "status" | "text"> & { headers: Pick<Headers, "get"> }>;

/**
 * Node's own fetch, which knows no proxy (NODE_USE_ENV_PROXY is new in 22.21). undici's does, but takes 55 ms to load, a fortieth of a
 * preview: it is loaded only behind a proxy.
 */
async function fetching(): Promise<Fetch> {
  const { https_proxy, HTTPS_PROXY, http_proxy, HTTP_PROXY } = process.env;
  if (!(https_proxy || HTTPS_PROXY || http_proxy || HTTP_PROXY)) return fetch;
  const { EnvHttpProxyAgent, fetch: fetchThrough } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent();
  return (url, init) => fetchThrough(url, { ...init, dispatcher });
}

/** What a try ended with: an answer that has been read, or no answer. */
type Result = { status: number; retryAfter: string | null; text: string } | { code: string; reason: string };

/** @returns the last try's result */
async function repeated(once: () => Promise<Result>, pauseMs: number): Promise<Result> {
  for (let tries = 1, next = pauseMs; ; tries++, next *= 2) {
    const result = await once();
    const isTemporary =
      "status" in result ? TEMPORARY.includes(result.status) : NO_ANSWER.includes(result.code);
    if (tries === TRIES || !isTemporary) return result;
    const asked = "status" in result ? Number(result.retryAfter) * 1_000 : 0;
    await pause(Math.min(asked || next, LONGEST_PAUSE_MS));
  }
}

/** When fetch fails, the reason is the error's cause, unless it took too long. */
function noAnswer({ name, message, cause }: Error): Result {
  const { code = name, message: reason = message } = (cause ?? {}) as NodeJS.ErrnoException;
  return { code, reason: reason || code };
}

/**
 * @param base URL before every path
 * @param pauseMs pause before the second try; it doubles with each try
 */
export function client(base: string, pauseMs = FIRST_PAUSE_MS) {
  const host = new URL(base).host;
  const fetcher = fetching();
  return async (path: string, question: Question = {}): Promise<Answer> => {
    const ask = await fetcher;
    const once = async (): Promise<Result> => {
      const answer = await ask(base + path, { ...question, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const { status, headers } = answer;
      return { status, retryAfter: headers.get("retry-after"), text: await answer.text() };
    };
    const result = await repeated(() => once().catch(noAnswer), pauseMs);
    if (!("status" in result)) throw new ApiError(`${host} did not answer: ${result.reason}`);
    const { status, text } = result;
    if (status < 200 || status > 299)
      throw new ApiError(
        `${host} answered ${status}${TEMPORARY.includes(status) ? `, ${TRIES} times` : ""}`,
        status,
      );
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
