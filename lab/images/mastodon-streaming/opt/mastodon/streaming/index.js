// Streaming: who may listen (Postgres), and what Redis says on the channels that somebody listens to. Mastodon's libraries with
// Mastodon's options, and no handler where Mastodon has none: that is how it ends when a database goes away.
const http = require("node:http");
const { Redis } = require("ioredis");
const pg = require("pg");
const { WebSocketServer } = require("ws");

const { env } = process;
const log = (text) => console.log(`${new Date().toISOString()} ${text}`);

// streaming/database.js. Nobody listens to the pool's errors: a pooled connection that ends is an uncaught exception.
const pool = new pg.Pool({
  user: env.DB_USER || "mastodon",
  password: env.DB_PASS || "",
  database: env.DB_NAME || "mastodon_production",
  host: env.DB_HOST || "localhost",
  port: Number(env.DB_PORT || 5432),
  // Any other value than these two is verified TLS.
  ssl: { disable: false, "no-verify": { rejectUnauthorized: false } }[env.DB_SSLMODE || "disable"] ?? {},
  max: Number(env.DB_POOL || 10),
  connectionTimeoutMillis: 15000,
  application_name: "",
});

// streaming/redis.js. After 20 tries a command fails, and nobody waits for the answer to some of them.
function redisClient() {
  const client = new Redis({
    host: env.REDIS_HOST || "127.0.0.1",
    port: Number(env.REDIS_PORT || 6379),
    db: Number(env.REDIS_DB || 0),
    password: env.REDIS_PASSWORD || undefined,
  });
  client.on("error", (error) => log(`redis: ${error.message}`));
  return client;
}

/** What a client is told of: everything else is "An unexpected error occurred", 500. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const CHANNELS = {
  public: "timeline:public",
  "public:local": "timeline:public:local",
  "public:remote": "timeline:public:remote",
};
const PATHS = {
  "/api/v1/streaming/user": "user",
  "/api/v1/streaming/public": "public",
  "/api/v1/streaming/public/local": "public:local",
  "/api/v1/streaming/public/remote": "public:remote",
};
const address = (request) => new URL(request.url, "http://streaming");

async function accountOf(request) {
  const token =
    request.headers.authorization?.replace(/^Bearer /, "") ||
    address(request).searchParams.get("access_token") ||
    request.headers["sec-websocket-protocol"];
  if (!token) throw new Refusal(401, "Missing access token");
  const { rows } = await pool.query(
    `SELECT users.account_id AS id, oauth_access_tokens.id AS token_id FROM oauth_access_tokens
     JOIN users ON users.id = oauth_access_tokens.resource_owner_id
     WHERE oauth_access_tokens.token = $1 AND oauth_access_tokens.revoked_at IS NULL LIMIT 1`,
    [token],
  );
  if (rows.length === 0) throw new Refusal(401, "Invalid access token");
  await pool.query(
    `SELECT keyword, whole_word FROM custom_filter_keywords JOIN custom_filters ON custom_filters.id = custom_filter_id
     WHERE account_id = $1 AND (expires_at IS NULL OR expires_at > now())`,
    [rows[0].id],
  );
  return rows[0];
}

const subscriptions = redisClient();
const redis = redisClient();
/** Channel of Redis → who hears of it. */
const listeners = new Map();

function listen(channel, listener) {
  const heard = listeners.get(channel) ?? new Set();
  listeners.set(channel, heard.add(listener));
  if (heard.size === 1)
    subscriptions.subscribe(channel, (error) => error && log(`subscribing to ${channel}: ${error.message}`));
  const beat = () => redis.set(`subscribed:${channel}`, "1", "EX", 18 * 60);
  beat();
  const timer = setInterval(beat, 6 * 60 * 1000);
  return () => {
    clearInterval(timer);
    heard.delete(listener);
    if (heard.size > 0) return;
    listeners.delete(channel);
    subscriptions.unsubscribe(channel, (error) => error && log(`leaving ${channel}: ${error.message}`));
  };
}

subscriptions.on("message", (channel, text) => {
  const message = JSON.parse(text);
  for (const listener of listeners.get(channel) ?? []) listener(message);
});

/** Public posts are looked up for blocks and mutes, on a connection that is taken out of the pool. */
function filtered(account, { event, payload }, send) {
  if (event !== "update") return send(event, payload);
  pool.connect((error, client, release) => {
    if (error) return log(`filtering: ${error.message}`);
    client
      .query(
        `SELECT 1 FROM blocks WHERE account_id IN ($1, $2) AND target_account_id IN ($1, $2)
         UNION SELECT 1 FROM mutes WHERE account_id = $1 AND target_account_id = $2`,
        [account.id, payload.account.id],
      )
      .then(({ rows }) => {
        release();
        if (rows.length === 0) send(event, payload);
      })
      .catch((failure) => {
        log(`filtering: ${failure.message}`);
        release();
      });
  });
}

