import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { type Container, composeYaml, type Environment } from "../../services/compose";
import { mastodonEnvironment } from "../../services/environment";
import { sidekiqContainers } from "../../services/sidekiq";
import { namesOf } from "../../settings/names";
import { container, secrets, settings } from "../support/fixtures";

/** compose's interpolation: `$$`, `$NAME`, `${NAME}`, `${NAME:-}` and `${NAME:?}`; anything else after `$` is an error. */
function interpolate(text: string, variables: Record<string, string> = {}): string {
  return text.replace(/\$(?:(\$)|\{([A-Z_]+)(?::[-?])?\}|([A-Za-z_]+)|)/g, (match, dollar, braced, bare) => {
    if (dollar) return "$";
    if (!braced && !bare) throw new Error(`compose refuses ${match}`);
    return variables[braced ?? bare] ?? "";
  });
}

interface Rendered {
  services: Record<string, { environment: Record<string, string>; [key: string]: unknown }>;
}

const databases = { variable: "MAIN_ADDRESS" };

/** As docker compose reads it: YAML 1.1 with merge keys, then interpolation. */
function rendered(
  environment: Environment,
  services: Record<string, Container> = { one: container },
): Rendered {
  return parse(composeYaml({ environment, services }), { version: "1.1" }) as Rendered;
}

/** Environment variables hold neither NUL nor half a character. */
const value = fc.oneof(
  fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
  fc.string({ unit: fc.constantFrom("$", "{", "}", "'", '"', "\\", "#", " ", "\n", "A", ":", "é") }),
);

describe("secrets in compose.yaml", () => {
  test("any text arrives in the container as it is", () => {
    fc.assert(
      fc.property(value, value, (shared, own) => {
        const { services } = rendered(
          { SHARED: shared },
          { one: { ...container, environment: { OWN: own } } },
        );
        const environment = services.one?.environment ?? {};
        expect(interpolate(environment.SHARED ?? "")).toBe(shared);
        expect(interpolate(environment.OWN ?? "")).toBe(own);
      }),
      { numRuns: 200 },
    );
  });

  test("every value is a text: numbers, booleans and nothing are strings", () => {
    const environment = { A: "012", B: "true", C: "", D: "null", E: "1e3", F: "~" };
    expect(rendered(environment).services.one?.environment).toMatchObject(environment);
    // Quoted, because compose reads YAML with another parser than this one.
    const text = composeYaml({ environment, services: { one: container } });
    for (const [name, given] of Object.entries(environment))
      expect(text).toContain(`  ${name}: "${given}"\n`);
  });

  test("line breaks of YAML 1.1 and control characters are written as escapes: compose folds or refuses them", () => {
    const given = "a\u0085\u2028\u2029\ufeff\u007f\uffffz";
    const text = composeYaml({ environment: { A: given }, services: { one: container } });
    expect(text).toContain('A: "a\\u0085\\u2028\\u2029\\ufeff\\u007f\\uffffz"');
    expect(rendered({ A: given }).services.one?.environment).toMatchObject({ A: given });
  });

  test("a variable of the machine stays one", () => {
    const { services } = rendered({ DB_HOST: { variable: "MAIN_ADDRESS" } });
    expect(interpolate(services.one?.environment.DB_HOST ?? "", { MAIN_ADDRESS: "100.64.0.1" })).toBe(
      "100.64.0.1",
    );
  });

  test("there is no env_file", () => {
    expect(composeYaml({ environment: { A: "b" }, services: { one: container } })).not.toContain("env_file");
  });
});

describe("a service", () => {
  const streaming: Container = { ...container, image: "mastodon-streaming" };

  test("gets of the shared variables only those that its program reads, and its own", () => {
    const { services } = rendered(
      { DB_HOST: "a", DB_PASS: "b$c", SECRET_KEY_BASE: "d" },
      { one: { ...streaming, reads: /^DB_/, environment: { PORT: "1" } }, two: streaming },
    );
    expect(services.one?.environment).toEqual({ DB_HOST: "a", DB_PASS: "b$$c", PORT: "1" });
    expect(services.two?.environment).toEqual({ DB_HOST: "a", DB_PASS: "b$$c", SECRET_KEY_BASE: "d" });
  });
});

