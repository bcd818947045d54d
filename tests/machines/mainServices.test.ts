import { fileOf } from "../support/fixtures";
import { keys, mainBundle, mainInputs } from "../support/mainFixtures";

const bundle = mainBundle();
const { sizing } = mainInputs();
const content = (path: string, of = bundle) => fileOf(of, path).content;

describe("Postgres", () => {
  const conf = keys(content("/etc/mastodon-host/postgres.conf"), /=/);

  test("listens on loopback only, with SCRAM for whoever comes that way", () => {
    expect(conf.listen_addresses).toBe("'127.0.0.1'");
    expect(content("/etc/mastodon-host/pg_hba.conf")).toBe(
      "local all postgres peer\nhost mastodon mastodon 127.0.0.1/32 scram-sha-256\n",
    );
  });

  test("has the sizing's numbers", () => {
    expect(conf).toMatchObject({
      max_connections: String(sizing.postgres.maxConnections),
      shared_buffers: `${sizing.postgres.sharedBuffersMiB}MB`,
      effective_cache_size: `${sizing.postgres.effectiveCacheSizeMiB}MB`,
      maintenance_work_mem: `${sizing.postgres.maintenanceWorkMemMiB}MB`,
      work_mem: `${sizing.postgres.workMemMiB}MB`,
      max_wal_size: `${sizing.postgres.maxWalSizeMiB}MB`,
    });
  });

  test("is never initialised by its package, on the root disk", () => {
    expect(keys(content("/etc/postgresql-common/createcluster.conf"), /=/)).toEqual({
      create_main_cluster: "false",
      add_include_dir: "'conf.d'",
    });
  });
});

describe("pgbouncer", () => {
  const ini = keys(content("/etc/pgbouncer/pgbouncer.ini"), /=/);

  test("pools by transaction, with SCRAM, on the port that workers know", () => {
    expect(ini).toMatchObject({
      mastodon: "host=127.0.0.1 port=5432 dbname=mastodon",
      listen_port: "6432",
      auth_type: "scram-sha-256",
      pool_mode: "transaction",
      max_prepared_statements: "0",
      ignore_startup_parameters: "extra_float_digits",
      default_pool_size: String(sizing.pgbouncer.defaultPoolSize),
      reserve_pool_size: String(sizing.pgbouncer.reservePoolSize),
      max_client_conn: String(sizing.pgbouncer.maxClientConnections),
    });
  });

  test("listens where the last known tailnet address says, and nowhere of its own", () => {
    expect(content("/etc/pgbouncer/pgbouncer.ini")).toContain("\n%include /etc/pgbouncer/tailnet.ini\n");
    expect(ini.listen_addr).toBeUndefined();
  });

  test("a password with a double quote stays one password", () => {
    const odd = mainBundle({}, { postgresPassword: 'a"b\\c' });
    expect(content("/etc/pgbouncer/userlist.txt", odd)).toBe('"mastodon" "a""b\\c"\n');
  });
});

describe("Redis", () => {
  const persistent = keys(content("/etc/redis/mastodon.conf"), / /);
  const cache = keys(content("/etc/redis/redis-cache.conf"), / /);

  test("both ask for a password and listen on loopback and the tailnet address only", () => {
    expect(persistent).toMatchObject({ requirepass: '"the-redisPassword"', port: "6379" });
    expect(cache).toMatchObject({ requirepass: '"the-cacheRedisPassword"', port: "6380" });
    for (const conf of [persistent, cache]) {
      expect(conf).toMatchObject({ include: "/etc/redis/tailnet.conf" });
      expect(conf.bind).toBeUndefined();
    }
  });

  test("queues are kept and never evicted, the cache is neither", () => {
    expect(persistent).toMatchObject({
      appendonly: "yes",
      "maxmemory-policy": "noeviction",
      dir: "/var/lib/redis",
      maxmemory: `${sizing.redis.maxMemoryMiB}mb`,
    });
    expect(cache).toMatchObject({
      appendonly: "no",
      save: '""',
      "maxmemory-policy": "allkeys-lru",
      maxmemory: `${sizing.cacheRedis.maxMemoryMiB}mb`,
    });
  });

  test("a password with quotes and backslashes stays one password", () => {
    const odd = mainBundle({}, { redisPassword: 'a"b\\c#d e' });
    expect(keys(content("/etc/redis/mastodon.conf", odd), / /).requirepass).toBe('"a\\"b\\\\c#d e"');
  });
});

