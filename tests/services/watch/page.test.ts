/** The page's files and queries. What people see of it: tests/browser/watch.test.ts. */

import { Script } from "node:vm";
import { gzipSync } from "node:zlib";
import { mainHost } from "../../../machines/hosts";
import { PAGE_PORT } from "../../../services/watch/page";
import { type Each, LABELS, PLANNED, SECTIONS } from "../../../services/watch/panels";
import { QUERIES } from "../../../services/watch/queries";
import { fileOf } from "../../support/fixtures";
import { mainBundle, mainInputs } from "../../support/mainFixtures";

const FOLDER = "/usr/local/share/mastodon-host/watch/";
const bundle = mainBundle();
const content = (name: string) => fileOf(bundle, FOLDER + name).content;
const conf = fileOf(bundle, "/etc/nginx/conf.d/watch.conf").content;

test("nginx asks for exactly the queries of the list, each in words that nginx can read", () => {
  const parts = [...conf.matchAll(/^ {2}(\/\S+) "(.*)";$/gm)];
  for (const [path, query] of Object.entries(QUERIES)) {
    const found = parts.filter(([, one]) => one === path).map(([, , part]) => part ?? "");
    expect(decodeURIComponent(found.join(""))).toBe(query);
    for (const part of found) expect(part.length).toBeLessThan(4096);
  }
  expect(new Set(parts.map(([, path]) => path))).toEqual(new Set(Object.keys(QUERIES)));
  expect(conf).not.toContain("$arg_");
  expect(conf).not.toContain("$request_uri");
});

test("its configuration listens on loopback, and nowhere else", () => {
  expect([...conf.matchAll(/^\s*listen (.*);$/gm)].map(([, address]) => address)).toEqual([
    `127.0.0.1:${PAGE_PORT}`,
  ]);
});

test("no query turns what is missing into 0", () => {
  for (const query of [...Object.values(QUERIES), ...Object.values(PLANNED)])
    expect(query).not.toMatch(/\bor\s+(on\s*\([^)]*\)\s*)?vector\(/);
});

test("curves, panels and sections have their own names, and each picture can be found by its labels", () => {
  const panels = SECTIONS.flatMap((section) => section.panels);
  const names = [SECTIONS, panels, ...panels.map(({ curves }) => curves)].map((list) =>
    list.map(({ name }) => name),
  );
  for (const list of names) expect(new Set(list).size).toBe(list.length);
  for (const { each, curves } of panels)
    for (const { now, day = now } of curves)
      for (const expression of each ? [now, day] : [])
        expect(expression).toContain(` by (${LABELS[each as Each].join(", ")}) `);
});

test("the browser gets one script without imports, and nothing in the page itself runs or has a style", () => {
  expect(content("page.js")).not.toMatch(/^(import|export) /m);
  expect(() => new Script(content("panels.js") + content("page.js"))).not.toThrow();
  const html = content("index.html");
  expect(html).not.toMatch(/ style=| on\w+=|<style|https?:/);
  expect(html.match(/<script[^>]*>[^<]/)).toBeNull();
  expect(conf).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
});

test("pictures that are planned are asked for even if nothing is measured", () => {
  const [, data = ""] = /^const WATCH = (.*);$/m.exec(content("panels.js")) ?? [];
  const groups = Object.fromEntries(
    (JSON.parse(data).sections as typeof SECTIONS).flatMap(({ panels }) =>
      panels.map((panel) => [panel.name, (panel as unknown as { groups: string[] }).groups]),
    ),
  );
  expect(groups).toMatchObject({
    latency: ["default", "push", "ingress", "mailers", "pull", "scheduler", "fasp"],
    requests: [""],
    cpu: ["main", "default"],
    disk: ["main /", "main /srv/data", "default /"],
    workers: ["default"],
  });
});

test("without the watch there is no page, and no port for it", () => {
  const inputs = mainInputs({ main: { watch: false } });
  const without = mainHost({ ...inputs, sizing: { ...inputs.sizing, watch: false } });
  expect(
    without.files.filter(({ path }) => /watch\.conf|share\/mastodon-host\/watch|prediction|page/.test(path)),
  ).toEqual([]);
  const ports = (of: typeof bundle) => fileOf(of, "/etc/mastodon-host/firewall.d/role.nft").content;
  expect(ports(bundle)).toContain("tailnet_tcp { 22, 6432, 6379, 6380, 9080 }");
  expect(ports(without)).toContain("tailnet_tcp { 22, 6432, 6379, 6380 }");
});

// Late services come over ssh, where nothing limits them but the state, which keeps the bundle encrypted. This wall shows what a change adds.
test("what comes late weighs at most 180 KiB, and the page 64 KiB on the wire", () => {
  const bytes = (files: typeof bundle.files) =>
    files.reduce((sum, file) => sum + Buffer.byteLength(file.content), 0);
  const late = bytes(bundle.files.filter((file) => file.late));
  const page = bundle.files.filter(({ path }) => path.startsWith(FOLDER));
  const onTheWire = page.reduce((sum, file) => sum + gzipSync(file.content, { level: 5 }).length, 0);
  process.stdout.write(`    late: ${late} bytes; the page: ${bytes(page)}, ${onTheWire} compressed\n`);
  expect(late).toBeLessThan(180 * 1024);
  expect(onTheWire).toBeLessThan(64 * 1024);
});
