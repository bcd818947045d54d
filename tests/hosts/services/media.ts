/** The media host: nginx' cache in front of the bucket, whose stand-in answers by TLS under S3's own name. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mainHost } from "../../../machines/hosts";
import type { Bed, Beds } from "./bed";
import { browse } from "./browser";

const MEDIA = "https://media.social.example.org";
const PNG = { "Content-Type": "image/png", "Cache-Control": "public, max-age=315576000, immutable" };

interface Stored {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

/** A server of files, with the certificate of S3's own name. */
class Origin {
  private process: ChildProcess | undefined;
  private readonly folder: string;

  constructor(
    private readonly bed: Bed,
    private readonly port = 443,
  ) {
    this.folder = join(bed.lab.folder, `origin-${port}`);
    mkdirSync(this.folder, { recursive: true });
  }

  static host({ inputs }: Bed): string {
    return `${inputs.names.mediaBucket}.s3.${inputs.settings.aws.region}.amazonaws.com`;
  }

  store(objects: Record<string, Stored>): void {
    writeFileSync(join(this.folder, "answers.json"), JSON.stringify(objects));
  }

  async up(): Promise<void> {
    const { certificate, key } = this.bed.bucketCertificate;
    const script = join(__dirname, "../standIns/http-stand-in");
    const [file = "", ...rest] = this.bed.lab.network.inside([
      "python3",
      script,
      this.folder,
      "10.99.0.1",
      String(this.port),
      certificate,
      key,
    ]);
    this.process = spawn(file, rest, { stdio: ["ignore", "ignore", "inherit"] });
    await this.bed.main.waitFor("the bucket", 20, async () =>
      (await this.bed.lab.network.run(["ss", "-ltnH", `sport = :${this.port}`])).includes("10.99.0.1:"),
    );
  }

  async down(): Promise<void> {
    if (!this.process) return;
    const ended = new Promise((resolve) => this.process?.on("exit", resolve));
    this.process.kill();
    await ended;
    this.process = undefined;
  }

  /** What it was asked, oldest first. */
  requests(): { method: string; path: string; headers: [string, string][] }[] {
    const path = join(this.folder, "requests.jsonl");
    if (!existsSync(path)) return [];
    return readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }
}

