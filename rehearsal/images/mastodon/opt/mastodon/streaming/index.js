// Streaming: a health page, and a WebSocket that gets what Redis says on timeline:public.
const http = require("node:http");
const net = require("node:net");
const { WebSocketServer } = require("ws");

const wanted = [
  "BIND",
  "PORT",
  "DB_HOST",
  "DB_PORT",
  "DB_NAME",
  "DB_USER",
  "DB_PASS",
  "REDIS_HOST",
  "REDIS_PORT",
  "REDIS_PASSWORD",
  "LOCAL_DOMAIN",
];
const missing = wanted.filter((name) => !process.env[name]);
// Streaming takes any DB_SSLMODE but disable for verified TLS.
if (process.env.DB_SSLMODE && process.env.DB_SSLMODE !== "disable") missing.push("DB_SSLMODE, which is set");
if (missing.length > 0) {
  console.error(`environment: ${missing.join(", ")}`);
  process.exit(1);
}

const server = http.createServer((request, response) => {
  const healthy = request.url === "/api/v1/streaming/health";
  response.writeHead(healthy ? 200 : 404, { "content-type": "text/plain" }).end(healthy ? "OK" : "not found");
});
const sockets = new WebSocketServer({ server, path: "/api/v1/streaming" });
sockets.on("connection", (socket) => socket.on("message", (text) => socket.send(`echo ${text}`)));

const bulk = (text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const command = (...words) => `*${words.length}\r\n${words.map(bulk).join("")}`;

/** Redis' own protocol: a message is an array of "message", the channel and the text. */
function subscribe() {
  const redis = net.connect(Number(process.env.REDIS_PORT), process.env.REDIS_HOST);
  let received = "";
  redis.write(command("AUTH", process.env.REDIS_PASSWORD) + command("SUBSCRIBE", "timeline:public"));
  redis.on("data", (data) => {
    received += data;
    const pattern = /\*3\r\n\$7\r\nmessage\r\n\$\d+\r\n[^\r]*\r\n\$\d+\r\n([^\r]*)\r\n/g;
    let end = 0;
    for (const match of received.matchAll(pattern)) {
      for (const socket of sockets.clients)
        socket.send(JSON.stringify({ event: "update", payload: match[1] }));
      end = match.index + match[0].length;
    }
    received = received.slice(end);
  });
  redis.on("error", (error) => console.error(`redis: ${error.message}`));
  redis.on("close", () => setTimeout(subscribe, 1000));
}

subscribe();
server.listen(Number(process.env.PORT), process.env.BIND, () => console.log("streaming"));
process.on("SIGTERM", () => process.exit(0));
