/**
 * Time-outs, limits and caching, each beside upstream's dist/nginx.conf (mastodon/mastodon, 4.6 and 4.7; the time-out for
 * reading is its pull request 30599). Where the two differ there is a reason; nginx' own default counts as written.
 */
import { fileOf } from "../support/fixtures";
import { mainBundle } from "../support/mainFixtures";

const bundle = mainBundle();
const read = (name: string) => fileOf(bundle, `/etc/nginx/${name}`).content;
const web = read("conf.d/web.conf");
/** The server that serves the web interface, and what it inherits. */
const server = read("nginx.conf") + web.slice(web.indexOf("http2 on"));

interface Row {
  directive: string;
  upstream: string;
  ours: string;
  reason?: string;
}

const UNSET = "unset";

const ROWS: Row[] = [
  { directive: "proxy_connect_timeout", upstream: "60s", ours: "60s" },
  { directive: "proxy_send_timeout", upstream: "60s", ours: "60s" },
  {
    directive: "proxy_read_timeout",
    upstream: "120s",
    ours: "120s, 240s",
    reason:
      "a request that waits for web does so for two minutes at most, and then takes as long as any other",
  },
  { directive: "client_header_timeout", upstream: "60s", ours: "60s" },
  { directive: "client_body_timeout", upstream: "60s", ours: "60s" },
  { directive: "send_timeout", upstream: "60s", ours: "60s" },
  {
    directive: "keepalive_timeout",
    upstream: "70",
    ours: "75s",
    reason: "nginx' own; five seconds more cost nothing",
  },
  { directive: "client_max_body_size", upstream: "99m", ours: "99m" },
  { directive: "ssl_protocols", upstream: "TLSv1.2 TLSv1.3", ours: "TLSv1.2 TLSv1.3" },
  { directive: "ssl_session_tickets", upstream: "off", ours: "off" },
  {
    directive: "proxy_cache_valid",
    upstream: "200 7d, 410 24h",
    ours: "410 24h",
    reason: "Rails says with Cache-Control what may be kept; what says nothing is not kept for everybody",
  },
  {
    directive: "proxy_cache_use_stale",
    upstream: "error timeout updating http_500 http_502 http_503 http_504",
    ours: "error timeout updating http_500 http_502 http_503 http_504",
  },
  { directive: "proxy_http_version", upstream: "1.1", ours: "1.1" },
  { directive: "proxy_redirect", upstream: "off", ours: "off" },
  {
    directive: "error_page",
    upstream: "404 500 501 502 503 504 /500.html",
    ours: "502 = @late, 500 501 503 504 /error.html, 500 501 502 503 504 /error.html",
    reason: "every path goes to Rails, whose 404 it is; a request that web refuses waits",
  },
  {
    directive: "proxy_pass_header",
    upstream: "Server",
    ours: UNSET,
    reason: "visitors need not know what serves the page",
  },
];

/** nginx' own, where neither file says anything. */
const DEFAULTS: Record<string, string> = {
  proxy_connect_timeout: "60s",
  proxy_send_timeout: "60s",
  proxy_read_timeout: "60s",
  client_header_timeout: "60s",
  client_body_timeout: "60s",
  send_timeout: "60s",
  keepalive_timeout: "75s",
};

const values = (directive: string): string =>
  [...server.matchAll(new RegExp(`^\\s*${directive} ([^;]*);`, "gm"))].map(([, value]) => value).join(", ") ||
  DEFAULTS[directive] ||
  UNSET;

test.each(ROWS)("$directive: $ours, upstream $upstream", ({ directive, upstream, ours, reason }) => {
  expect(values(directive)).toBe(ours);
  expect(ours === upstream).toBe(reason === undefined);
});

test("no time-out and no limit of the web interface is without its line here", () => {
  const ours = [...server.matchAll(/^\s*(\S*(?:_timeout|max_body_size)) /gm)].map(([, name]) => name);
  expect(ours.length).toBeGreaterThan(1);
  expect(ours.filter((name) => !ROWS.some(({ directive }) => directive === name))).toEqual([]);
});

test("streaming inherits the time-out for reading: its heartbeat comes every 15 s", () => {
  expect(web.slice(web.indexOf("/api/v1/streaming")).match(/proxy_read_timeout/g)).toBeNull();
});
