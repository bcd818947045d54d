/** Requests to the accounts' APIs and to the registry. They use the environment's proxy, and are repeated if that may help. */
import { Agent, EnvHttpProxyAgent, errors, RetryAgent, request } from "undici";

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

/**
 * Uses the environment's proxy, which Node's own fetch ignores. undici prints a warning when it creates that agent, so it is created only
 * if needed.
 */
function agent(): Agent | EnvHttpProxyAgent {
  const { https_proxy, HTTPS_PROXY, http_proxy, HTTP_PROXY } = process.env;
  const options = { headersTimeout: 15_000, bodyTimeout: 15_000 };
  return https_proxy || HTTPS_PROXY || http_proxy || HTTP_PROXY
    ? new EnvHttpProxyAgent(options)
    : new Agent(options);
}

/**
 * @param base URL before every path
 * @param pauseMs pause before the second try; it doubles with each try
 */
export function client(base: string, pauseMs = FIRST_PAUSE_MS) {
  const host = new URL(base).host;
  const dispatcher = new RetryAgent(agent(), {
    maxRetries: TRIES - 1,
    minTimeout: pauseMs,
    maxTimeout: 30_000,
    methods: ["GET", "POST"],
    statusCodes: TEMPORARY,
    errorCodes: NO_ANSWER,
  });
  return async (path: string, { headers = {}, method = "GET", body }: Question = {}): Promise<Answer> => {
    try {
      const answer = await request(base + path, { dispatcher, method, headers, ...(body ? { body } : {}) });
      const text = await answer.body.text();
      if (answer.statusCode < 200 || answer.statusCode > 299)
        throw new ApiError(`${host} answered ${answer.statusCode}`, answer.statusCode);
      try {
        return JSON.parse(text) as Answer;
      } catch {
        throw new ApiError(`${host} answered with something other than JSON (a proxy's page?)`);
      }
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (error instanceof errors.RequestRetryError)
        throw new ApiError(`${host} answered ${error.statusCode}, ${TRIES} times`, error.statusCode);
      throw new ApiError(`${host} did not answer: ${(error as Error).message}`);
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
