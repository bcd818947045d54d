import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import {
  bundleJson,
  type HostBundle,
  machineHash,
  packed,
  RECEIVE,
  readableCloudConfig,
  redacted,
  sent,
  userData,
} from "../../machines/bundle";
import { unpacked } from "../support/base85";
import { boot } from "../support/fixtures";

const bundle: HostBundle = {
  role: "worker",
  packages: ["jq"],
  files: [
    { path: "/usr/local/sbin/host-bundle", content: "#!/usr/bin/python3\n", mode: "0755" },
    { path: "/etc/one", content: "1\n" },
    { path: "/etc/two", content: "2\n", mode: "0600", owner: "redis:redis" },
    { path: "/etc/mastodon/.env", content: "MASTODON_VERSION=v4.7.3\n", replaces: false },
  ],
};

interface CloudConfig {
  write_files: { path: string; permissions: string; encoding?: string; content: string }[];
  [key: string]: unknown;
}

const cloudConfig = (text: string) => parse(text) as CloudConfig;
const changed = (path: string, content: string): HostBundle => ({
  ...bundle,
  files: bundle.files.map((file) => (file.path === path ? { ...file, content } : file)),
});

describe("user data", () => {
  const text = userData(packed(bundle), boot);
  const config = cloudConfig(text);

  test("carries the key and the packed bundle, and unpacks and applies it", () => {
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    const [key, packed] = config.write_files;
    expect(key).toEqual({
      path: "/etc/mastodon-host/tailnet.key",
      permissions: "0600",
      content: "tskey-auth-1",
    });
    expect(packed).toMatchObject({ path: "/var/lib/mastodon-host/bundle.b85", permissions: "0600" });
    expect(JSON.parse(unpacked(packed?.content))).toEqual({
      role: "worker",
      packages: ["jq"],
      files: [
        { path: "/etc/mastodon/.env", content: "MASTODON_VERSION=v4.7.3\n" },
        { path: "/etc/one", content: "1\n" },
        { path: "/etc/two", mode: "0600", owner: "redis:redis", content: "2\n" },
        { path: "/usr/local/sbin/host-bundle", mode: "0755", content: "#!/usr/bin/python3\n" },
      ],
    });
    expect(config.runcmd).toEqual([
      ["/usr/bin/python3", "-c", expect.stringContaining("b85decode")],
      ["/usr/local/sbin/host-apply"],
    ]);
  });

  test("opens root to no password over ssh, with one known host key", () => {
    expect(config).toMatchObject({
      users: [],
      disable_root: false,
      ssh_pwauth: false,
      ssh_deletekeys: true,
      ssh_genkeytypes: ["ed25519"],
      ssh_keys: { ed25519_private: "the-hostKey\n", ed25519_public: "ssh-ed25519 AAAAHOST" },
      chpasswd: { expire: false, users: [{ name: "root", password: "the-consolePassword", type: "text" }] },
    });
  });

  test("is the same each time", () => {
    expect(userData(packed(bundle), boot)).toBe(text);
  });
});

describe("a reader's cloud-config", () => {
  test("shows every file in the clear, with its owner", () => {
    const { write_files } = cloudConfig(readableCloudConfig(bundle, boot));
    expect(write_files.map(({ path }) => path)).toEqual([
      "/etc/mastodon-host/tailnet.key",
      ...bundle.files.map(({ path }) => path).sort(),
    ]);
    expect(write_files[3]).toEqual({
      path: "/etc/two",
      owner: "redis:redis",
      permissions: "0600",
      content: "2\n",
    });
  });
});

describe("what replaces a machine", () => {
  const hash = machineHash(bundle, boot);

  test("nothing but the bundle and what it boots with", () => {
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(machineHash(bundle, { ...boot, authKey: "another", hostname: "another" } as never)).toBe(hash);
  });

  test("not the Mastodon version, which moves in place", () => {
    expect(machineHash(changed("/etc/mastodon/.env", "MASTODON_VERSION=v4.7.5\n"), boot)).toBe(hash);
  });

  test.each([
    ["a file", changed("/etc/two", "3\n"), boot],
    ["a package", { ...bundle, packages: [] }, boot],
    ["the console password", bundle, { ...boot, consolePassword: "x" }],
    ["the ssh host key", bundle, { ...boot, hostKey: { ...boot.hostKey, privatePem: "x" } }],
  ])("%s does", (_, otherBundle, otherBoot) => {
    expect(machineHash(otherBundle, otherBoot)).not.toBe(hash);
  });
});

test("redacted secrets keep their shape and lose their values", () => {
  expect(redacted({ a: "s", b: undefined, c: { d: "t" } })).toEqual({
    a: "[a]",
    b: undefined,
    c: { d: "[d]" },
  });
});

test("bundleJson is what host-bundle reads", () => {
  expect(Object.keys(JSON.parse(bundleJson(bundle)))).toEqual(["role", "packages", "files"]);
  expect(readFileSync(`${__dirname}/../../services/system/host-bundle`, "utf8")).toMatch(
    /bundle\["files"\][\s\S]*bundle\["packages"\]/,
  );
});

test("a reader's cloud-config names a library instead of showing it", () => {
  const library = { path: "/usr/share/page.js", content: "minified\n", library: "uPlot 1.6.32" };
  const text = readableCloudConfig({ ...bundle, files: [library] }, boot);
  expect(text).toContain("[uPlot 1.6.32, sha256 ");
  expect(text).not.toContain("minified");
  // The machine gets it.
  expect(bundleJson({ ...bundle, files: [library] })).toContain("minified");
});

test("what is sent to a living machine is the whole bundle, and its command unpacks it", () => {
  const late = { path: "/etc/late", content: "–\n", late: true } as const;
  const whole = { ...bundle, files: [...bundle.files, late] };
  const input = sent(whole);
  const command = RECEIVE.replace("/usr/local/sbin/host-receive", "cat");
  const { stdout } = spawnSync("bash", ["-c", command], { input, encoding: "utf8" });
  expect(stdout).toBe(bundleJson(whole));
});

test("a bundle that was damaged on the way does not reach the machine's program as if it were whole", () => {
  const command = RECEIVE.replace("/usr/local/sbin/host-receive", "cat");
  const { status } = spawnSync("bash", ["-c", command], { input: sent(bundle).slice(0, -20) });
  expect(status).not.toBe(0);
});