export function mediaTests(bed: Beds): void {
  let bucket: Origin;
  beforeAll(async () => {
    bucket = new Origin(bed());
    bucket.store({
      "/cache/a.png": {
        headers: {
          ...PNG,
          "x-amz-id-2": "id",
          "x-amz-request-id": "request",
          "x-amz-version-id": "version",
          "Set-Cookie": "a=b",
        },
        body: "0123456789",
      },
      // S3 cannot send this header: an hour in a second.
      "/cache/short.png": { headers: { ...PNG, ETag: '"1"', "X-Accel-Expires": "1" }, body: "short" },
      "/cache/broken.png": { status: 500, body: "<Error>InternalError" },
      "/cache/secret.png": { status: 403, body: "<Error><RequestId>" },
    });
  });
  afterAll(() => bucket?.down());

  test("nginx starts with no resolver at all, serves the site, and answers for media with the error page", async () => {
    await bed().main.run("systemctl stop systemd-resolved.service && systemctl restart nginx.service");
    expect((await browse(bed(), "https://social.example.org/health")).status).toBe(200);
    const media = await browse(bed(), `${MEDIA}/cache/a.png`);
    expect([media.status, media.body]).toEqual([
      502,
      bed().main.read("/usr/local/share/mastodon-host/error.html"),
    ]);
    await bed().main.run("systemctl start systemd-resolved.service");
    expect((await browse(bed(), `${MEDIA}/cache/a.png`)).status).toBe(502);
    await bed().main.run(`echo '10.99.0.1 ${Origin.host(bed())}' >>/etc/hosts`);
    await bucket.up();
    // systemd-resolved, which nginx asks, looks at /etc/hosts every other second.
    await bed().main.run(
      `timeout 30 sh -c 'until resolvectl query ${Origin.host(bed())}; do sleep 0.2; done'`,
    );
  });

  test("an object comes from the bucket once; it carries nothing of Amazon's and what a browser needs for its safety", async () => {
    const first = await browse(
      bed(),
      `${MEDIA}/cache/a.png?versionId=1`,
      "--cookie",
      "session=1",
      "--header",
      "x-amz-acl: public-read",
      "--header",
      "Authorization: AWS x",
    );
    const second = await browse(bed(), `${MEDIA}/cache/a.png`);
    expect(
      [first, second].map(({ status, body, headers }) => [status, body, headers["x-cache-status"]]),
    ).toEqual([
      [200, "0123456789", "MISS"],
      [200, "0123456789", "HIT"],
    ]);
    for (const { headers } of [first, second]) {
      expect(headers).toMatchObject({
        "content-type": "image/png",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; form-action 'none'",
        "access-control-allow-origin": "*",
      });
      expect(Object.keys(headers).filter((name) => /^x-amz|^set-cookie/.test(name))).toEqual([]);
    }
    expect(
      bucket.requests().map(({ method, path, headers }) => [method, path, Object.fromEntries(headers)]),
    ).toEqual([["GET", "/cache/a.png", { host: Origin.host(bed()) }]]);
  });

  test("a player gets the part that it asks for, of a kept object and of a new one", async () => {
    for (const path of ["/cache/a.png", "/cache/short.png"]) {
      const part = await browse(bed(), MEDIA + path, "--header", "Range: bytes=2-4");
      expect(part.status).toBe(206);
      expect(part.headers["content-range"]).toMatch(/^bytes 2-4\/\d+$/);
    }
  });

  test("nobody changes or lists anything: GET and HEAD alone go through", async () => {
    const asked = bucket.requests().length;
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
      expect((await browse(bed(), `${MEDIA}/cache/a.png`, "--request", method)).status).toBe(405);
    expect(bucket.requests()).toHaveLength(asked);
    const head = await browse(bed(), `${MEDIA}/cache/a.png`, "--head");
    expect([head.status, head.headers["content-length"], head.body]).toEqual([200, "10", ""]);
  });

  test("what is absent or closed is a plain 404 that says nothing of the bucket, its errors are our page", async () => {
    for (const path of ["/cache/secret.png", "/nothing"]) {
      const answer = await browse(bed(), MEDIA + path);
      expect([answer.status, answer.body]).toEqual([404, "not found\n"]);
    }
    const broken = await browse(bed(), `${MEDIA}/cache/broken.png`);
    expect([broken.status, broken.body]).toEqual([
      500,
      bed().main.read("/usr/local/share/mastodon-host/error.html"),
    ]);
  });

  test("an object that is kept is asked for again by its ETag, not fetched again", async () => {
    await browse(bed(), `${MEDIA}/cache/short.png`);
    await sleep(2100);
    const again = await browse(bed(), `${MEDIA}/cache/short.png`);
    expect([again.status, again.body, again.headers["x-cache-status"]]).toEqual([
      200,
      "short",
      "REVALIDATED",
    ]);
    expect(Object.fromEntries(bucket.requests().at(-1)?.headers ?? [])).toMatchObject({
      "if-none-match": '"1"',
    });
  });

  test("with the bucket down what is kept is served, though its time is over, and the rest is our page", async () => {
    await bucket.down();
    await sleep(2100);
    const stale = await browse(bed(), `${MEDIA}/cache/short.png`);
    expect([stale.status, stale.body, stale.headers["x-cache-status"]]).toEqual([200, "short", "STALE"]);
    const never = await browse(bed(), `${MEDIA}/cache/never.png`);
    expect([never.status, never.body]).toEqual([
      502,
      bed().main.read("/usr/local/share/mastodon-host/error.html"),
    ]);
  });

  test("a bucket that swallows packets holds nobody up for long", async () => {
    await bed().main.run(
      "nft add table inet hole && nft add chain inet hole out '{ type filter hook output priority 0; }' && nft add rule inet hole out ip daddr 10.99.0.1 tcp dport 443 drop",
    );
    const start = Date.now();
    const stale = await browse(bed(), `${MEDIA}/cache/short.png`);
    expect([stale.status, stale.headers["x-cache-status"]]).toEqual([200, "STALE"]);
    expect(Date.now() - start).toBeLessThan(15_000);
    await bed().main.run("nft destroy table inet hole");
  });

  describe("with a fallback, while an instance moves in", () => {
    let old: Origin;
    beforeAll(async () => {
      await bucket.up();
      old = new Origin(bed(), 8443);
      old.store({
        "/files/cache/first.png": { headers: PNG, body: "first" },
        "/files/cache/early.png": { headers: { ...PNG, "Set-Cookie": "a=b" }, body: "from the old place" },
        "/files/cache/broken.png": { status: 500, body: "<Error>" },
        "/files/cache/b%20c.png": { headers: PNG, body: "a space" },
        "/files/cache/moved.png": { headers: PNG, body: "old" },
      });
      await old.up();
      const { inputs, main } = bed();
      const media = { ...inputs.settings.media, fallbackUrl: `https://${Origin.host(bed())}:8443/files/` };
      const { files } = mainHost({ ...inputs, settings: { ...inputs.settings, media } });
      for (const { path, content } of files)
        if (/^\/etc\/nginx\/.*media/.test(path)) main.write(path, content);
      await main.run("nginx -t && systemctl reload nginx");
      // The old workers answer until the new ones listen.
      await main.waitFor(
        "the new configuration",
        30,
        async () => (await browse(bed(), `${MEDIA}/cache/first.png`)).status === 200,
      );
    });
    afterAll(() => old?.down());

    test("what the bucket lacks comes from the old place, once, with our headers", async () => {
      const answers = [];
      for (const _ of [1, 2]) answers.push(await browse(bed(), `${MEDIA}/cache/early.png?a=b`));
      expect(answers.map(({ status, body, headers }) => [status, body, headers["x-cache-status"]])).toEqual([
        [200, "from the old place", "MISS"],
        [200, "from the old place", "HIT"],
      ]);
      expect(answers[0]?.headers).toMatchObject({
        "content-security-policy": "default-src 'none'; form-action 'none'",
        "access-control-allow-origin": "*",
      });
      expect(answers[0]?.headers).not.toHaveProperty("set-cookie");
      const asked = old.requests().filter(({ path }) => !path.endsWith("first.png"));
      expect(asked.map(({ method, path, headers }) => [method, path, Object.fromEntries(headers)])).toEqual([
        ["GET", "/files/cache/early.png", { host: `${Origin.host(bed())}:8443` }],
      ]);
      expect((await browse(bed(), `${MEDIA}/cache/b%20c.png`)).body).toBe("a space");
    });

    test("what the bucket has comes from the bucket, from the moment it is there", async () => {
      // Kept as absent for a second, instead of a minute.
      bucket.store({ "/cache/moved.png": { status: 404, headers: { "X-Accel-Expires": "1" } } });
      expect((await browse(bed(), `${MEDIA}/cache/moved.png`)).body).toBe("old");
      bucket.store({ "/cache/moved.png": { headers: PNG, body: "new" } });
      await bed().main.waitFor(
        "the bucket's",
        30,
        async () => (await browse(bed(), `${MEDIA}/cache/moved.png`)).body === "new",
      );
      const asked = old.requests().length;
      expect((await browse(bed(), `${MEDIA}/cache/moved.png`)).headers["x-cache-status"]).toBe("HIT");
      expect(old.requests()).toHaveLength(asked);
    });

    test("what neither has is a plain 404, and the old place's errors are our page", async () => {
      const absent = await browse(bed(), `${MEDIA}/cache/nowhere.png`);
      expect([absent.status, absent.body]).toEqual([404, "not found\n"]);
      const page = bed().main.read("/usr/local/share/mastodon-host/error.html");
      const broken = await browse(bed(), `${MEDIA}/cache/broken.png`);
      expect([broken.status, broken.body, broken.headers["content-security-policy"]]).toEqual([
        500,
        page,
        undefined,
      ]);
      await old.down();
      expect((await browse(bed(), `${MEDIA}/cache/never.png`)).status).toBe(502);
      expect((await browse(bed(), `${MEDIA}/cache/early.png`)).body).toBe("from the old place");
    });
  });
}
