import { spawnSync } from "node:child_process";
import { parse } from "yaml";
import { machineHash, packed, USER_DATA_LIMIT, userData } from "../../machines/bundle";
import { workerHost } from "../../machines/hosts";
import { boot, DEPLOY_KEY, fileOf, workerInputs } from "../support/fixtures";

const bundle = workerHost(workerInputs());
const content = (path: string, of = bundle) => fileOf(of, path).content;

describe("a worker's bundle", () => {
  test("holds each path once, absolute, with a mode", () => {
    const paths = bundle.files.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) expect(path).toMatch(/^\/(etc|usr\/local)\//);
  });

  test("has nothing that comes later: it has only its user data", () => {
    expect([bundle.latePackages, bundle.files.filter(({ late }) => late)]).toEqual([[], []]);
  });

  test("fits user data with room for main's larger one", () => {
    expect(Buffer.byteLength(userData(packed(bundle), boot))).toBeLessThan(USER_DATA_LIMIT / 2);
  });

  test("leaves no placeholder", () => {
    for (const file of bundle.files) expect(file.content).not.toMatch(/@@[A-Z]/);
  });

  test("keeps secrets in files that only root reads", () => {
    const open = bundle.files.filter(
      ({ mode = "0644", content: text }) => mode !== "0600" && /the-[a-z]/i.test(text),
    );
    expect(open.filter(({ content: text }) => /the-\w*(password|key|secret|salt)/i.test(text))).toEqual([]);
    expect(fileOf(bundle, "/etc/mastodon/compose.yaml").mode).toBe("0600");
    expect(fileOf(bundle, "/etc/mastodon-host/secrets/redis-password")).toMatchObject({
      mode: "0600",
      content: "the-redisPassword",
    });
  });

  test("runs the pool's Sidekiq processes against main's address, filled in on the machine", () => {
    const { services } = parse(content("/etc/mastodon/compose.yaml"), { version: "1.1" });
    expect(Object.keys(services)).toEqual(["sidekiq-default-1", "sidekiq-default-2"]);
    const { environment, restart } = services["sidekiq-default-1"];
    expect(environment).toMatchObject({
      DB_HOST: `\${MAIN_ADDRESS:-}`,
      DB_PORT: "6432",
      REDIS_HOST: `\${MAIN_ADDRESS:-}`,
      CACHE_REDIS_HOST: `\${MAIN_ADDRESS:-}`,
      CACHE_REDIS_PORT: "6380",
    });
    expect(restart).toBe("no");
  });

  test("tells its scripts what to look for", () => {
    expect(content("/etc/mastodon-host/host.env")).toBe(
      [
        "ROLE='worker'",
        "STACK='prod'",
        "MAIN_TAG='tag:mastodon-prod-main'",
        "SWAP_MIB='4096'",
        "POOL='default'",
        "REDIS_PORT='6379'",
        "SIDEKIQ_PROCESSES='2'",
        "",
      ].join("\n"),
    );
  });

  test("opens ssh on the tailnet, and WireGuard to the public", () => {
    const role = content("/etc/mastodon-host/firewall.d/role.nft");
    expect(role).toBe(
      "add element inet mastodon public_udp { 41641 }\nadd element inet mastodon tailnet_tcp { 22 }\n",
    );
  });

  test("lets the stack's key and the administrators' in", () => {
    const alice = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample0 alice";
    const other = workerHost(workerInputs({ administratorKeys: [alice] }));
    expect(content("/etc/ssh/authorized_keys.d/root", other)).toBe(`${DEPLOY_KEY}\n${alice}\n`);
  });

  test("updates an hour after main, also around midnight, and reboots only by setting", () => {
    const late = workerHost(workerInputs({ upkeep: { window: "23:30", rebootWorkers: false } }));
    const timer = "/etc/systemd/system/apt-daily-upgrade.timer.d/mastodon-host.conf";
    expect(content(timer)).toContain("OnCalendar=*-*-* 05:00 UTC");
    expect(content(timer, late)).toContain("OnCalendar=*-*-* 00:30 UTC");
    expect(content("/etc/apt/apt.conf.d/60mastodon-host")).toContain('Automatic-Reboot "true"');
    expect(content("/etc/apt/apt.conf.d/60mastodon-host", late)).toContain('Automatic-Reboot "false"');
  });

  test("is replaced by a rotated password and not by a new Mastodon version", () => {
    const hash = machineHash(bundle, boot);
    const inputs = workerInputs();
    expect(machineHash(workerHost(workerInputs({ mastodonVersion: "v4.7.9" })), boot)).toBe(hash);
    expect(
      machineHash(workerHost({ ...inputs, secrets: { ...inputs.secrets, postgresPassword: "new" } }), boot),
    ).not.toBe(hash);
  });

  test("scripts parse", () => {
    const scripts = bundle.files.filter(
      ({ mode, content: text }) => mode === "0755" && text.startsWith("#!"),
    );
    expect(scripts.length).toBeGreaterThan(10);
    for (const { path, content: text } of scripts) {
      const [command = "", ...options] = text.startsWith("#!/bin/bash")
        ? ["bash", "-n"]
        : ["python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())"];
      const { status, stderr } = spawnSync(command, options, { input: text });
      expect([path, status, stderr.toString()]).toEqual([path, 0, ""]);
      expect(text).not.toContain("\t");
    }
  });

  test("every bash script stops at the first error", () => {
    for (const { path, content: text } of bundle.files)
      if (text.startsWith("#!/bin/bash"))
        expect([path, text.includes("\nset -euo pipefail\n")]).toEqual([path, true]);
  });
});