describe("nginx", () => {
  const main = content("/etc/nginx/nginx.conf");
  const web = content("/etc/nginx/conf.d/web.conf");
  const media = content("/etc/nginx/conf.d/media.conf");
  const location = (text: string, name: string) => {
    const start = text.indexOf(`location ${name} {`);
    expect(start).toBeGreaterThan(-1);
    return text.slice(start, text.indexOf("\n  }", start));
  };

  test("proxies to loopback only", () => {
    expect([...web.matchAll(/^\s*server (\d[^ ]*)/gm)].map(([, address]) => address)).toEqual([
      "127.0.0.1:3000",
      "127.0.0.1:3002",
      "127.0.0.1:3001",
      "127.0.0.1:4000",
    ]);
  });

  test("every listener is there for IPv6 too", () => {
    const listeners = [...(web + media).matchAll(/^\s*listen ([^;]*);/gm)].map(([, text]) => text ?? "");
    const v4 = listeners.filter((text) => !text.startsWith("["));
    expect(listeners.filter((text) => text.startsWith("[::]:"))).toEqual(v4.map((text) => `[::]:${text}`));
    expect(v4.length).toBeGreaterThan(3);
  });

  test("no location of the web interface sets a proxy header, which would drop all the others", () => {
    for (const name of ["/", "= /sw.js", "^~ /api/v1/streaming"]) {
      const body = location(web.slice(web.indexOf("http2 on")), name);
      expect(body).toContain("proxy_pass");
      expect(body).not.toContain("proxy_set_header");
      expect(body).not.toContain("add_header");
    }
  });

  test("the client's own forwarding header is not believed", () => {
    expect(web).toContain("proxy_set_header X-Forwarded-For $remote_addr;");
    expect(web + main).not.toContain("proxy_add_x_forwarded_for");
  });

  test("the service worker is never kept: a new release's has the same address", () => {
    const served = web.slice(web.indexOf("http2 on"));
    expect(location(served, "/")).toContain("proxy_cache web;");
    expect(location(served, "= /sw.js")).not.toContain("proxy_cache");
  });

  test("streaming is not buffered", () => {
    expect(location(web, "^~ /api/v1/streaming")).toContain("proxy_buffering off;");
  });

  test("HSTS comes from the certificate alone: Rails' own is hidden", () => {
    expect(web).toContain("proxy_hide_header Strict-Transport-Security;");
    for (const text of [web, media]) {
      const sent = [...text.matchAll(/add_header Strict-Transport-Security (\S+)/g)].map(
        ([, value]) => value,
      );
      expect(sent).toEqual(["$hsts"]);
    }
    expect(main).toContain("include /etc/nginx/tls/hsts.conf;");
  });

  test("the bucket's name is looked up with the request and not at the start", () => {
    expect(media).toContain("set $bucket social-example-org-media.s3.us-east-1.amazonaws.com;");
    expect(media).toContain("proxy_pass https://$bucket$path;");
    expect(media).toContain("resolver 127.0.0.53 ");
    expect(media.match(/proxy_pass https:\/\/[^$]/)).toBeNull();
  });

  test("media goes out without the client's headers, by GET and HEAD, verified, and bounded on disk", () => {
    expect(media).toContain("if ($request_method !~ ^(GET|HEAD)$)");
    expect(media).toContain("proxy_pass_request_headers off;");
    expect(media).toContain("proxy_ssl_verify on;");
    expect(media).toContain("max_size=5g");
    const bigger = mainBundle({ media: { cacheGiB: 40 } });
    expect(content("/etc/nginx/conf.d/media.conf", bigger)).toContain("max_size=40g");
    for (const header of ["Set-Cookie", "x-amz-id-2", "x-amz-request-id"])
      expect(media).toContain(`proxy_hide_header ${header};`);
    for (const header of [
      "X-Content-Type-Options nosniff",
      "Content-Security-Policy",
      "Access-Control-Allow-Origin *",
    ])
      expect(media).toContain(`add_header ${header}`);
  });

  test("both names answer the certificate's challenge", () => {
    expect(web).toContain("server_name social.example.org media.social.example.org;");
    expect(location(web, "^~ /.well-known/acme-challenge/")).toContain("root /var/www/acme;");
  });
});