describe("every container", () => {
  test("has no capability, no way to more rights, no root, the host's network, a memory limit, some swap, and ffmpeg's wrapper", () => {
    expect(rendered({ A: "b" }).services.one).toEqual({
      network_mode: "host",
      user: "991:991",
      restart: "no",
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      container_name: "one",
      image: `ghcr.io/mastodon/mastodon:\${MASTODON_VERSION:?}`,
      command: ["true"],
      environment: { A: "b", FFMPEG_BINARY: "/usr/local/lib/mastodon-host/container/ffmpeg" },
      volumes: [
        {
          type: "bind",
          source: "/usr/local/lib/mastodon-host/container",
          target: "/usr/local/lib/mastodon-host/container",
          read_only: true,
          bind: { create_host_path: false },
        },
      ],
      mem_limit: "64m",
      memswap_limit: "576m",
      stop_grace_period: "40s",
      healthcheck: {
        test: ["CMD", "true"],
        interval: "30s",
        timeout: "30s",
        retries: 4,
        start_period: "120s",
        start_interval: "5s",
      },
    });
  });

  test("keeps a $ of its command from compose", () => {
    const { services } = rendered({}, { one: { ...container, command: ["sh", "-c", "echo $HOME"] } });
    expect(services.one?.command).toEqual(["sh", "-c", "echo $$HOME"]);
  });
});

describe("Sidekiq containers", () => {
  const TAGGED = ["bundle", "exec", "sidekiq", "--tag", { variable: "MASTODON_VERSION" }];
  const services = sidekiqContainers([
    { queues: ["default"], threads: 5, replicas: 2, limitMiB: 500 },
    { queues: { push: 6, pull: 1 }, threads: 10, replicas: 1, limitMiB: 600 },
    { queues: ["default", "mailers"], threads: 3, replicas: 1, limitMiB: 400 },
  ]);

  test("one for each replica, numbered by their leading queue", () => {
    expect(Object.keys(services)).toEqual([
      "sidekiq-default-1",
      "sidekiq-default-2",
      "sidekiq-push-1",
      "sidekiq-default-3",
    ]);
  });

  test("the release as a tag, queues in strict order or by weight, threads, memory", () => {
    const commandOf = (name: string) => services[name]?.command.slice(4);
    expect(commandOf("sidekiq-default-2")).toEqual([...TAGGED, ..."-c 5 -q default".split(" ")]);
    expect(commandOf("sidekiq-push-1")).toEqual([...TAGGED, ..."-c 10 -q push,6 -q pull,1".split(" ")]);
    expect(Object.values(services).map(({ memoryMiB }) => memoryMiB)).toEqual([500, 500, 600, 400]);
  });

  test("the file that says it has booted is removed before each start, and a healthy process has it and answers", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sidekiq-"));
    mkdirSync(join(folder, "tmp"));
    const { command = [], environment = {}, healthcheck = [] } = services["sidekiq-push-1"] ?? {};
    const name = String(environment.MASTODON_SIDEKIQ_READY_FILENAME);
    const ready = join(folder, "tmp", name);
    const run = (words: readonly string[]) =>
      spawnSync(words[0] ?? "", words.slice(1), {
        cwd: folder,
        env: { PATH: process.env.PATH, MASTODON_SIDEKIQ_READY_FILENAME: name },
        encoding: "utf8",
      });
    // Left by a crash.
    writeFileSync(ready, "");
    expect(run([...(command.slice(0, 4) as string[]), "echo", "-q", "a b"]).stdout).toBe("-q a b\n");
    expect(existsSync(ready)).toBe(false);

    const port = Number(environment.MASTODON_PROMETHEUS_EXPORTER_PORT);
    const healthy = () =>
      new Promise<boolean>((resolve) => {
        const [program = "", ...rest] = healthcheck.map((word) => word.replace(String(port), String(bound)));
        const child = spawn(program, rest, { cwd: folder, env: { ...process.env, ...environment } as never });
        child.on("exit", (code) => resolve(code === 0));
      });
    let bound = 1;
    writeFileSync(ready, "");
    expect(await healthy()).toBe(false);
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    bound = (server.address() as AddressInfo).port;
    expect(await healthy()).toBe(true);
    rmSync(ready);
    expect(await healthy()).toBe(false);
    server.close();
    rmSync(folder, { recursive: true });
  });

  test("each shows its metrics on a loopback port of its own", () => {
    const environments = Object.values(services).map(({ environment }) => environment ?? {});
    expect(environments.map((e) => e.MASTODON_PROMETHEUS_EXPORTER_PORT)).toEqual([
      "9400",
      "9401",
      "9402",
      "9403",
    ]);
    expect(new Set(environments.map((e) => e.MASTODON_PROMETHEUS_EXPORTER_HOST))).toEqual(
      new Set(["127.0.0.1"]),
    );
  });

  test("has a minute to answer a health check: with all threads computing it takes a while, and a restart would not help", () => {
    for (const { healthTimeoutSeconds } of Object.values(services)) expect(healthTimeoutSeconds).toBe(60);
  });

  test("may take longer to stop than Sidekiq drains (25 s)", () => {
    for (const { stopGraceSeconds } of Object.values(services))
      expect(stopGraceSeconds).toBeGreaterThanOrEqual(35);
  });

  test.each([
    ["in strict order: the first", { queues: ["pull", "default"] }, "pull"],
    ["by weight: the heaviest", { queues: { fasp: 1, push: 6 } }, "push"],
    ["of equals: the one that is heavier upstream", { queues: { fasp: 1, mailers: 1, pull: 1 } }, "mailers"],
  ] as const)("a process is named after the queue it is there for; %s", (_, { queues }, name) => {
    const named = sidekiqContainers([{ queues, threads: 5, replicas: 1, limitMiB: 500 }]);
    expect(Object.keys(named)).toEqual([`sidekiq-${name}-1`]);
  });
});

