/** The list of alarms: each can be raised, explained and found. promtool raises and ends them (tests/hosts/static/alarms.test.ts). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ALARMS, JOBS, RECORDED, SOURCES } from "../../../services/watch/alarms";
import { PLANNED } from "../../../services/watch/panels";
import { QUERIES } from "../../../services/watch/queries";
import { rulesYaml } from "../../../services/watch/rules";
import { fileOf } from "../../support/fixtures";
import { mainBundle } from "../../support/mainFixtures";
import { CASES } from "./alarmCases";

const ROOT = join(__dirname, "../../..");
const PAGES = join(ROOT, "docs/alarms");
const page = (name: string) => readFileSync(join(PAGES, `${name}.md`), "utf8");
const names = ALARMS.map(({ name }) => name);
const probe = readFileSync(join(ROOT, "services/watch/probe"), "utf8");

test("each has its own name, and a case in which it is raised and over again", () => {
  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(CASES).sort()).toEqual([...names].sort());
  for (const { raised, over } of Object.values(CASES).flat())
    expect([raised.length > 0, over.length > 0]).toEqual([true, true]);
});

test("none takes what is missing for nothing: such a rule would be calm while nobody measures", () => {
  for (const expression of [...ALARMS.map((alarm) => alarm.expression), ...Object.values(RECORDED)])
    expect(expression).not.toMatch(/\bor\s+(on\s*\([^)]*\)\s*)?vector\(/);
});

test("each source of the probe and each target of Prometheus is missed when nothing is known of it", () => {
  const config = parse(fileOf(mainBundle(), "/etc/mastodon-host/prometheus.yml").content);
  expect(config.scrape_configs.map(({ job_name }: { job_name: string }) => job_name)).toEqual([...JOBS]);
  const [, sources = ""] = /probe = Probe\(\{\n([\s\S]*?)\n {4}\}\)/.exec(probe) ?? [];
  expect([...sources.matchAll(/^ +"(\w+)":/gm)].map(([, name]) => name).sort()).toEqual([...SOURCES].sort());
  const missing = ALARMS.find(({ name }) => name === "MeasurementMissing")?.expression;
  for (const job of JOBS) expect(missing).toContain(`absent(up{job="${job}"})`);
  for (const source of SOURCES) expect(missing).toContain(`absent(mastodon_source_up{source="${source}"})`);
});

test("each metric that a rule, the page or the dashboard asks for is one that the probe writes", () => {
  const asked = [
    ...ALARMS.map(({ expression }) => expression),
    ...Object.values(RECORDED),
    ...Object.values(QUERIES),
    ...Object.values(PLANNED),
  ].flatMap((text) => [...text.matchAll(/\bmastodon_(\w+)/g)].map(([, name = ""]) => name));
  const facts = readFileSync(join(ROOT, "services/watch/facts.py"), "utf8");
  const worker = readFileSync(join(ROOT, "services/supervisor/mastodon-worker"), "utf8");
  const written = new Set([
    ...[...probe.matchAll(/\.put\(f?"(\w+)"/g)].map(([, name]) => name),
    ...[...probe.matchAll(/"(pgbouncer_\w+)"/g)].map(([, name]) => name),
    ...[...probe.matchAll(/found\["(\w+)", service/g)].map(([, kind]) => `pool_${kind}_total`),
    ...[...(facts + worker).matchAll(/"(\w+)": /g)].map(([, name]) => `machine_${name}`),
    ...["bytes", "free_bytes"].map((kind) => `machine_disk_${kind}`),
  ]);
  expect([...new Set(asked)].filter((name) => !written.has(name))).toEqual([]);
  expect(asked.length).toBeGreaterThan(30);
});

test("each has a page that says what it means, what people notice, how to find the cause and how to remove it", () => {
  expect(readdirSync(PAGES).sort()).toEqual([...names, "Watchdog"].map((name) => `${name}.md`).sort());
  for (const name of names)
    expect([name, [...page(name).matchAll(/^#+ (.*)$/gm)].map(([, title]) => title)]).toEqual([
      name,
      [name, "What people notice", "Find the cause", "Remove it"],
    ]);
});

test("the pages name only commands, units and files that machines have", () => {
  const bundle = mainBundle();
  const known = (path: string) =>
    bundle.files.some((file) => file.path === path || file.path.startsWith(`${path}/`));
  for (const name of [...names, "Watchdog"]) {
    const text = page(name);
    for (const [path] of text.matchAll(/\/(etc\/mastodon-host|usr\/local)\/[\w./-]*\w/g))
      expect([name, path, known(path)]).toEqual([name, path, true]);
    for (const [, file] of text.matchAll(/\]\(\.\.\/([\w/.-]+)(#[\w-]+)?\)/g))
      expect([name, file, existsSync(join(ROOT, "docs", file ?? ""))]).toEqual([name, file, true]);
  }
});

test("the rules are one group of records and alarms, with the sentence of each and its severity", () => {
  const { groups } = parse(rulesYaml());
  expect(groups).toHaveLength(1);
  const rules = groups[0].rules as Record<string, unknown>[];
  expect(rules.filter(({ alert }) => alert).map(({ alert }) => alert)).toEqual([...names, "Watchdog"]);
  expect(rules.find(({ alert }) => alert === "TwoSchedulers")).toEqual({
    alert: "TwoSchedulers",
    expr: 'mastodon_queue_processes{queue="scheduler"} > 1',
    for: "2m",
    labels: { severity: "critical" },
    annotations: {
      summary: "{{ $value }} processes serve scheduler: each periodic job runs that many times.",
    },
  });
});
