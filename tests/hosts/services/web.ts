/** nginx with its self-signed certificate in front of web and streaming, as a client on the internet sees it. */
import { createHash } from "node:crypto";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { someonesToken } from "../person";
import type { Beds } from "./bed";
import { browse, unanswered } from "./browser";

const WEB = "social.example.org";
const MIB = 1024 * 1024;

/** A client with a real library for WebSockets, which streaming's image has; it asks for a stream and waits for what comes of it. */
const websocket = (token: string) => `
const WebSocket = require("ws");
const socket = new WebSocket("wss://127.0.0.1/api/v1/streaming?access_token=${token}", {
  servername: "${WEB}", headers: { Host: "${WEB}" }, rejectUnauthorized: false,
});
socket.on("open", () => socket.send(JSON.stringify({ type: "subscribe", stream: "public" })));
socket.on("message", (text) => {
  console.log(String(text));
  socket.close();
});
socket.on("error", (error) => { console.error(error.message); process.exit(1); });
`;

export function webTests(bed: Beds): void {
  test("HTTP leads to HTTPS, but the certificate authority's challenge is answered where it is asked", async () => {
    const redirect = await browse(bed(), `http://${WEB}/@someone?page=2`);
    expect([redirect.status, redirect.headers.location]).toEqual([301, `https://${WEB}/@someone?page=2`]);
    bed().main.write("/var/www/acme/.well-known/acme-challenge/token", "token.thumbprint");
    for (const name of [WEB, `media.${WEB}`]) {
      const challenge = await browse(bed(), `http://${name}/.well-known/acme-challenge/token`);
      expect([challenge.status, challenge.body]).toEqual([200, "token.thumbprint"]);
    }
  });

  test("web answers over HTTP/2 with a certificate for both names, and sends no HSTS while it is self-signed", async () => {
    const home = await browse(bed(), `https://${WEB}/`);
    expect([home.status, home.body]).toEqual([200, `<!doctype html><title>${WEB}</title>`]);
    expect(home.headers).not.toHaveProperty("strict-transport-security");
    expect(home.headers.server).toBe("nginx");
    expect((await browse(bed(), `https://media.${WEB}/`)).headers).not.toHaveProperty(
      "strict-transport-security",
    );
    expect((await bed().main.run("cat /etc/nginx/tls/hsts.conf")).trim()).toBe(
      'map "" $hsts { default ""; }',
    );
  });

  test("names that are not ours get no certificate and no answer", async () => {
    const handshake = /^35 .*unrecognized name/;
    expect(await unanswered(bed(), "https://other.example.org/")).toMatch(handshake);
    expect(await unanswered(bed(), `https://${bed().main.address}/`)).toMatch(handshake);
    expect(await unanswered(bed(), "http://other.example.org/")).toMatch(/^52 /);
    // The name in TLS is ours, the one in the request is not.
    expect(
      await unanswered(bed(), `https://${WEB}/`, "--http1.1", "--header", "Host: other.example.org"),
    ).toMatch(/^52 /);
  });

  test("a client cannot say where it comes from", async () => {
    const spoofed = [
      "X-Forwarded-For: 192.0.2.1",
      "X-Real-IP: 192.0.2.1",
      "X-Forwarded-Proto: http",
      "Proxy: evil",
    ];
    const seen = await browse(
      bed(),
      `https://${WEB}/stand-in/request`,
      ...spoofed.flatMap((header) => ["--header", header]),
    );
    expect(JSON.parse(seen.body)).toMatchObject({
      HTTP_HOST: WEB,
      HTTP_X_FORWARDED_FOR: "10.99.0.1",
      HTTP_X_REAL_IP: "10.99.0.1",
      HTTP_X_FORWARDED_PROTO: "https",
    });
    expect(JSON.parse(seen.body)).not.toHaveProperty("HTTP_PROXY");
  });

  test("an upload of 99 MiB arrives whole; one byte more is refused", async () => {
    const file = join(bed().lab.folder, "video");
    const bytes = 99 * MIB;
    writeFileSync(file, "");
    truncateSync(file, bytes);
    const upload = () =>
      browse(
        bed(),
        `https://${WEB}/stand-in/upload`,
        "--header",
        "Expect:",
        "--header",
        "Content-Type: video/mp4",
        "--data-binary",
        `@${file}`,
      );
    const whole = await upload();
    expect([whole.status, JSON.parse(whole.body)]).toEqual([
      200,
      { bytes, sha256: createHash("sha256").update(Buffer.alloc(bytes)).digest("hex") },
    ]);
    truncateSync(file, bytes + 1);
    expect((await upload()).status).toBe(413);
  });

  test("a WebSocket goes through in both directions, and what Redis publishes comes out of it", async () => {
    const client = bed().main.run("docker exec -i -w /opt/mastodon/streaming streaming timeout 20 node -", {
      input: websocket(await someonesToken(bed().main)),
    });
    await bed().main.waitFor("a subscription", 20, async () =>
      (await bed().redis("redis", "PUBSUB CHANNELS timeline:public")).includes("timeline:public"),
    );
    await bed().redis("redis", `PUBLISH timeline:public '{"event":"delete","payload":"1"}'`);
    expect(await client).toBe('{"stream":["public"],"event":"delete","payload":"1"}\n');
  });

  test("an old address of media, from before the instance moved here, leads to the media host", async () => {
    const media = `https://media.${WEB}/media_attachments/files/000/000/001/original/a%20b.png`;
    const old = `https://${WEB}/system/media_attachments/files/000/000/001/original/a%20b.png?1489`;
    const answer = await browse(bed(), old);
    expect([answer.status, answer.headers.location]).toEqual([301, media]);
  });

  test("no log has a token: not of a request that works, not of one that fails, not of the page it comes from", async () => {
    const secrets = ["token-of-a-request", "token-of-a-page", "token-of-a-failure", "token-of-a-socket"];
    const [request, page, failure, socket] = secrets;
    await browse(
      bed(),
      `https://${WEB}/health?access_token=${request}`,
      ...["--referer", `https://${WEB}/auth/password/edit?reset_password_token=${page}`],
    );
    await bed().main.run("systemctl stop mastodon.service mastodon-waiting-room.service");
    await browse(bed(), `https://${WEB}/auth/confirmation?confirmation_token=${failure}`);
    await browse(bed(), `https://${WEB}/api/v1/streaming?stream=user&access_token=${socket}`);
    await bed().main.run(
      "systemctl start mastodon-waiting-room.service mastodon.service && mastodon-ready 180",
    );
    const found = await bed().main.attempt(
      `journalctl --sync; grep -rlaE '${secrets.join("|")}' /var/log; journalctl -q | grep -E '${secrets.join("|")}'`,
    );
    expect(found.stdout).toBe("");
    const log = bed().main.read("/var/log/nginx/access.log");
    expect(log).toMatch(
      /"GET \/health HTTP\/2\.0" 200 .* "https:\/\/social\.example\.org\/auth\/password\/edit" /,
    );
    expect(log).toMatch(/"GET \/api\/v1\/streaming HTTP\/2\.0" 502 /);
  });

  test("a new service worker is served at once, although web lets it be kept for a week", async () => {
    const worker = `https://${WEB}/sw.js`;
    const first = await browse(bed(), worker);
    expect([first.status, first.headers["cache-control"]]).toEqual([
      200,
      "public, max-age=604800, must-revalidate",
    ]);
    await bed().main.run("systemctl stop mastodon.service mastodon-waiting-room.service");
    expect((await browse(bed(), worker)).status).toBe(502);
    await bed().main.run(
      "systemctl start mastodon-waiting-room.service mastodon.service && mastodon-ready 180",
    );
  });

  test("static files are kept until a release or a change comes: then none of the old ones is served", async () => {
    const kept = () => bed().main.run("find /var/cache/nginx/web -type f | wc -l");
    expect((await browse(bed(), `https://${WEB}/packs/application.js`)).status).toBe(200);
    expect(await kept()).not.toBe("0\n");
    await bed().main.run("systemctl reload mastodon.service");
    expect(await kept()).toBe("0\n");
    expect((await browse(bed(), `https://${WEB}/packs/application.js`)).status).toBe(200);
  });

  test("with web down for longer than a restart takes a reader gets the page that says so, and static files go on", async () => {
    const asset = `https://${WEB}/packs/application.js`;
    expect((await browse(bed(), asset)).status).toBe(200);
    // Less patient than in production, so that nobody has to wait two minutes here.
    const room = "/usr/local/lib/mastodon-host/waiting-room";
    const patient = bed().main.read(room);
    bed().main.write(room, patient.replace("PATIENCE = 120\n", "PATIENCE = 10\n"), 0o755);
    await bed().main.run(
      "systemctl stop mastodon.service && systemctl restart mastodon-waiting-room.service",
    );
    try {
      const page = bed().main.read("/usr/local/share/mastodon-host/error.html");
      for (const path of ["/home", "/api/v1/streaming"]) {
        const answer = await browse(bed(), `https://${WEB}${path}`);
        expect([answer.status, answer.body]).toEqual([502, page]);
      }
      const kept = await browse(bed(), asset);
      expect([kept.status, kept.body, kept.headers["content-type"]]).toEqual([
        200,
        "// static\n",
        "text/javascript",
      ]);
    } finally {
      bed().main.write(room, patient, 0o755);
      await bed().main.run(
        "systemctl restart mastodon-waiting-room.service && systemctl start mastodon.service",
      );
    }
    await bed().main.waitFor(
      "web",
      60,
      async () => (await browse(bed(), `https://${WEB}/health`)).status === 200,
    );
  });
}