describe("Mastodon's environment", () => {
  const environment = (changes: Record<string, unknown> = {}, more: Partial<typeof secrets> = {}) => {
    const all = settings(changes);
    return mastodonEnvironment(
      { settings: all, names: namesOf(all, "prod"), secrets: { ...secrets, ...more } },
      databases,
    );
  };

  test("leaves out what must not be shared or set", () => {
    expect(Object.keys(environment())).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^(DB_POOL|DB_SSLMODE|REDIS_URL|REDIS_NAMESPACE|WEB_DOMAIN|OTP_SECRET|BIND)$/),
      ]),
    );
  });

  test("S3 without a permission, media under its own name", () => {
    expect(environment()).toMatchObject({
      S3_ENABLED: "true",
      S3_BUCKET: "social-example-org-media",
      S3_REGION: "us-east-1",
      S3_HOSTNAME: "s3.us-east-1.amazonaws.com",
      S3_ALIAS_HOST: "media.social.example.org",
      S3_PERMISSION: "",
      AWS_ACCESS_KEY_ID: "the-mediaAccessKeyId",
    });
  });

  test("the cache has its own Redis with its own password", () => {
    expect(environment()).toMatchObject({
      REDIS_HOST: { variable: "MAIN_ADDRESS" },
      REDIS_PORT: "6379",
      REDIS_PASSWORD: "the-redisPassword",
      CACHE_REDIS_HOST: { variable: "MAIN_ADDRESS" },
      CACHE_REDIS_PORT: "6380",
      CACHE_REDIS_PASSWORD: "the-cacheRedisPassword",
    });
  });

  test("pgbouncer's transaction mode: no prepared statements", () => {
    expect(environment()).toMatchObject({ DB_PORT: "6432", PREPARED_STATEMENTS: "false" });
  });

  test.each([
    ["starttls", "always", "false"],
    ["implicit", "never", "true"],
    ["none", "never", "false"],
  ])("mail with tls: %s", (tls, starttls, implicit) => {
    expect(environment({ smtp: { server: "smtp.example.org", login: "me", tls } })).toMatchObject({
      SMTP_ENABLE_STARTTLS: starttls,
      SMTP_TLS: implicit,
      SMTP_AUTH_METHOD: "plain",
      SMTP_LOGIN: "me",
      SMTP_PASSWORD: "the-smtpPassword",
      SMTP_PORT: "2525",
      SMTP_FROM_ADDRESS: "notifications@social.example.org",
    });
  });

  test("a relay without a login gets no password", () => {
    const open = environment({ smtp: { server: "smtp.example.org" } });
    expect(open).toMatchObject({ SMTP_AUTH_METHOD: "none" });
    expect(open).not.toHaveProperty("SMTP_PASSWORD");
  });

  test("mail: none names no server", () => {
    const silent = environment({ mail: "none", smtp: {} });
    expect(Object.keys(silent).filter((name) => name.startsWith("SMTP_"))).toEqual([
      "SMTP_FROM_ADDRESS",
      "SMTP_DELIVERY_METHOD",
    ]);
  });

  test("extra variables come along and overrule nothing of the program's", () => {
    const extra = environment(
      { extraEnv: { AUTHORIZED_FETCH: true, MAX_TOOT_CHARS: 500 } },
      { extraSecretEnv: { DEEPL_API_KEY: "d", LOCAL_DOMAIN: "evil.example" } },
    );
    expect(extra).toMatchObject({
      AUTHORIZED_FETCH: "true",
      MAX_TOOT_CHARS: "500",
      DEEPL_API_KEY: "d",
      LOCAL_DOMAIN: "social.example.org",
    });
  });

  test("WEB_DOMAIN and OTP_SECRET where they are given", () => {
    expect(environment({ webDomain: "www.example.org" }, { otpSecret: "o" })).toMatchObject({
      WEB_DOMAIN: "www.example.org",
      OTP_SECRET: "o",
    });
  });
});