const encoded = (payload) => (typeof payload === "object" ? JSON.stringify(payload) : payload);

function subscribe(account, name, send) {
  if (name === "user") return listen(`timeline:${account.id}`, ({ event, payload }) => send(event, payload));
  const channel = CHANNELS[name];
  if (!channel) throw new Refusal(400, "Unknown stream type");
  return listen(channel, (message) => filtered(account, message, send));
}

const told = (error) => (error instanceof Refusal ? error : new Refusal(500, "An unexpected error occurred"));

const server = http.createServer(async (request, response) => {
  const { pathname } = address(request);
  if (pathname === "/api/v1/streaming/health")
    return response.writeHead(200, { "content-type": "text/plain" }).end("OK");
  if (pathname === "/metrics") {
    const size = `pg_pool_total_connections ${pool.totalCount}\nconnected_clients ${sockets.clients.size}\n`;
    return response.writeHead(200, { "content-type": "text/plain" }).end(size);
  }
  try {
    const name = PATHS[pathname];
    if (!name) throw new Refusal(400, "Unknown channel requested");
    const account = await accountOf(request);
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(":)\n");
    const heartbeat = setInterval(() => response.write(":thump\n"), 15000);
    const stop = subscribe(account, name, (event, payload) =>
      response.write(`event: ${event}\ndata: ${encoded(payload)}\n\n`),
    );
    request.on("close", () => {
      clearInterval(heartbeat);
      stop();
    });
  } catch (error) {
    log(`${pathname}: ${error.message}`);
    const { status, message } = told(error);
    response
      .writeHead(status, { "content-type": "application/json" })
      .end(JSON.stringify({ error: message }));
  }
});

const sockets = new WebSocketServer({ noServer: true });

server.on("upgrade", async (request, socket, head) => {
  const failed = (error) => log(`upgrade: ${error.message}`);
  socket.on("error", failed);
  let account;
  try {
    account = await accountOf(request);
  } catch (error) {
    failed(error);
    const { status, message } = told(error);
    const headers = `Connection: close\r\nContent-Length: 0\r\nX-Error-Message: ${message}\r\n`;
    socket.once("finish", () => socket.destroy());
    socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${headers}\r\n`);
    return;
  }
  socket.removeListener("error", failed);
  sockets.handleUpgrade(request, socket, head, (client) => connected(client, account, address(request)));
});

function connected(client, account, { searchParams }) {
  client.isAlive = true;
  client.on("pong", () => {
    client.isAlive = true;
  });
  client.on("error", (error) => log(`websocket: ${error.message}`));
  // A token that is revoked, a filter that changes.
  const stops = new Map(
    [`timeline:access_token:${account.token_id}`, `timeline:system:${account.id}`].map((channel) => [
      channel,
      listen(channel, ({ event }) => event === "kill" && client.close()),
    ]),
  );
  client.on("close", () => {
    for (const stop of stops.values()) stop();
  });
  const change = (type, stream) => {
    try {
      if (type === "subscribe" && !stops.has(stream)) {
        const send = (event, payload) =>
          client.readyState === client.OPEN &&
          client.send(JSON.stringify({ stream: [stream], event, payload: encoded(payload) }));
        stops.set(stream, subscribe(account, stream, send));
      } else if (type === "unsubscribe") {
        stops.get(stream)?.();
        stops.delete(stream);
      }
    } catch (error) {
      const { status, message } = told(error);
      client.send(JSON.stringify({ error: message, status }));
    }
  };
  client.on("message", (data, isBinary) => {
    if (isBinary) return client.close(1003, "The mastodon streaming server does not support binary messages");
    try {
      const { type, stream } = JSON.parse(String(data));
      change(type, stream);
    } catch (error) {
      log(`a message that is no JSON: ${error.message}`);
    }
  });
  if (searchParams.get("stream")) change("subscribe", searchParams.get("stream"));
}

setInterval(() => {
  for (const client of sockets.clients) {
    if (!client.isAlive) client.terminate();
    client.isAlive = false;
    client.ping();
  }
}, 30000);

server.listen(Number(env.PORT || 4000), env.BIND || "127.0.0.1", () => log("Streaming API now listening"));

// As Mastodon: whatever happens, its end is code 0.
const exit = () => process.exit(0);
process.on("SIGINT", exit);
process.on("SIGTERM", exit);
process.on("exit", exit);
process.on("uncaughtException", (error) => {
  log(`uncaught: ${error.stack}`);
  exit();
});
